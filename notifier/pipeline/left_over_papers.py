"""Keep the papers that did not fit into a digest in the subscriber's row, and include them in the next digest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from notifier.digests import items
from notifier.digests.selection import Selection
from notifier.digests.size_limit import fitted, line_bytes, pin_bytes
from notifier.errors import ComposeError
from notifier.models import Item, Section, Subscriber
from notifier.pipeline.candidates import Candidates
from notifier.store import outbox, papers

_BEFORE_ALL_DIGESTS = datetime(1970, 1, 1, tzinfo=UTC)


def waiting(connection: Connection, batch: Iterable[Subscriber]) -> dict[int, Selection]:
    """Return, by subscriber id, the papers that wait for the next digests of these subscribers.

    Papers of subscriptions that have ended are left out, and papers that are not stored any more. So are papers that
    were merged with a paper that the subscriber got. A subscriber whose papers cannot be read is left out.
    """
    found: dict[int, Selection] = {}
    for one in batch:
        if one.left_over:
            with suppress(ComposeError):
                found[one.id] = _of_current(one, Selection(*items.decode(one.left_over)))
    if not found:
        return {}
    stored = papers.papers_by_id(connection, {item.paper_id for each in found.values() for item in each.items})
    current = {paper_id: paper.id for paper_id, paper in stored.items()}
    merged = {paper_id for paper_id, now in current.items() if paper_id != now}
    in_doubt = [number for number, each in found.items() if any(item.paper_id in merged for item in each.items)]
    sent = _papers_sent(connection, in_doubt)
    return {number: _as_stored(each, current, sent.get(number, set())) for number, each in found.items()}


def _of_current(subscriber: Subscriber, left_over: Selection) -> Selection:
    """Return what was left over without the sections of subscriptions that the subscriber has ended."""
    kept = {each.id for each in subscriber.subscriptions}
    return replace(left_over, sections=tuple(each for each in left_over.sections if each.subscription_id in kept))


def _papers_sent(connection: Connection, subscriber_ids: Sequence[int]) -> dict[int, set[int]]:
    """Return, by subscriber id, the ids of all papers in their digests, as they are stored now."""
    texts = outbox.items_since(connection, subscriber_ids, _BEFORE_ALL_DIGESTS) if subscriber_ids else {}
    ids = {number: set[int]().union(*map(items.paper_ids, each)) for number, each in texts.items()}
    return {number: each | papers.current_ids(connection, each) for number, each in ids.items()}


def _as_stored(left_over: Selection, current: Mapping[int, int], sent_ids: set[int]) -> Selection:
    """Return a selection with the current ids of its papers, each once, without those in `sent_ids`."""
    seen = set(sent_ids)

    def with_current_ids(old_items: Iterable[Item]) -> tuple[Item, ...]:
        found = []
        for item in old_items:
            paper_id = current.get(item.paper_id)
            if paper_id is not None and paper_id not in seen:
                seen.add(paper_id)
                found.append(item._replace(paper_id=paper_id))
        return tuple(found)

    sections = [replace(each, items=with_current_ids(each.items)) for each in left_over.sections]
    return Selection(tuple(each for each in sections if each.items), with_current_ids(left_over.rest))


def fit_all(
    connection: Connection, candidates: Candidates, selections: Iterable[Selection], search: str
) -> list[tuple[Selection, frozenset[int]]]:
    """Return, for each selection, the part that fits into one digest, and the ids of the papers that do not fit.

    `search` is the URL of a search, with which a paper without a link of its own is found by its title.
    """
    chosen = list(selections)
    sizes = candidates.line_bytes(search)
    others = {item.paper_id for each in chosen for item in each.items} - sizes.keys()
    stored = papers.papers_by_id(connection, others) if others else {}
    sizes = {**sizes, **{number: line_bytes(paper, search) for number, paper in stored.items()}} if others else sizes
    listed = _size_by(sizes)
    return [fitted(each, listed) for each in chosen]


def _size_by(sizes: Mapping[int, int]) -> Callable[[Item], int]:
    def size(item: Item) -> int:
        listed = sizes.get(item.paper_id, 0)  # a paper that is not stored any more takes no room
        return listed + pin_bytes(item) if item.pin and listed else listed

    return size


def text_of(selection: Selection, paper_ids: Collection[int], origins: Mapping[int, Section]) -> str:
    """Return the text with which the subscriber's row stores these papers; empty if there are none.

    `origins` gives the section in which a paper would be if there were no limit. The section is stored with the paper,
    so that the paper is dropped if its subscription ends before the next digest.
    """
    if not paper_ids:
        return ""
    inside = {item.paper_id: section for section in selection.sections for item in section.items}
    placed: dict[tuple[str, int | None], list[Item]] = {}
    rest: list[Item] = []
    for item in selection.items:
        if item.paper_id in paper_ids:
            section = inside.get(item.paper_id) or origins.get(item.paper_id)
            group = placed.setdefault((section.label, section.subscription_id), []) if section else rest
            group.append(item)
    sections = [Section(label, tuple(found), number) for (label, number), found in placed.items()]
    return items.encode(tuple(sections), tuple(rest))
