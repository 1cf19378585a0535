"""Parse a dump in a separate process, to see whether the dump kills or blocks the process that parses it."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from notifier import sources
from notifier.config import Limits
from notifier.errors import NotifierError
from notifier.files import read_dump
from notifier.papers.identity import prepare

LONGEST_SECONDS = 120  # the processor time that a trial may take

_RUN = "from notifier.pipeline.trial import main; main()"


def fault_of_trial(path: Path, limits: Limits, seconds: int = LONGEST_SECONDS) -> str | None:
    """Parse the dump in another process; return the fault of the dump if that process is killed or takes too long.

    Returns None for every other dump, even if the parser refuses it with a reason. If the calling process is killed
    during the trial, the trial has no result.
    """
    command = [sys.executable, "-c", _RUN, str(path), limits.model_dump_json(), str(seconds)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode == -signal.SIGXCPU:
        return f"parsing it takes longer than {seconds} s, and earlier attempts were interrupted"
    if done.returncode < 0:
        return f"it kills the process that parses it ({signal.Signals(-done.returncode).name})"
    return None


def main() -> None:
    """Parse the dump named on the command line, within the limits and the processor time given there."""
    path, limits, seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        bounds = Limits.model_validate_json(limits)
        file = read_dump(Path(path), bounds.file)
        dump = sources.parse_dump(file.content, bounds)
        prepare(dump, datetime.now(UTC).date(), file.sha256)
    except NotifierError:
        pass  # the process that ingests the dump gets the same error and reports it
