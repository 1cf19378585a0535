"""Placing a dump's listings among the papers: which paper each is of, and what the papers become. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.models import Tags
from notifier.papers.identity import PreparedListing
from notifier.papers.merging import PaperFacts, gained_text, is_reworded, merge

ANNOUNCED_AGAIN_WITHIN = timedelta(days=14)


@dataclass(eq=False, slots=True)
class PendingPaper:
    """A paper in hand. `id` is None until its row is written; `titles` are those that this dump may know it by.

    `stored` is what the rows that it comes from say, of which there are none where it is new, several where they join.
    """

    facts: PaperFacts
    key: str
    first_seen: datetime
    sequence: int
    id: int | None = None
    stored: tuple[PaperFacts, ...] = ()
    archived: bool = False
    changed: bool = False
    titles: set[str] = field(default_factory=set)
    stored_titles: set[str] = field(default_factory=set)
    listings: list[PreparedListing] = field(default_factory=list)
    absorbed: list[PendingPaper] = field(default_factory=list)
    former_keys: list[str] = field(default_factory=list)

    @property
    def awaits_news(self) -> bool:
        """Whether no reader was told of the paper, because no listing of it was news yet."""
        return self.sequence < 0 and not self.archived

    @property
    def reworded(self) -> bool:
        """Whether a text that is kept as tokens is no more what a row says."""
        return any(is_reworded(each, self.facts) for each in self.stored)

    @property
    def tags(self) -> Tags | None:
        """What a new paper is tagged with, where it is what its one listing made it."""
        return None if self.stored or self.changed else self.listings[0].tags


class ListingPlacer:
    """The papers that a dump may touch, found by arXiv id or title, while its listings are placed among them.

    `sequence` is the last sequence number in use, `quiet` the lowest: below 0, where no cursor stands, are the papers
    that no reader is told of. Those of an `archive` count as announced; one that was only listed when it was replaced
    or withdrawn awaits a listing that is news.
    """

    def __init__(
        self, known: Iterable[PendingPaper], sequence: int, quiet: int, now: datetime, *, archive: bool = False
    ) -> None:
        self.now = now
        self.sequence = sequence
        self.quiet = quiet
        self.archive = archive
        self.works = list(known)
        self.by_arxiv_id = {work.facts.arxiv_id: work for work in self.works if work.facts.arxiv_id}
        self.by_title: dict[str, list[PendingPaper]] = {}
        for work in self.works:
            for title in work.titles:
                self.by_title.setdefault(title, []).append(work)

    def place(self, listing: PreparedListing) -> None:
        """Find the listing's paper, or make it, and let it learn what the listing says."""
        work = self._find(listing)
        if work is None:
            work = PendingPaper(listing.facts, listing.key, self.now, self._number_for(listing), archived=self.archive)
            self.works.append(work)
        else:
            self._learn(work, listing)
        work.listings.append(listing)
        if work.facts.arxiv_id:
            self.by_arxiv_id[work.facts.arxiv_id] = work
        self._bear(work, listing.identity)

    def announce_again(self, upvotes_named: Sequence[int]) -> None:
        """Give a new sequence number to the papers in whose news a reader may find what they asked for.

        `upvotes_named` are the numbers of upvotes that matter, ascending.
        """
        for work in self.works:
            if _is_first_news(work) or self._is_news_again(work, upvotes_named):
                work.sequence = self._next_sequence()
                work.changed = True

    def _is_news_again(self, work: PendingPaper, upvotes_named: Sequence[int]) -> bool:
        """Where rows became one paper, each must gain by it: one that did not was announced with all that it is now."""
        if work.awaits_news or not work.stored or self.now - work.first_seen > ANNOUNCED_AGAIN_WITHIN:
            return False
        return all(_gained(before, work.facts, upvotes_named) for before in work.stored)

    def _find(self, listing: PreparedListing) -> PendingPaper | None:
        bearers = self.by_title.get(listing.identity, [])
        unnumbered = next((work for work in bearers if work.facts.arxiv_id is None), None)
        if listing.facts.arxiv_id is None:
            return unnumbered or min(bearers, key=_by_arxiv_id, default=None)
        numbered = self.by_arxiv_id.get(listing.facts.arxiv_id)
        return self._join(numbered, unnumbered) if numbered and unnumbered else numbered or unnumbered

    def _join(self, one: PendingPaper, other: PendingPaper) -> PendingPaper:
        """Two papers that prove to be one: the older row stays, all that hangs on the other follows.

        The later sequence number stays too, for readers whose cursor stands between the two; one that was taken in this
        dump was not the paper's to take.
        """
        older, newer = sorted((one, other), key=lambda work: (work.id is None, work.id or work.sequence))
        older.facts = merge(older.facts, newer.facts)
        if newer.id is not None:
            older.sequence = max(older.sequence, newer.sequence)
        older.stored += newer.stored
        older.archived |= newer.archived
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

    def _learn(self, work: PendingPaper, listing: PreparedListing) -> None:
        before = work.facts
        work.facts = merge(before, listing.facts)
        work.changed |= work.facts != before
        _take_number(work)

    def _bear(self, work: PendingPaper, title: str) -> None:
        bearers = self.by_title.setdefault(title, [])
        if work not in bearers:
            bearers.append(work)
        work.titles.add(title)

    def _number_for(self, listing: PreparedListing) -> int:
        if not self.archive and listing.announces:
            return self._next_sequence()
        self.quiet -= 1
        return self.quiet

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


def _is_first_news(work: PendingPaper) -> bool:
    return work.awaits_news and any(listing.announces for listing in work.listings)


def _gained(before: PaperFacts, after: PaperFacts, upvotes_named: Sequence[int]) -> bool:
    """Whether text arrived that was lacking, or the upvotes have reached a number that matters."""
    return gained_text(before, after) or _reached(before.upvotes, after.upvotes, upvotes_named)


def _reached(before: int | None, after: int | None, numbers: Sequence[int]) -> bool:
    """Whether one of the numbers lies above `before` and not above `after`; upvotes that are unknown are below 0."""
    below, until = (-1 if upvotes is None else upvotes for upvotes in (before, after))
    return bisect_right(numbers, below) < bisect_right(numbers, until)


def _take_number(work: PendingPaper) -> None:
    """A paper that was known by its title is known by its arXiv id from now on."""
    if work.facts.arxiv_id and work.key != work.facts.arxiv_id:
        work.former_keys.append(work.key)
        work.key = work.facts.arxiv_id


def _by_arxiv_id(work: PendingPaper) -> tuple[bool, str]:
    """Old ids (`astro-ph/0601001`) come before all of the new scheme's."""
    arxiv_id = work.facts.arxiv_id or ""
    return "/" not in arxiv_id, arxiv_id
