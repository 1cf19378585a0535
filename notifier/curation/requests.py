"""Hold what curators ask for: a pin, or a correction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from notifier.curation.texts import clean_title, clean_url, known_slugs
from notifier.errors import UsageError
from notifier.store.curation import State
from notifier.topics import Catalogue


@dataclass(frozen=True, slots=True)
class PinRequest:
    """What a curator pins to a paper: the day, the note, and the name that signs it."""

    day: date
    note: str
    name: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a curator corrects, as typed. An empty title or URL restores that of the dumps; None changes nothing.

    `added` and `removed` are slugs of topics.
    """

    title: str | None = None
    url: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def state(self, catalogue: Catalogue) -> dict[str, State]:
        """Return the corrections as `store.curation.state_of` returns them. Raises UsageError if any is wrong."""
        after: dict[str, State] = {}
        if self.title is not None:
            after["title"] = clean_title(self.title) if self.title.strip() else None
        if self.url is not None:
            after["url"] = clean_url(self.url.strip()) if self.url.strip() else None
        if both := {*self.added} & {*self.removed}:
            raise UsageError(f"the topic {min(both)} is to be added and removed; choose one")
        topics = dict.fromkeys(self.added, True) | dict.fromkeys(self.removed, False)
        if topics:
            after["topics"] = {slug: topics[slug] for slug in known_slugs(tuple(topics), catalogue)}
        if not after:
            raise UsageError("there is nothing to correct; give a title, a link or a topic")
        return after
