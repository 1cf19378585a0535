"""A large dump is parsed in a process of its own, with the same result, and the rest of this process goes on."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
from support.paths import CHECKOUT
from support.service import clean_environment, page_text

from notifier.config import DEFAULT_LIMITS
from notifier.errors import FileError
from notifier.parsing import parent, parse
from notifier.parsing.result import parse_here

LINES = "".join(
    json.dumps({"title": f"How Bees Fly {n}", "abstract": "We study this.", "authors": ["Ann Lee"]}) + '\n{"bad"\n'
    for n in range(700)
).encode()
DUMPS = {
    "page text": page_text(["How Bees Fly at Night", "About Something Else"]).encode(),
    "lines": LINES,
    "archive": gzip.compress(LINES),
    "cut off": gzip.compress(LINES)[:-20],
    "noise": b"\0\1\2",
    "empty": b"",
}


@pytest.mark.parametrize("content", DUMPS.values(), ids=list(DUMPS))
def test_the_result_of_a_process_of_its_own_is_the_same(content: bytes) -> None:
    assert parse(content, DEFAULT_LIMITS, in_child=True) == parse_here(content, DEFAULT_LIMITS)


def test_limits_hold_in_the_other_process() -> None:
    few = DEFAULT_LIMITS.model_copy(update={"records": 10})
    assert "more than 10 records" in parse(LINES, few, in_child=True).refusal


@pytest.mark.slow
def test_other_threads_go_on_while_a_hostile_archive_is_parsed() -> None:
    content = gzip.compress(b"<rss>" + b"<" * (16 << 20))
    assert len(content) < parent.SMALL
    thread = Thread(target=parse, args=(content, DEFAULT_LIMITS))
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while thread.is_alive():
        time.sleep(0.005)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert longest < 0.5


def test_a_dump_is_not_refused_because_somebody_ended_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "_RUN", "import os; os.kill(os.getpid(), 15)")
    with pytest.raises(FileError, match="SIGTERM"):
        parse(b"", DEFAULT_LIMITS, in_child=True)


def test_too_little_memory_and_faults_of_the_parser_are_reasons_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for failing, words in {"bytearray(1 << 40)": "GB of memory", "1 / 0": "ZeroDivisionError"}.items():
        program = f"from notifier.parsing import child; child.parse_here = lambda *_: {failing}; child.main()"
        monkeypatch.setattr(parent, "_RUN", program)
        assert words in parse(b"", DEFAULT_LIMITS, in_child=True).refusal


def test_the_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    hang = f"open({str(pid_file)!r}, 'w').write(str(os.getpid())) and time.sleep(60)"
    program = f"import os, time; from notifier.parsing import child; child.parse_here = lambda *_: {hang}; child.main()"
    start = (
        "from notifier.config import DEFAULT_LIMITS; from notifier.parsing import parent; "
        f"parent._RUN = {program!r}; parent.parse(b'', DEFAULT_LIMITS, in_child=True)"
    )
    starter = subprocess.Popen([sys.executable, "-c", start], cwd=CHECKOUT, env=clean_environment())
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.05)
    starter.kill()
    starter.wait()
    time.sleep(0.5)
    status = Path(f"/proc/{pid_file.read_text()}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"
