"""Let curators pin, hide, correct, merge and part papers, with a log and undo.

Pages and commands call the same functions. Each change is one transaction, which also adds an entry to the log.
"""

from notifier.curation.changes import Correction, PinRequest, correct, hide, merge, part, pin, undo, unhide, unpin
from notifier.curation.log import LogLine, read_log
from notifier.curation.roles import is_curator

__all__ = [
    "Correction",
    "LogLine",
    "PinRequest",
    "correct",
    "hide",
    "is_curator",
    "merge",
    "part",
    "pin",
    "read_log",
    "undo",
    "unhide",
    "unpin",
]
