"""The product has one HTTP client, and one module that uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import CHECKOUT


def complaints(module: str, text: str) -> str:
    """Return what ruff, with the project's rules, says about the imports of a module."""
    command = [str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", "--select=TID251"]
    done = subprocess.run(
        [*command, f"--stdin-filename={module}", "-"],
        cwd=CHECKOUT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    "line",
    [
        "import urllib.request",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import http.client",
        "from http.client import HTTPSConnection",
        *(f"import {name}" for name in ("aiohttp", "requests", "httpx", "httpx2", "httpcore2", "urllib3", "niquests")),
        "from httpx2 import Client",
    ],
)
def test_no_other_module_makes_http_requests(line: str) -> None:
    for module in ("notifier/pipeline/publishing.py", "notifier/fetching/client.py", "notifier/cli/setup.py"):
        assert "TID251" in complaints(module, f"{line}\n")
    assert "TID251" not in complaints("tests/fetching/test_hub.py", f"{line}\n")


def test_the_exchange_uses_httpx2_alone() -> None:
    exchange = "notifier/fetching/exchange.py"
    assert "TID251" not in complaints(exchange, (CHECKOUT / exchange).read_text(encoding="utf-8"))


def test_the_product_obeys() -> None:
    command = [str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", "--select=TID251", "notifier"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
