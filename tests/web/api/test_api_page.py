"""What docs/api.md says about the API is true, and the client in it works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine
from support.api_site import api_client
from support.paths import CHECKOUT
from support.service import ingest_page
from support.web_site import AT_EIGHT, serve_pages, write_config

from notifier.models import Scope
from notifier.web.api.allowances import BY_NETWORK, BY_TOKEN

PAGE = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_client_of_twenty_lines_prints_all_papers(engine: Engine, tmp_path: Path) -> None:
    (client,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in client.splitlines() if line]) <= 20
    titles = [f"Quantization of Models of Size {number}" for number in range(40)]
    ingest_page(engine, tmp_path, titles, now=AT_EIGHT)
    config = write_config(tmp_path, base_url="")
    token = api_client(engine, config, [Scope.READ_PAPERS]).token
    with serve_pages(engine, config) as server:
        place = {"PAPERS_URL": str(server.base_url), "PAPERS_TOKEN": token}
        run = subprocess.run(
            [sys.executable, "-c", client], env=os.environ | place, capture_output=True, text=True, check=False
        )
    assert sorted(line.partition(" ")[2] for line in run.stdout.splitlines()) == sorted(titles), run.stderr


def test_the_scopes_and_the_limits_are_those_of_the_program() -> None:
    assert re.findall(r"^\| `(\w+:\w+)` \|", PAGE, re.MULTILINE) == list(Scope)
    assert f"{BY_TOKEN:,} requests an hour" in PAGE
    assert f"{BY_NETWORK:,} an hour for each network" in PAGE
