"""Let curators pin, hide, correct, merge and part papers, with a log and undo.

Pages and commands call the same functions. Each change is one transaction, which also adds an entry to the log.
"""

from notifier.curation.changes import (
    PIN_TOO_LATE,
    correct,
    hide,
    is_pin_too_late,
    merge,
    part,
    pin,
    undo,
    unhide,
    unpin,
)
from notifier.curation.log import LogLine, read_log
from notifier.curation.requests import Correction, PinRequest
from notifier.curation.roles import is_admin, is_curator

__all__ = [
    "PIN_TOO_LATE",
    "Correction",
    "LogLine",
    "PinRequest",
    "correct",
    "hide",
    "is_admin",
    "is_curator",
    "is_pin_too_late",
    "merge",
    "part",
    "pin",
    "read_log",
    "undo",
    "unhide",
    "unpin",
]
