"""Which papers a digest holds, and in which section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from notifier.models import Item, Paper, Section, Spans, Subscription, merged

PAPERS = 30  # shown in one digest, where the config says nothing else

Matched = Sequence[tuple[Subscription, Sequence[Paper]]]
Marks = Callable[[Subscription, Paper], Spans]


@dataclass(frozen=True, slots=True)
class Selection:
    """A digest's content: its sections in the order of the subscriptions, and the papers beyond its limit."""

    sections: tuple[Section, ...]
    rest: tuple[Item, ...]


def select(matched: Matched, held: Container[int], marks: Marks, limit: int = PAPERS) -> Selection | None:
    """Share `limit` places among the subscriptions' papers; None where there is nothing new to tell.

    `matched` gives each subscription its papers, best first; a paper stands in the first subscription that matched it,
    and the others are named in its `also`. Papers whose id is in `held` are left out. Places are dealt like cards: each
    section in turn gets its best paper left, so that a short section is shown whole and no long one crowds it out. The
    papers that get no place are `rest`, in the order in which they would have been dealt, without marks.
    """
    matching, hands = _hands(matched, held)
    if not matching:
        return None
    turns = [(place, paper) for turn in zip_longest(*hands) for place, paper in enumerate(turn) if paper]
    shares = Counter(place for place, _ in turns[:limit])
    sections = tuple(
        Section(
            subscription.label,
            tuple(_item(paper, matching[paper.id], marks) for paper in hand[: shares[place]]),
            subscription.id,
        )
        for place, ((subscription, _), hand) in enumerate(zip(matched, hands, strict=True))
        if shares[place]
    )
    return Selection(sections, tuple(Item(paper.id, paper.upvotes) for _, paper in turns[limit:]))


def _hands(matched: Matched, held: Container[int]) -> tuple[dict[int, list[Subscription]], list[list[Paper]]]:
    """By paper id the subscriptions that matched it, in order; and per subscription the papers that it is first to."""
    matching: dict[int, list[Subscription]] = {}
    hands: list[list[Paper]] = []
    for subscription, papers in matched:
        hand = []
        for paper in papers:
            if paper.id in matching:
                matching[paper.id].append(subscription)
            elif paper.id not in held:
                matching[paper.id] = [subscription]
                hand.append(paper)
        hands.append(hand)
    return matching, hands


def _item(paper: Paper, subscriptions: Sequence[Subscription], marks: Marks) -> Item:
    spans = [marks(subscription, paper) for subscription in subscriptions]
    label = subscriptions[0].label
    also = dict.fromkeys(other.label for other in subscriptions[1:] if other.label != label)
    return Item(paper.id, paper.upvotes, _merged(spans), tuple(also))


def _merged(spans: Sequence[Spans]) -> Spans:
    if len(spans) == 1:
        return spans[0]
    return Spans(merged(s for each in spans for s in each.title), merged(s for each in spans for s in each.abstract))


def add_unsent(new: Selection | None, unsent: Sequence[Selection], limit: int = PAPERS) -> Selection | None:
    """`new` with the papers of `unsent` digests, the oldest first, each once; None where there are none at all.

    They follow the new ones, in the sections of the same subscriptions; what goes beyond `limit` joins the rest.
    """
    if not unsent:
        return new
    sections = list(new.sections) if new else []
    rest = list(new.rest) if new else []
    told = {item.paper_id for item in _items(sections, rest)}
    shown = sum(len(section.items) for section in sections)
    for section, item in _older(unsent):
        if item.paper_id in told:
            continue
        told.add(item.paper_id)
        if section is None or shown >= limit:
            rest.append(Item(item.paper_id, item.upvotes))
        else:
            _append(sections, section, item)
            shown += 1
    return Selection(tuple(sections), tuple(rest))


def _items(sections: Iterable[Section], rest: Iterable[Item]) -> Iterator[Item]:
    for section in sections:
        yield from section.items
    yield from rest


def _older(unsent: Sequence[Selection]) -> Iterator[tuple[Section | None, Item]]:
    """All items with their sections, those of the rests last."""
    for digest in unsent:
        for section in digest.sections:
            yield from ((section, item) for item in section.items)
    for digest in unsent:
        yield from ((None, item) for item in digest.rest)


def _append(sections: list[Section], like: Section, item: Item) -> None:
    """Put an item into the section of the same subscription as `like`, which is made where there is none."""
    for place, section in enumerate(sections):
        if (section.subscription_id, section.label) == (like.subscription_id, like.label):
            sections[place] = replace(section, items=(*section.items, item))
            return
    sections.append(replace(like, items=(item,)))
