"""Assign a dump's listings to papers: find or make the paper of each listing, and update the papers.

This happens in memory, between the reading of the papers that a dump may touch and the writing of the result.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from notifier.models import ANNOUNCED_AGAIN_WITHIN
from notifier.papers.author_names import same_authors
from notifier.papers.evidence import Evidence, contradict
from notifier.papers.identity import PreparedListing, Proof, ProofKind
from notifier.papers.merging import PaperFacts, gained_text
from notifier.papers.pending import PendingPaper, current, is_first_announcement, join, merge_listing

# The most papers of one title that a listing is compared with. A title that more papers have, such as "Editorial",
# identifies none of them. The limit also keeps the time for a dump with many listings of one title from growing with
# the square of their number.
MAX_PAPERS_OF_TITLE = 50
IDENTIFYING_ABSTRACT = 30  # words; a shorter abstract, such as "No abstract.", may be that of several papers


class _PapersOfTitle:
    """The papers of one title, in the order in which they got it.

    The time for a lookup is limited even if many of them are joined: each joined paper is skipped only once.
    """

    __slots__ = ("_first", "_others")

    def __init__(self, paper: PendingPaper) -> None:
        self._first = [paper]
        self._others: deque[PendingPaper] | None = None  # made only if needed, since most titles have one paper

    def add(self, paper: PendingPaper) -> None:
        """Add a paper as the last one."""
        if self._others is None:
            self._others = deque()
        self._others.append(paper)

    def first(self) -> list[PendingPaper]:
        """Return the first MAX_PAPERS_OF_TITLE papers, without those that were joined to others."""
        self._first = list(dict.fromkeys(map(current, self._first)))
        while self._others and len(self._first) < MAX_PAPERS_OF_TITLE:
            paper = current(self._others.popleft())
            if paper not in self._first:
                self._first.append(paper)
        return self._first


class ListingPlacer:
    """The papers that a dump may touch, among which the dump's listings are placed one by one.

    `known` are the stored papers. `highest_sequence` and `lowest_sequence` are the highest and the lowest number in
    use. An announced paper takes the next higher number. A paper that is not announced takes the next lower number
    below 0, so that it is before every subscriber's cursor.

    The new papers of an `archive` are stored as announced already. A new paper that is listed as a replacement or as
    withdrawn is not announced before it has a listing that is neither.
    """

    def __init__(
        self,
        known: Iterable[PendingPaper],
        highest_sequence: int,
        lowest_sequence: int,
        now: datetime,
        *,
        archive: bool = False,
    ) -> None:
        self._papers = list(known)
        self._highest_sequence = highest_sequence
        self._lowest_sequence = lowest_sequence
        self._now = now
        self._archive = archive
        self._by_arxiv_id = {arxiv_id: paper for paper in self._papers if (arxiv_id := paper.shown.arxiv_id)}
        self._by_identity: dict[str, _PapersOfTitle] = {}
        for paper in self._papers:
            for identity in paper.identities:
                self._index(paper, identity)

    @property
    def papers(self) -> list[PendingPaper]:
        """The papers as they are now, oldest first, without those that were joined to others."""
        return [paper for paper in self._papers if paper.joined_to is None]

    def place(self, listing: PreparedListing) -> None:
        """Find or make the listing's paper, and merge into it what the listing says."""
        evidence = Evidence(listing.facts, listing.facts.abstract)
        paper = self._find(listing, evidence)
        if paper is None:
            sequence = self._first_sequence(listing)
            key = listing.second_key if listing.identity in self._by_identity else listing.key
            paper = PendingPaper(listing.facts, key, self._now, sequence, archived=self._archive, _evidence=evidence)
            self._papers.append(paper)
        else:
            merge_listing(paper, listing)
        paper.listings.append(listing)
        if arxiv_id := paper.shown.arxiv_id:
            self._by_arxiv_id[arxiv_id] = paper
        for identity in listing.identities:
            self._add_identity(paper, identity)

    def announce_again(self, upvotes_named: Sequence[int]) -> None:
        """Give a new sequence number to each paper about which there is now something to announce.

        These are the papers that waited for an announcement and now get it. They are also the known papers that have
        gained a text or upvotes that a query may ask for, within ANNOUNCED_AGAIN_WITHIN after they were first seen.
        `upvotes_named` are the numbers of upvotes that queries name, ascending.
        """
        for paper in self.papers:
            if is_first_announcement(paper) or self._is_announced_again(paper, upvotes_named):
                paper.sequence = self._next_sequence()
                paper.changed = True

    def _is_announced_again(self, paper: PendingPaper, upvotes_named: Sequence[int]) -> bool:
        """Return whether a paper that was announced before has gained something that a query may ask for.

        If several rows have become this paper, each of them must have gained something. If one of them has gained
        nothing, everything that is known of the paper now was already announced with that row.
        """
        if paper.awaits_announcement or not paper.stored or self._now - paper.first_seen > ANNOUNCED_AGAIN_WITHIN:
            return False
        shown = paper.shown
        return all(_gained(before, shown, upvotes_named) for before in paper.stored)

    def _find(self, listing: PreparedListing, evidence: Evidence) -> PendingPaper | None:
        """Return the listing's paper, or None if there is none yet.

        If the listing matches several papers that do not contradict each other, they are joined into one.
        """
        found = None
        for match in [*self._matches(listing, evidence)]:
            paper = current(match)  # an earlier turn of the loop may have joined it to another match
            if found is None:
                found = paper
            elif paper is not found and not _must_stay_apart(found, paper):
                found = join(found, paper)
        return found

    def _matches(self, listing: PreparedListing, evidence: Evidence) -> Iterator[PendingPaper]:
        """Yield the papers that the listing matches, the surest match first; a paper may occur twice.

        These are the paper with the listing's arXiv id, the papers that a proof shows to be the same, and one paper of
        the listing's title. If several papers have the title and do not contradict the listing, the one without an
        arXiv id is chosen, or else the one with the lowest arXiv id.
        """
        if listing.facts.arxiv_id in self._by_arxiv_id:
            yield current(self._by_arxiv_id[listing.facts.arxiv_id])
        for proof in listing.proofs:
            for paper in self._papers_of(proof.identity):
                if any(_proves(proof, known, evidence, listing.facts.abstract) for known in _usable(paper, evidence)):
                    yield paper
        same_title = (each for each in self._papers_of(listing.identity) if not _is_other(each, evidence))
        best = min(same_title, key=_id_order, default=None)
        if best is not None:
            yield best

    def _papers_of(self, identity: str) -> list[PendingPaper]:
        namesakes = self._by_identity.get(identity)
        return namesakes.first() if namesakes else []

    def _add_identity(self, paper: PendingPaper, identity: str) -> None:
        if identity not in paper.identities:
            self._index(paper, identity)
            paper.identities.add(identity)

    def _index(self, paper: PendingPaper, identity: str) -> None:
        namesakes = self._by_identity.get(identity)
        if namesakes is None:
            self._by_identity[identity] = _PapersOfTitle(paper)
        else:
            namesakes.add(paper)

    def _first_sequence(self, listing: PreparedListing) -> int:
        """Return the sequence number of a new paper: a negative one if the listing does not announce it."""
        if not self._archive and listing.announces_paper:
            return self._next_sequence()
        self._lowest_sequence -= 1
        return self._lowest_sequence

    def _next_sequence(self) -> int:
        self._highest_sequence += 1
        return self._highest_sequence


def _must_stay_apart(one: PendingPaper, other: PendingPaper) -> bool:
    """Return whether two papers are different ones, or were parted by a curator."""
    if one.parted and one.parted.intersection([other.id, *(each.id for each in other.absorbed)]):
        return True
    return all(_is_other(one, evidence) for evidence in other.evidences)


def _is_other(paper: PendingPaper, evidence: Evidence) -> bool:
    """Return whether this evidence is of another paper: whether it contradicts all that is known of the paper."""
    return all(contradict(known, evidence) for known in _usable(paper, evidence))


def _usable(paper: PendingPaper, evidence: Evidence) -> list[Evidence]:
    """Return the evidences of a paper that a listing may be compared with.

    They are all of them, unless the arXiv id of a paper that was merged by hand decides.
    """
    if not paper.is_curated:
        return [paper.evidence]
    arxiv_id = paper.shown.arxiv_id
    is_other = arxiv_id and evidence.paper.arxiv_id and arxiv_id != evidence.paper.arxiv_id
    return [] if is_other else paper.evidences


def _gained(before: PaperFacts, after: PaperFacts, upvotes_named: Sequence[int]) -> bool:
    """Return whether a missing text has arrived, or the upvotes have reached one of the numbers."""
    return gained_text(before, after) or reached(before.upvotes, after.upvotes, upvotes_named)


def reached(before: int | None, after: int | None, numbers: Sequence[int]) -> bool:
    """Return whether one of the ascending `numbers` is greater than `before` and at most `after`.

    Unknown upvotes (None) count as less than 0.
    """
    low, high = (-1 if count is None else count for count in (before, after))
    return bisect_right(numbers, low) < bisect_right(numbers, high)


def _proves(proof: Proof, known: Evidence, listed: Evidence, abstract: str) -> bool:
    """Return whether a proof that a paper and a listing have in common shows that they are one paper.

    A common DOI proves this, unless the arXiv ids differ. A common link or abstract proves it if the two do not
    contradict each other and the title is not short. With a short title, the authors must be the same too, because the
    link may be that of a journal, and a short abstract may be that of several papers. If the common abstract is long,
    the authors need not be known.
    """
    if proof.kind is ProofKind.DOI:
        return known.paper.arxiv_id in (None, listed.paper.arxiv_id) or listed.paper.arxiv_id is None
    if contradict(known, listed):
        return False
    if not proof.is_short:
        return True
    if known.paper.authors and listed.paper.authors and same_authors(known.author_names, listed.author_names):
        return True
    return proof.kind is ProofKind.ABSTRACT and abstract.count(" ") + 1 >= IDENTIFYING_ABSTRACT


def _id_order(paper: PendingPaper) -> tuple[bool, bool, str]:
    """Return a sort key that puts papers without an arXiv id first, and then ids of the old scheme, `math/0601001`."""
    arxiv_id = paper.shown.arxiv_id or ""
    return bool(arxiv_id), "/" not in arxiv_id, arxiv_id
