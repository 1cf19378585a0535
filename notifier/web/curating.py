"""Prepare what the page of a paper shows to curators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from notifier import curation
from notifier.curation import LogLine
from notifier.models import Paper, Pin
from notifier.store import hand_merges, hidden_papers, pins, reading
from notifier.web.forms import Form
from notifier.web.site import Site

SHOWN_ENTRIES = 5  # of the log

PINNED_TOO_LATE = "pin-too-late"

# The notes on a page after a change.
DONE = {
    "pin": "The paper is pinned.",
    PINNED_TOO_LATE: f"The paper is pinned. {curation.PIN_TOO_LATE}",
    "unpin": "The paper is not pinned any more.",
    "hide": "The paper is hidden.",
    "unhide": "The paper is shown again.",
    "correct": "The paper is corrected.",
    "merge": "The papers are merged.",
    "part": "The papers are parted.",
    "undone": "The change is undone.",
}


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """The outcome of the form that a curator has just sent.

    `done` is the note about a change that was made. If the form was refused, `error` is the reason, `action` names the
    form, and `typed` holds its values, so that the page shows them again.
    """

    done: str = ""
    error: str = ""
    action: str = ""
    typed: Form = field(default_factory=lambda: Form({}))


@dataclass(frozen=True, slots=True)
class CurationPanel:
    """The values of the forms: the pin, the day that the pin's form proposes, topics that can be added, and the log.

    `merged` are the keys of the papers that were merged into this one by hand.
    """

    outcome: FormOutcome
    pin: Pin | None
    day: date
    name: str
    is_hidden: bool
    merged: Sequence[str]
    addable: Sequence[tuple[str, str]]
    lines: Sequence[LogLine]


def curation_panel(site: Site, paper: Paper, outcome: FormOutcome) -> CurationPanel:
    """Return what the page of a paper shows to a curator."""
    with reading(site.engine) as connection:
        pin = pins.pin_of(connection, paper.id)
        merged = hand_merges.keys_merged_into(connection, paper.id)
        is_hidden = bool(hidden_papers.hidden_among(connection, [paper.id]))
    topics = site.catalogue.topics.values()
    return CurationPanel(
        outcome=outcome,
        pin=pin,
        day=pin.day if pin else site.clock().date(),
        name=pin.name if pin else "",
        is_hidden=is_hidden,
        merged=merged,
        addable=sorted(((each.slug, each.title) for each in topics if each.slug not in paper.topics), key=_title),
        lines=curation.read_log(site.engine, SHOWN_ENTRIES, paper_id=paper.id),
    )


def _title(topic: tuple[str, str]) -> str:
    return topic[1].casefold()
