"""Make, update and join the papers that a dump touches, in memory, before their rows are written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from notifier.models import Tags
from notifier.papers.evidence import Evidence
from notifier.papers.identity import PreparedListing
from notifier.papers.merging import PaperFacts, completed, is_reworded, merge

_T = TypeVar("_T")


@dataclass(eq=False, slots=True)
class PendingPaper:
    """A paper in memory, whose row is about to be written or updated.

    `id` is None until its row is written. `stored` holds the facts of the rows that it comes from: none if the paper is
    new, several if rows were joined into one paper. `identities` are those by which the paper is found;
    `stored_identities` are those that the store has already. `listings` are this dump's listings of the paper.
    `first_key` is its key in the store or, if it is new, the key that it was made with. `absorbed` are the papers
    that were joined to this one. `joined_to` is the paper to which this one was joined, if any. `archived` is True if
    the paper counts as announced already. `changed` is True if its row must be updated.

    Curators may have changed the paper: `facts` are then what the dumps say, and `shown` is what its row says. `parts`
    are the facts of the papers that were merged into it by hand, by id. `corrections` are corrected values by field.
    `parted` holds the ids of the papers that must stay apart from it.
    """

    facts: PaperFacts
    key: str
    first_seen: datetime
    sequence: int
    id: int | None = None
    stored: list[PaperFacts] = field(default_factory=list)
    archived: bool = False
    changed: bool = False
    identities: set[str] = field(default_factory=set)
    stored_identities: set[str] = field(default_factory=set)
    listings: list[PreparedListing] = field(default_factory=list)
    absorbed: list[PendingPaper] = field(default_factory=list)
    first_key: str = field(init=False)
    joined_to: PendingPaper | None = None
    parts: dict[int, PaperFacts] = field(default_factory=dict)
    corrections: dict[str, str] = field(default_factory=dict)
    parted: set[int] = field(default_factory=set)
    _evidence: Evidence | None = None

    def __post_init__(self) -> None:
        self.first_key = self.key

    @property
    def is_curated(self) -> bool:
        """Whether the row shows something else than `facts`, because a curator has changed the paper."""
        return bool(self.parts or self.corrections)

    @property
    def shown(self) -> PaperFacts:
        """The facts as the row shows them: with those of the papers merged by hand, and with the corrections."""
        facts = self.facts
        for part in self.parts.values():
            facts = completed(facts, part)
        return replace(facts, **self.corrections) if self.corrections else facts  # type: ignore[arg-type]

    @property
    def evidence(self) -> Evidence:
        """The evidence that the facts give."""
        if self._evidence is None or self._evidence.paper is not self.facts:
            self._evidence = Evidence(self.facts, self.facts.abstract)
        return self._evidence

    @property
    def evidences(self) -> list[Evidence]:
        """The evidence that the facts give, and that of papers merged by hand and of corrected facts."""
        if not self.is_curated:
            return [self.evidence]
        return [self.evidence, *(Evidence(each, each.abstract) for each in (*self.parts.values(), self.shown))]

    @property
    def awaits_announcement(self) -> bool:
        """Whether the paper was never announced, because all its listings were of replacements or withdrawn papers."""
        return self.sequence < 0 and not self.archived

    @property
    def is_indexed_differently(self) -> bool:
        """Whether the text or listing day differs from that of a stored row, so that the index of words must change."""
        shown = self.shown
        return any(is_reworded(facts, shown) or facts.listed_on != shown.listed_on for facts in self.stored)

    @property
    def tags(self) -> Tags | None:
        """The tags of a new paper, if its listing has them and no other listing has changed the paper since."""
        return None if self.stored or self.changed else self.listings[0].tags


def current(paper: PendingPaper) -> PendingPaper:
    """Return the paper that this one was joined to, if it was, or else the paper itself.

    Each call shortens the chain of joins that it follows, so that long chains take little time.
    """
    while (joined_to := paper.joined_to) is not None:
        paper.joined_to = joined_to.joined_to or joined_to
        paper = joined_to
    return paper


def join(one: PendingPaper, other: PendingPaper) -> PendingPaper:
    """Make one paper of two: the older row stays, and everything that belongs to the newer one moves to it.

    If both rows are stored, the paper gets the higher of their sequence numbers, so that subscribers whose cursors are
    between the two numbers still get it. If the newer paper is not stored yet, its number is dropped.
    """
    older, newer = sorted((one, other), key=lambda paper: (paper.id is None, paper.id or paper.sequence))
    older.facts = merge(older.facts, newer.facts)
    if newer.id is not None:
        older.sequence = max(older.sequence, newer.sequence)
    older.stored = _together(older.stored, newer.stored)
    older.archived |= newer.archived
    older.listings = _together(older.listings, newer.listings)
    older.absorbed = _together(older.absorbed, newer.absorbed)
    older.absorbed.append(newer)
    older.changed = True
    older.parts |= newer.parts
    older.corrections = newer.corrections | older.corrections
    older.parted |= newer.parted
    key_by_arxiv_id(older)
    newer.joined_to = older
    older.identities = _united(older.identities, newer.identities)
    older.stored_identities = _united(older.stored_identities, newer.stored_identities)
    return older


def _together(one: list[_T], other: list[_T]) -> list[_T]:
    """Add the shorter list to the longer one, which is returned, so that many joins copy each item only a few times."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    longer += shorter
    return longer


def _united(one: set[str], other: set[str]) -> set[str]:
    """Add the smaller set to the larger one, which is returned, so that many joins copy each item only a few times."""
    larger, smaller = (one, other) if len(one) >= len(other) else (other, one)
    larger |= smaller
    return larger


def merge_listing(paper: PendingPaper, listing: PreparedListing) -> None:
    """Complete a paper by the facts of a listing.

    A listing with the arXiv id of a paper that was merged by hand completes the facts of that paper.
    """
    part = _part_with(paper, listing.facts.arxiv_id)
    before = paper.facts if part is None else paper.parts[part]
    after = merge(before, listing.facts)
    if part is None:
        paper.facts = after
    else:
        paper.parts[part] = after
    paper.changed |= after != before
    key_by_arxiv_id(paper)


def _part_with(paper: PendingPaper, arxiv_id: str | None) -> int | None:
    if arxiv_id is None or not paper.parts:
        return None
    return next((number for number, facts in paper.parts.items() if facts.arxiv_id == arxiv_id), None)


def key_by_arxiv_id(paper: PendingPaper) -> None:
    """Make the paper's arXiv id its key, if it has one."""
    if arxiv_id := paper.shown.arxiv_id if paper.parts else paper.facts.arxiv_id:
        paper.key = arxiv_id


def is_first_announcement(paper: PendingPaper) -> bool:
    """Return whether this dump is the first to announce a paper that is stored already."""
    return paper.awaits_announcement and any(listing.announces_paper for listing in paper.listings)
