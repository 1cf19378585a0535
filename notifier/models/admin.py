"""The values of the administrators' log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminEntry:
    """What an administrator did on the pages: an entry of the log.

    `actor` is the address of the administrator. `action` is what was done, such as `hold`, and `subject` is what it was
    done to, such as `delivery 7`, or the address of a subscriber. `details` say more, such as the new schedule. The
    entry is stored before the change, and `outcome` afterwards. It is empty if the process ended in between: then it is
    not known whether the change was made.
    """

    id: int = 0
    at: datetime
    actor: str
    action: str
    subject: str
    details: str = ""
    outcome: str = ""
