"""Parse a dump in this process if it is small, and in a child process otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pickle import UnpicklingError

from notifier import sources
from notifier.config import Limits
from notifier.errors import FileError
from notifier.parsing.result import ParseResult, parse_here, receive

SMALL = 256 << 10  # bytes; parsing so few takes less time than starting a process
LONGEST_SECONDS = 120  # the processor time that the child process may take

_RUN = "from notifier.parsing.child import main; main()"
_ENDED_FROM_OUTSIDE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The time between the death of a child process and the refusal of its dump. If somebody is killing all processes of
# this service, this process is killed within that time, and refuses nothing.
_KILL_SECONDS = 1.0


def parse(content: bytes, limits: Limits, *, in_child: bool = False, seconds: int = LONGEST_SECONDS) -> ParseResult:
    """Parse a dump, in a child process if it is large, an archive, or if `in_child` is true.

    If the child process dies or takes more than `seconds` of processor time, the dump is refused with this reason.
    Raises FileError if somebody has ended the child process.
    """
    if not in_child and len(content) <= SMALL and not sources.is_archive(content):
        return parse_here(content, limits)
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", _RUN, limits.model_dump_json(), str(seconds), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
    )
    with child:
        try:
            return _exchange(child, content) or _refusal(child, seconds)
        except BaseException:
            child.kill()
            raise


def _exchange(child: subprocess.Popen[bytes], content: bytes) -> ParseResult | None:
    """Give the dump to the child process, and return its result; None if the process dies before the end."""
    assert child.stdin and child.stdout
    with suppress(BrokenPipeError), child.stdin:
        child.stdin.write(content)
    with suppress(EOFError, UnpicklingError):
        return receive(child.stdout)
    return None


def _refusal(child: subprocess.Popen[bytes], seconds: int) -> ParseResult:
    """Return the refusal of a dump whose process has died."""
    code = child.wait()
    if -code in _ENDED_FROM_OUTSIDE:
        raise FileError(f"parsing it was ended by {signal.Signals(-code).name}; it is tried again later")
    if code == -signal.SIGKILL:
        time.sleep(_KILL_SECONDS)
    if code == -signal.SIGXCPU:
        reason = f"parsing it takes longer than {seconds} s"
    elif code < 0:
        reason = f"it kills the process that parses it ({signal.Signals(-code).name})"
    else:
        reason = f"the process that parses it ended without a result (exit status {code})"
    return ParseResult(None, is_cut_off=False, refusal=reason)
