"""Store the result of parsing a dump, and transfer it from one process to another."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import IO, Any

from notifier import sources
from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import ParsedDump

PIECE = 200  # listings or skipped records; loading a piece holds the interpreter lock, so it is small

# The fields of a ParsedDump that may hold many values, and are therefore sent in pieces.
_SERIES = ("listings", "skipped", "cut", "deleted", "chrome")


@dataclass(frozen=True, slots=True)
class ParseResult:
    """A dump that was parsed, and whether it seems to be cut off.

    `dump` is None for a dump that was refused, and `refusal` is the reason.
    """

    dump: ParsedDump | None
    is_cut_off: bool
    refusal: str = ""


def parse_here(content: bytes, limits: Limits) -> ParseResult:
    """Parse a dump in this process."""
    try:
        dump = sources.parse_dump(content, limits)
    except DumpError as error:
        return ParseResult(None, sources.is_cut_off(content, [str(error)]), str(error))
    return ParseResult(dump, sources.is_cut_off(content, (skipped.reason for skipped in dump.skipped)))


def send(parsed: ParseResult, stream: IO[bytes]) -> None:
    """Write the result to a stream in pieces."""
    if parsed.dump is None:
        pickle.dump(parsed, stream)
        return
    empty: dict[str, Any] = dict.fromkeys(_SERIES, ())
    pickle.dump(replace(parsed, dump=replace(parsed.dump, **empty)), stream)
    for name in _SERIES:
        items = getattr(parsed.dump, name)
        for start in range(0, len(items), PIECE):
            pickle.dump((name, items[start : start + PIECE]), stream)
    pickle.dump(None, stream)


def receive(stream: IO[bytes]) -> ParseResult:
    """Read a result that `send` wrote; raise EOFError or UnpicklingError if it is incomplete."""
    parsed: ParseResult = pickle.load(stream)
    if parsed.dump is None:
        return parsed
    series: dict[str, Any] = {name: [] for name in _SERIES}
    while (piece := pickle.load(stream)) is not None:
        series[piece[0]] += piece[1]
    complete: dict[str, Any] = {name: tuple(items) for name, items in series.items()}
    return replace(parsed, dump=replace(parsed.dump, **complete))


def internal_fault(error: Exception) -> str:
    """Return the reason for refusing a dump if parsing it raised an exception other than DumpError."""
    reason = f"this is a bug in notifier ({type(error).__name__}: {error})"
    return reason.encode("utf-8", "backslashreplace").decode()
