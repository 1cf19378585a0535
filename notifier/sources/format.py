"""What every dump format offers: a name, a look at the bytes, and a parser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from notifier.models import ParsedDump


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of dump.

    `recognises` is cheap and looks at the content only. `parse` reads what was recognised, and raises DumpError, with
    the reason, where it is no dump after all.
    """

    name: str
    recognises: Callable[[bytes], bool]
    parse: Callable[[bytes], ParsedDump]
