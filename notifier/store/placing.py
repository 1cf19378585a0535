"""Placing a dump's listings among the papers: which paper each is of, and what the papers become. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.store.identity import PreparedListing
from notifier.store.merging import Facts, gained_text, is_reworded, merge

ANNOUNCED_AGAIN_WITHIN = timedelta(days=14)


@dataclass(eq=False, slots=True)
class Work:
    """A paper in hand. `id` is None until its row is written; `titles` are those that this dump may know it by."""

    facts: Facts
    key: str
    first_seen: datetime
    sequence: int
    id: int | None = None
    changed: bool = False
    reworded: bool = False
    titles: set[str] = field(default_factory=set)
    stored_titles: set[str] = field(default_factory=set)
    listings: list[PreparedListing] = field(default_factory=list)
    absorbed: list[Work] = field(default_factory=list)
    former_keys: list[str] = field(default_factory=list)


class Desk:
    """The papers that a dump may touch, found by arXiv id or title, while its listings are placed among them.

    `sequence` is the last sequence number in use.
    """

    def __init__(self, known: Iterable[Work], sequence: int, now: datetime) -> None:
        self.now = now
        self.sequence = sequence
        self.works = list(known)
        self.by_arxiv_id = {work.facts.arxiv_id: work for work in self.works if work.facts.arxiv_id}
        self.by_title: dict[str, list[Work]] = {}
        for work in self.works:
            for title in work.titles:
                self.by_title.setdefault(title, []).append(work)

    def place(self, listing: PreparedListing) -> None:
        """Find the listing's paper, or make it, and let it learn what the listing says."""
        work = self._find(listing)
        if work is None:
            work = Work(listing.facts, listing.key, self.now, self._next_sequence())
            self.works.append(work)
        else:
            self._learn(work, listing)
        work.listings.append(listing)
        if work.facts.arxiv_id:
            self.by_arxiv_id[work.facts.arxiv_id] = work
        self._bear(work, listing.identity)

    def _find(self, listing: PreparedListing) -> Work | None:
        bearers = self.by_title.get(listing.identity, [])
        unnumbered = next((work for work in bearers if work.facts.arxiv_id is None), None)
        if listing.facts.arxiv_id is None:
            return unnumbered or min(bearers, key=_by_arxiv_id, default=None)
        numbered = self.by_arxiv_id.get(listing.facts.arxiv_id)
        return self._join(numbered, unnumbered) if numbered and unnumbered else numbered or unnumbered

    def _join(self, one: Work, other: Work) -> Work:
        """Two papers that prove to be one: the older row stays, all that hangs on the other follows.

        The later sequence number stays too, for readers whose cursor stands between the two.
        """
        older, newer = sorted((one, other), key=lambda work: (work.id is None, work.id or work.sequence))
        _change(older, newer.facts)
        older.sequence = max(older.sequence, newer.sequence)
        older.listings += newer.listings
        older.absorbed += [*newer.absorbed, newer]
        older.changed = True
        _take_number(older)
        self.works.remove(newer)
        for title in newer.titles:
            self.by_title[title].remove(newer)
            self._bear(older, title)
        older.stored_titles |= newer.stored_titles
        return older

    def _learn(self, work: Work, listing: PreparedListing) -> None:
        before = work.facts
        _change(work, listing.facts)
        _take_number(work)
        recent = self.now - work.first_seen <= ANNOUNCED_AGAIN_WITHIN
        if work.id is not None and recent and gained_text(before, work.facts):
            work.sequence = self._next_sequence()

    def _bear(self, work: Work, title: str) -> None:
        bearers = self.by_title.setdefault(title, [])
        if work not in bearers:
            bearers.append(work)
        work.titles.add(title)

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


def _change(work: Work, facts: Facts) -> None:
    before = work.facts
    work.facts = merge(before, facts)
    work.changed |= work.facts != before
    work.reworded |= is_reworded(before, work.facts)


def _take_number(work: Work) -> None:
    """A paper that was known by its title is known by its arXiv id from now on."""
    if work.facts.arxiv_id and work.key != work.facts.arxiv_id:
        work.former_keys.append(work.key)
        work.key = work.facts.arxiv_id


def _by_arxiv_id(work: Work) -> tuple[bool, str]:
    """Old ids (`astro-ph/0601001`) come before all of the new scheme's."""
    arxiv_id = work.facts.arxiv_id or ""
    return "/" not in arxiv_id, arxiv_id
