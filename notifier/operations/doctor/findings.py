"""What the doctor finds: a state, what it is about, what was seen, and the cure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifier.errors import shortened

_LONGEST = 600  # characters of a sentence, which may quote other programs


class State(StrEnum):
    """The state of what was checked."""

    OK = "ok"
    WARNING = "warning"  # it works, but not for long, or not for everybody
    FAULT = "fault"  # something does not work
    SKIPPED = "skipped"  # it could not be checked; `what` says why


class Area(StrEnum):
    """The part of the service that a finding belongs to, in the order of the report."""

    CONFIG = "config"
    FILES = "files"
    DISK = "disk"
    DATABASE = "database"
    CLOCK = "clock"
    RELAY = "relay"
    DOMAIN = "domain"
    REPLIES = "replies"
    PAGES = "pages"
    SOURCES = "sources"
    ENDPOINTS = "endpoints"
    TEMPLATES = "templates"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check. `about` names what was checked; `cure` is empty if there is nothing to do."""

    area: Area
    state: State
    about: str
    what: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run. `is_complete` is false if a check had not ended when the time was over."""

    findings: Sequence[Finding]
    is_complete: bool = True

    def count(self, state: State) -> int:
        """Return the number of findings in a state."""
        return sum(finding.state is state for finding in self.findings)


class CannotTellError(Exception):
    """The reason why a check cannot be made, such as a name server that does not answer."""


def ok(area: Area, about: str, what: str) -> Finding:
    """Return the finding that something is as it should be."""
    return Finding(area, State.OK, about, shortened(what, _LONGEST))


def warning(area: Area, about: str, what: str, cure: str) -> Finding:
    """Return the finding that something works, but not for long, or not for everybody."""
    return Finding(area, State.WARNING, about, shortened(what, _LONGEST), cure)


def fault(area: Area, about: str, what: str, cure: str) -> Finding:
    """Return the finding that something does not work."""
    return Finding(area, State.FAULT, about, shortened(what, _LONGEST), cure)


def skipped(area: Area, about: str, why: str, cure: str = "") -> Finding:
    """Return the finding that something could not be checked."""
    return Finding(area, State.SKIPPED, about, shortened(why, _LONGEST), cure)


def split(message: str, usual_cure: str = "see the documents of notifier") -> tuple[str, str]:
    """Split the sentence of a NotifierError into what happened and the cure. Almost every such sentence has both."""
    for separator in ("”: ", "; "):
        what, found, cure = message.partition(separator)
        if found:
            return what + separator[0] * (separator == "”: "), cure
    return message, usual_cure
