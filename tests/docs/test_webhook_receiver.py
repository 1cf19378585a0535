"""The receiver that docs/webhooks.md shows verifies what notifier sends."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine
from support.paths import CHECKOUT
from support.service import clean_environment, free_ports
from support.webhooks import deliver_at, event_states, webhook_config

from notifier.models import EventType
from notifier.operations.webhooks import WantedWebhook, add_webhook, send_test_event
from notifier.store import events
from notifier.store.engine import writing

MOST_LINES = 26


@pytest.mark.slow
def test_the_receiver_in_the_documents_accepts_genuine_events_only(engine: Engine, tmp_path: Path) -> None:
    text = (CHECKOUT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= MOST_LINES
    config, now = webhook_config(tmp_path), datetime.now(UTC)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/hook"
    added = add_webhook(engine, config, WantedWebhook(url), now)
    environment = {**clean_environment(), "WEBHOOK_SECRET": added.secret, "PORT": str(port)}
    output = tmp_path / "output"
    with output.open("wb") as file:
        command = [sys.executable, "-c", code]
        receiver = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.DEVNULL)
    try:
        _wait_for(url)
        _, answer = send_test_event(engine, config, added.id, lambda: datetime.now(UTC))
        assert answer.status == 204
        with writing(engine) as connection:
            events.record(connection, EventType.SOURCE_STALE, [{"name": "arXiv"}], now)
        deliver_at(engine, config, datetime.now(UTC))
        assert event_states(engine) == ["ACCEPTED"]
        forged = {"webhook-id": "msg_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
        assert httpx2.post(url, content=b"{}", headers=forged).status_code == 401
    finally:
        receiver.kill()
        receiver.wait()
    printed = output.read_text(encoding="utf-8").splitlines()
    assert [re.findall(r"'type': '([a-z.]+)'", line) for line in printed] == [["webhook.test"], ["source.stale"]]


def _wait_for(url: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx2.get(url)
        except httpx2.ConnectError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")
