"""Choose which papers a digest holds, and in which section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, zip_longest
from typing import NamedTuple

from notifier.models import Item, MarkedWords, Paper, PinNote, Section, Spans, Subscription

DEFAULT_LIMIT = 30  # papers in the sections of one digest

MatchedPapers = Sequence[tuple[Subscription, Sequence[Paper]]]
WordsToMark = Callable[[Subscription, Paper], MarkedWords]
PinNotes = Mapping[int, PinNote]  # by paper id

_NO_PINS: PinNotes = {}
_NO_SPANS = Spans()


class Arranged(NamedTuple):
    """The papers of a section in the order of a subscriber, with what the section and its papers say about it.

    `because` maps the id of a paper to the title of the liked paper that moved it up or chose it.
    """

    papers: Sequence[Paper]
    because: Mapping[int, str] = {}
    note: str = ""


Arrange = Callable[[Subscription, Sequence[Paper]], Arranged]


@dataclass(frozen=True, slots=True)
class Selection:
    """The papers of a digest: sections in the order of the subscriptions, and the papers beyond the limit."""

    sections: tuple[Section, ...]
    rest: tuple[Item, ...]

    @property
    def items(self) -> list[Item]:
        """All items, those in sections first."""
        return [*chain.from_iterable(section.items for section in self.sections), *self.rest]


def as_matched(_subscription: Subscription, papers: Sequence[Paper]) -> Arranged:
    """Leave the papers of a section in the order in which they were matched."""
    return Arranged(papers)


def select(  # noqa: PLR0913 - what a digest depends on
    matched: MatchedPapers,
    held: Container[int],
    words: WordsToMark,
    limit: int = DEFAULT_LIMIT,
    *,
    pins: PinNotes = _NO_PINS,
    arrange: Arrange = as_matched,
) -> Selection | None:
    """Choose the papers of a digest, or return None if no matched paper is new.

    `matched` gives each subscription with the papers that it matched, best first. Papers whose id is in `held` are left
    out, because earlier digests held them. `words` returns the words of a paper to mark for a subscription. `pins` are
    the notes of pinned papers.

    A paper is placed in the section of the first subscription that matched it. The `also` of its item holds the labels
    of the other subscriptions. `arrange` orders the papers of each section. The sections take turns: each in turn gets
    its best remaining paper, until `limit` papers are placed. So a long section cannot take the places of the papers of
    a short one. The papers beyond the limit form the rest, in the order in which they would have been placed, and
    without marks.
    """
    matching, by_section = _assign(matched, held)
    if not matching:
        return None
    arranged = [arrange(subscription, papers) for (subscription, _), papers in zip(matched, by_section, strict=True)]
    by_turn = zip_longest(*[each.papers for each in arranged])
    in_turn = [(place, paper) for turn in by_turn for place, paper in enumerate(turn) if paper]
    shown = Counter(place for place, _ in in_turn[:limit])

    def item(paper: Paper, because: str) -> Item:
        return _item(paper, matching[paper.id], words, pins.get(paper.id), because)

    sections = tuple(
        Section(
            subscription.label,
            tuple(item(paper, each.because.get(paper.id, "")) for paper in each.papers[: shown[place]]),
            subscription.id,
            each.note,
        )
        for place, ((subscription, _), each) in enumerate(zip(matched, arranged, strict=True))
        if shown[place]
    )
    rest = tuple([_bare_item(paper.id, paper.upvotes, paper.votes, pins.get(paper.id)) for _, paper in in_turn[limit:]])
    return Selection(sections, rest)


def _assign(matched: MatchedPapers, held: Container[int]) -> tuple[dict[int, list[Subscription]], list[list[Paper]]]:
    """Assign each new paper to the first subscription that matched it.

    Returns the subscriptions that matched each paper, by paper id and in order, and the papers of each subscription's
    section.
    """
    matching: dict[int, list[Subscription]] = {}
    by_section: list[list[Paper]] = []
    for subscription, papers in matched:
        section = []
        for paper in papers:
            if paper.id in matching:
                matching[paper.id].append(subscription)
            elif paper.id not in held:
                matching[paper.id] = [subscription]
                section.append(paper)
        by_section.append(section)
    return matching, by_section


def _item(
    paper: Paper, subscriptions: Sequence[Subscription], words: WordsToMark, pin: PinNote | None, because: str
) -> Item:
    found = [words(subscription, paper) for subscription in subscriptions]
    label = subscriptions[0].label
    also = tuple(dict.fromkeys(other.label for other in subscriptions[1:] if other.label != label))
    return Item(paper.id, paper.upvotes, _NO_SPANS, also, _merged(found), paper.votes, pin, because)


@lru_cache(1 << 12)  # the rests of many digests hold the same papers
def _bare_item(paper_id: int, upvotes: int | None, votes: int, pin: PinNote | None) -> Item:
    return Item(paper_id, upvotes, votes=votes, pin=pin)


def _merged(found: Sequence[MarkedWords]) -> MarkedWords:
    if len(found) == 1:
        return found[0]
    title, abstract = (tuple(dict.fromkeys(chain.from_iterable(field))) for field in zip(*found, strict=True))
    return MarkedWords(title, abstract)


def add_unsent(new: Selection | None, unsent: Sequence[Selection], limit: int = DEFAULT_LIMIT) -> Selection | None:
    """Return a selection with the papers of `new`, followed by those of digests that were never sent.

    `unsent` are the selections of these digests, oldest first. No paper is added twice. A paper that was in a section
    is added to the section of the same subscription, until `limit` papers are in sections. All other papers are added
    to the beginning of the rest, without marks, since they have waited longest. What the unsent digests said about the
    subscriber's taste is left out, because these papers are not ordered by taste here, and the taste may have changed.
    Returns `new` if `unsent` holds no papers.
    """
    if not any(each.items for each in unsent):
        return new
    sections = list(new.sections) if new else []
    rest: list[Item] = []
    added = {item.paper_id for item in new.items} if new else set()
    shown = sum(len(section.items) for section in sections)
    for section, item in _unsent_items(unsent):
        if item.paper_id in added:
            continue
        added.add(item.paper_id)
        if section is None or shown >= limit:
            rest.append(item.bare)
        else:
            _append(sections, section, item._replace(because=""))
            shown += 1
    return Selection(tuple(sections), (*rest, *(new.rest if new else ())))


def _unsent_items(unsent: Sequence[Selection]) -> Iterator[tuple[Section | None, Item]]:
    """Yield all items in sections, each with its section, and then all items of the rests, each with None."""
    for digest in unsent:
        for section in digest.sections:
            yield from ((section, item) for item in section.items)
    for digest in unsent:
        yield from ((None, item) for item in digest.rest)


def _append(sections: list[Section], like: Section, item: Item) -> None:
    """Append an item to the section of the same subscription as `like`, adding such a section if there is none."""
    for place, section in enumerate(sections):
        if _are_of_one_subscription(section, like):
            sections[place] = replace(section, items=(*section.items, item))
            return
    sections.append(replace(like, items=(item,), note=""))


def _are_of_one_subscription(one: Section, other: Section) -> bool:
    """Return whether two sections are of the same subscription; its label may have changed between them."""
    if one.subscription_id is None:
        return other.subscription_id is None and one.label == other.label
    return one.subscription_id == other.subscription_id
