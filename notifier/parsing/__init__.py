"""Parse a dump without holding up the process that asks for it.

A regular expression over 256 MB of text holds Python's interpreter lock for many seconds, and no other thread of the
process runs meanwhile. So a large dump, or an archive, is parsed in a process of its own. A dump that kills that
process, or takes too long to parse, is refused with this reason.
"""

from notifier.parsing.parent import parse
from notifier.parsing.result import ParseResult, internal_fault

__all__ = ["ParseResult", "internal_fault", "parse"]
