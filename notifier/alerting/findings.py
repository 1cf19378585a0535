"""Hold the result of one check. The operator is told of the trouble that it finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class AlertFinding:
    """What a check has found: trouble, or that all is well.

    `key` identifies what was checked. `about` names it in the mail, `title` is the end of the subject, and `what` says
    in one sentence without a full stop what is the case; `cure` says what to do. `state` is empty if all is well.
    `worse_than` names the states that are less bad than `state`: if an open alert has one of them, the operator gets
    another mail. `since` is the day on which
    the trouble began.
    """

    key: str
    about: str
    title: str
    what: str
    state: str = ""
    cure: str = ""
    worse_than: tuple[str, ...] = ()
    since: date | None = None

    @property
    def is_trouble(self) -> bool:
        """Whether the operator has to do something."""
        return bool(self.state)
