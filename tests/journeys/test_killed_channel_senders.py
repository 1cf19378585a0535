"""A sender that is killed while it sends to channels: no digest is lost, and only those in flight are repeated."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support.channels import channel_config, rows, subscribe_channel
from support.chat_services import BOT, MATRIX, MATRIX_URL, ChatServices, chat_services
from support.https_service import Asked
from support.service import (
    MONDAY,
    add_subscriber,
    clean_environment,
    ingest_page,
    open_simulated_store,
    run_notifier,
    wait_until,
)

from notifier.models import DeliveryState
from notifier.pipeline.planning import plan
from notifier.sending.events import MOST_ENDPOINTS
from notifier.store.schema import open_store
from notifier.subscribers.subscribing import SignUp

CHANNELS, KILLS = 9, 3

pytestmark = pytest.mark.slow


def prepare(folder: Path, chats: ChatServices) -> None:
    """Plan a digest for each channel, and for one person."""
    proxy, authority = chats.fetching.proxy.get_secret_value(), chats.fetching.ca_file
    (folder / "config.toml").write_text(f'[fetching]\nproxy = "{proxy}"\nca_file = "{authority}"\n', encoding="utf-8")
    config = channel_config(folder, chats)
    engine = open_simulated_store(config.store_url)
    for number in range(CHANNELS):
        subscribe_channel(engine, config, f"bot-{number}", f"jsons://{BOT}/{number}")
    subscribe_channel(engine, config, "matrix", MATRIX_URL)
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, config, MONDAY.replace(hour=8))
    engine.dispose()


def slowly(_: Asked) -> None:
    """Let the service take its time, so that there is always a message in flight."""
    time.sleep(0.2)


def kill_while_sending(folder: Path, chats: ChatServices, moment: float) -> None:
    """Start `notifier deliver`, and kill it `moment` seconds after its first request."""
    before = len(chats.service.requests)
    command = [sys.executable, "-m", "notifier", "deliver"]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(), stderr=subprocess.DEVNULL) as run:
        wait_until(lambda: len(chats.service.requests) > before or run.poll() is not None)
        time.sleep(moment)
        run.kill()


def test_a_killed_sender_loses_no_digest_and_repeats_only_those_in_flight(tmp_path: Path) -> None:
    moments = random.Random(26)
    with chat_services(tmp_path) as chats:
        prepare(tmp_path, chats)
        chats.instead = {BOT: slowly, MATRIX: slowly}
        for _ in range(KILLS):
            kill_while_sending(tmp_path, chats, moments.uniform(0.05, 0.5))
        for _ in range(2):
            done = run_notifier("deliver", cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        copies = Counter(message["path"] for host, message in chats.posted if host == BOT)
        on_matrix = len(chats.texts(MATRIX))
    engine = open_store(channel_config(tmp_path, chats).store_url)
    assert {row.state for row in rows(engine).values()} == {DeliveryState.ACCEPTED}
    engine.dispose()
    assert set(copies) == {f"/{number}" for number in range(CHANNELS)}, "no digest is lost"
    assert copies.total() - CHANNELS <= KILLS * MOST_ENDPOINTS, "each kill repeats at most the messages in flight"
    assert max(copies.values()) <= 1 + KILLS
    assert on_matrix == 1, "Matrix knows a repeated message by its transaction id"
