"""The values of the curators' log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

# The aspect of a paper that each action changes; see `notifier.store.curation`.
ASPECTS = {
    "pin": "pin",
    "unpin": "pin",
    "hide": "hidden",
    "unhide": "hidden",
    "correct": "corrections",
    "merge": "merged",
    "part": "merged",  # separate two papers that were merged
}


ERASED = "an erased subscriber"  # in place of their address, in the logs of curators and administrators


@dataclass(frozen=True, slots=True, kw_only=True)
class Curation:
    """What a curator did to a paper: an entry of the log.

    `actor` is the curator's address; it is empty if the operator did it by a command. `action` is one of ASPECTS.
    `key` and `title` are those that the paper had. `before` and `after` are the states of the aspect that the action
    changes, in a form that JSON holds. `undoes` is the id of the entry that this one has undone, and `undone_by` that
    of the entry that has undone this one.
    """

    id: int = 0
    at: datetime
    actor: str
    action: str
    paper_id: int
    key: str
    title: str
    before: Any
    after: Any
    undoes: int | None = None
    undone_by: int | None = None

    @property
    def aspect(self) -> str:
        """Return the aspect of the paper that the action changes."""
        return ASPECTS[self.action]

    def stored_fields(self) -> dict[str, Any]:
        """Return the values of the columns of the entry's row, except its id and the states."""
        names = ("at", "actor", "action", "paper_id", "key", "title", "undoes")
        return {name: getattr(self, name) for name in names}
