"""Choose the papers of digests: those that match and are new to the subscriber, as far as they fit into a mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from notifier import topics
from notifier.config import Config
from notifier.digests import items, periods, selection, subjects
from notifier.digests.selection import add_unsent
from notifier.digests.size_limit import without
from notifier.errors import ComposeError
from notifier.models import Paper, Pin, PinNote, Section, Subscriber, Subscription
from notifier.pipeline import left_over_papers
from notifier.pipeline.candidates import Candidates, MatchedPapers
from notifier.pipeline.subjects import best_titles
from notifier.pipeline.tastes import PersonalOrder, read_orders
from notifier.store import expiring, outbox, papers
from notifier.store.expiring import UnsentDigest
from notifier.store.hidden_papers import all_hidden
from notifier.subscribers import calendars

TRENDING_PAPERS = 10

DueSlot = tuple[Subscriber, calendars.Slot]  # a subscriber who is due, and the slot of their digest


@dataclass(frozen=True, slots=True)
class PlannedDigest:
    """The digest that one subscriber is to get for one period.

    `selection` is None if there is nothing new for them; `subject` is empty then. `unsent` are the subscriber's earlier
    digests that were never sent, whose papers the selection includes. `left_over` holds the papers that do not fit into
    the digest, and `waiting` is their number. `is_new` is false if the papers are shown although earlier digests may
    have held them.
    """

    subscriber: Subscriber
    slot: calendars.Slot
    selection: selection.Selection | None
    unsent: tuple[UnsentDigest, ...] = ()
    left_over: str = ""
    waiting: int = 0
    is_new: bool = True
    subject: str = ""

    @property
    def papers(self) -> int:
        """The number of papers in the digest."""
        if self.selection is None:
            return 0
        return len(self.selection.items)


def choose(
    connection: Connection, candidates: Candidates, slots: Sequence[DueSlot], config: Config
) -> list[PlannedDigest]:
    """Choose the papers and the subject of the digest that each of these subscribers is to get."""
    planned = choose_papers(connection, candidates, slots, config)
    return _with_subjects(connection, candidates, planned, config.digest.subject)


def choose_papers(
    connection: Connection, candidates: Candidates, slots: Sequence[DueSlot], config: Config
) -> list[PlannedDigest]:
    """Choose the papers of the digest that each of these subscribers is to get, as far as they fit into a mail."""
    matched = {subscriber.id: matched_papers(candidates, subscriber) for subscriber, _ in slots}
    held = _held_papers(connection, candidates, matched)
    orders = read_orders(connection, [subscriber for subscriber, _ in slots], matched, candidates.papers)
    limit, notes = config.digest.papers, notes_of(candidates.pins)
    planned = []
    for subscriber, slot in slots:
        order = orders.of(subscriber, limit, candidates.pins)
        new = new_papers(matched[subscriber.id], held[subscriber.id], candidates.pins, order)
        chosen = selection.select(new, held[subscriber.id], candidates.words, limit, pins=notes, arrange=order.arranged)
        planned.append(PlannedDigest(subscriber, slot, chosen))
    complete = _with_earlier(connection, planned, config.digest.papers)
    return _fitting(connection, candidates, complete, config.mail.title_search)


def _with_earlier(connection: Connection, planned: list[PlannedDigest], limit: int) -> list[PlannedDigest]:
    """Return the planned digests with the papers that were left over and those of the subscribers' unsent digests.

    Papers that were hidden since are left out.

    If an unsent digest cannot be read, its subscriber is left out for now, so that the other subscribers are planned.
    `deliver` marks the unreadable digest as FAILED.
    """
    waiting = left_over_papers.waiting(connection, [digest.subscriber for digest in planned])
    unsent = expiring.unsent_digests(connection, [digest.subscriber.id for digest in planned])
    hidden = all_hidden(connection)
    complete = []
    for digest in planned:
        if digest.subscriber.left_over and digest.subscriber.id not in waiting:
            continue  # it cannot be read
        earlier = unsent.get(digest.subscriber.id, ())
        with suppress(ComposeError):
            selections = [selection.Selection(*items.decode(each.items)) for each in earlier]
            if digest.subscriber.id in waiting:
                selections.insert(0, waiting[digest.subscriber.id])
            selections = [without(each, hidden) for each in selections] if hidden else selections
            rolled = add_unsent(digest.selection, selections, limit)
            complete.append(replace(digest, selection=rolled, unsent=earlier))
    return complete


def fitted_with_subjects(
    connection: Connection, candidates: Candidates, planned: Sequence[PlannedDigest], config: Config
) -> list[PlannedDigest]:
    """Return the planned digests with the papers that fit, and with their subjects."""
    fitting = _fitting(connection, candidates, planned, config.mail.title_search)
    return _with_subjects(connection, candidates, fitting, config.digest.subject)


def _fitting(
    connection: Connection, candidates: Candidates, planned: Sequence[PlannedDigest], search: str
) -> list[PlannedDigest]:
    """Return the planned digests, each with the papers that its mail can list; the others are left over."""
    selections = [digest.selection for digest in planned if digest.selection]
    found = iter(left_over_papers.fit_all(connection, candidates, selections, search))
    fitting = []
    for digest in planned:
        if digest.selection is None:
            fitting.append(replace(digest, left_over="", waiting=0))
            continue
        kept, left = next(found)
        origins = _origins(candidates, digest.subscriber, left)
        text = left_over_papers.text_of(digest.selection, left, origins)
        fitting.append(replace(digest, selection=kept, left_over=text, waiting=len(left)))
    return fitting


def _origins(candidates: Candidates, subscriber: Subscriber, left: Collection[int]) -> dict[int, Section]:
    """Return, for the ids in `left`, an empty section for the first subscription that matched the paper."""
    found: dict[int, Section] = {}
    if not left:
        return found
    for subscription, matched in reversed(matched_papers(candidates, subscriber)):
        section = Section(subscription.label, (), subscription.id)
        found |= {paper.id: section for paper in matched if paper.id in left}
    return found


def _with_subjects(
    connection: Connection, candidates: Candidates, planned: Sequence[PlannedDigest], pattern: str
) -> list[PlannedDigest]:
    """Return the planned digests with their subjects, by the pattern of the config."""
    selections = [digest.selection for digest in planned if digest.selection]
    titles = iter(best_titles(connection, candidates, selections))
    return [
        replace(digest, subject=_subject(digest, next(titles), pattern)) if digest.selection else digest
        for digest in planned
    ]


def _subject(digest: PlannedDigest, title: str, pattern: str) -> str:
    wording = periods.wording_of(digest.slot.period, digest.slot.local_date) if digest.is_new else periods.EARLIER
    return subjects.subject(pattern, digest.papers, title, wording.subject, are_new=digest.is_new)


def matched_papers(candidates: Candidates, subscriber: Subscriber) -> MatchedPapers:
    """Return the papers after the subscriber's cursor that each of their subscriptions matches."""
    return [
        (each, [paper for paper in candidates.papers_for(each) if paper.sequence > subscriber.cursor])
        for each in subscriber.subscriptions
    ]


def new_papers(matched: MatchedPapers, held: set[int], pins: Mapping[int, Pin], order: PersonalOrder) -> MatchedPapers:
    """Return the matched papers that no earlier digest holds; of the topics `trending` and `for-you` the best ones.

    For the topics `all` and `trending`, the papers that are pinned come first.
    """
    new = [(each, [paper for paper in found if paper.id not in held]) for each, found in matched]
    return [(each, _best(each, found, pins, order)) for each, found in new]


def _best(subscription: Subscription, found: list[Paper], pins: Mapping[int, Pin], order: PersonalOrder) -> list[Paper]:
    match subscription.topic:
        case topics.ALL:
            return pinned_first(found, pins)
        case topics.TRENDING:
            return pinned_first(found, pins)[:TRENDING_PAPERS]
        case topics.FOR_YOU:
            return order.best(found)
        case _:
            return found


def notes_of(pins: Mapping[int, Pin]) -> dict[int, PinNote]:
    """Return the notes of pins, by paper id."""
    return {number: PinNote(pin.note, pin.name) for number, pin in pins.items()}


def pinned_first(found: list[Paper], pins: Mapping[int, Pin]) -> list[Paper]:
    """Return papers with the pinned ones first: those pinned to the newest day, in the order in which they were pinned.

    All others stay in their order.
    """
    if not pins:
        return found

    def order(paper: Paper) -> tuple[int, datetime, int]:
        pin = pins[paper.id]
        return -pin.day.toordinal(), pin.pinned_at, paper.id

    pinned = sorted((paper for paper in found if paper.id in pins), key=order)
    return [*pinned, *(paper for paper in found if paper.id not in pins)]


def _held_papers(
    connection: Connection, candidates: Candidates, matched: Mapping[int, MatchedPapers]
) -> dict[int, set[int]]:
    """Return, by subscriber id, the ids of the candidates that the subscriber's earlier digests hold.

    Only a paper that is announced again can be both after the cursor and in an earlier digest. So earlier digests are
    read only for subscribers who match such a paper.
    """
    held: dict[int, set[int]] = {subscriber_id: set() for subscriber_id in matched}
    in_doubt = [subscriber_id for subscriber_id, each in matched.items() if candidates.has_announced_again(each)]
    if in_doubt:
        earlier = outbox.items_since(connection, in_doubt, candidates.announced_again_since)
        for subscriber_id, texts in earlier.items():
            ids = set().union(*map(items.paper_ids, texts))
            # A paper may have been merged into another since the candidates were read, so the earlier ids count too.
            held[subscriber_id] = (ids | papers.current_ids(connection, ids)) & candidates.announced_again
    return held
