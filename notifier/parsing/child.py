"""Parse the dump on stdin, and write the result to stdout: the program of a child process."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

from notifier.config import Limits
from notifier.parsing.result import ParseResult, internal_fault, parse_here, send

MIN_MEMORY = 4 << 30  # bytes of address space
MEMORY_FACTOR = 16  # the address space divided by the size of the largest dump

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG in <sys/prctl.h>
# Signals to the whole process group are ignored: when the parent ends, it also ends this process.
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Parse the dump on stdin.

    The arguments are the limits as JSON, the seconds of processor time, and the process id of the parent.
    """
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    limits_as_json, seconds, parent = sys.argv[1:]
    _die_with(int(parent))
    limits = Limits.model_validate_json(limits_as_json)
    memory = max(MIN_MEMORY, MEMORY_FACTOR * max(limits.max_file_bytes, limits.max_unpacked_bytes))
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, int(seconds))
    _limit(resource.RLIMIT_AS, memory)
    output = sys.stdout.buffer
    try:
        parsed = parse_here(sys.stdin.buffer.read(), limits)
    except MemoryError:
        parsed = ParseResult(None, is_cut_off=False, refusal=f"parsing it needs more than {memory >> 30} GB of memory")
    except Exception as error:  # any error, because the parent process reports it
        parsed = ParseResult(None, is_cut_off=False, refusal=internal_fault(error))
    send(parsed, output)
    output.flush()


def _die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the parent process has ended")


def _limit(kind: int, value: int) -> None:
    """Set a limit of this process, or leave a lower one as it is."""
    soft, hard = resource.getrlimit(kind)
    allowed = [value, *(each for each in (soft, hard) if each != resource.RLIM_INFINITY)]
    resource.setrlimit(kind, (min(allowed), hard))
