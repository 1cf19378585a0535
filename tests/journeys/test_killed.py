"""kill -9 in the middle of a delivery, with the shipped settings and the real clock."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from scripted_smtp import ScriptedRelay
from service import clean_environment, notifier, plan_for

READERS = 60
KILLS = 6


def test_a_killed_delivery_loses_nothing_and_repeats_little(tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        environment = clean_environment()
        plan_for(READERS, tmp_path, relay.port)
        for kill in range(1, KILLS + 1):
            run = subprocess.Popen([sys.executable, "-m", "notifier", "deliver"], cwd=tmp_path, env=environment)
            wait_for(relay, kill * READERS // (KILLS + 2))
            run.send_signal(signal.SIGKILL)
            assert run.wait() == -signal.SIGKILL, "it ended before it could be killed"
        last = notifier("deliver", "--json", cwd=tmp_path)
        assert last.returncode == 0, last.stderr
        messages = Counter((kept.recipient, kept.content) for kept in relay.kept)
    assert len({recipient for recipient, _ in messages}) == READERS, "none is lost"
    assert len(messages) == READERS, "a repeat has the same bytes"
    assert messages.total() - READERS < 5 * KILLS


def wait_for(relay: ScriptedRelay, mails: int) -> None:
    deadline = time.monotonic() + 60
    while len(relay.kept) < mails:
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.001)
