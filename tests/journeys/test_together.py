"""Two runs of `notifier once` on one database at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from support.scripted_relay import ScriptedRelay
from support.service import MONDAY, clean_environment, open_store_with_subscribers, write_smtp_config

SUBSCRIBERS = 40


def test_two_simultaneous_runs_send_each_subscriber_one_digest(tmp_path: Path) -> None:
    at_eight = MONDAY.replace(hour=8).isoformat()
    with ScriptedRelay() as relay:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(SUBSCRIBERS, tmp_path).dispose()
        once = [sys.executable, "-m", "notifier", "once", "--json", "--now", at_eight]
        runs = [
            subprocess.Popen(once, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        reports = [json.loads(run.communicate()[0]) for run in runs]
        assert [run.returncode for run in runs] == [0, 0]
        copies = Counter(kept.recipient for kept in relay.kept)
    assert sum(report["plan"]["digests"] for report in reports) == SUBSCRIBERS
    assert sum(report["deliver"]["accepted"] for report in reports) == SUBSCRIBERS
    assert set(copies.values()) == {1}
    assert len(copies) == SUBSCRIBERS
