"""Read and change the state of papers that curators control, and keep the log of these changes.

The state of a paper has several aspects, which do not depend on each other: whether it is pinned, and how; whether it
is hidden; what of it was corrected; and whether it was merged into another paper. An entry of the log is about one
aspect, and holds its state before and after as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from notifier.models import ERASED, Curation, Pin
from notifier.store import hand_merges, hidden_papers, parting, pins, tags
from notifier.store.statements import batches, insert_into
from notifier.store.tables import LARGEST_ID, correction, curation, dump, hidden_paper, paper, topic, topic_correction

_MERGING = ("merge", "part")  # the state before or after is the id of the paper that stays

State = Any  # what JSON can hold: see `state_of`

# Values that change whenever a dump is ingested, a curator changes something, an administrator changes a topic, or
# another catalogue begins or ends to tag papers again.
_NEWEST = (func.max(dump.c.id), func.max(curation.c.id), func.max(topic.c.revision))
STATE = select(
    *(select(each).scalar_subquery() for each in (*_NEWEST, func.min(paper.c.tagged_by), func.max(paper.c.tagged_by)))
)


def papers_state(connection: Connection) -> tuple[object, ...]:
    """Return values that change whenever a dump is ingested, or somebody changes something about papers or topics."""
    return tuple(connection.execute(STATE).one())


def state_of(connection: Connection, aspect: str, paper_id: int, like: State = None) -> State:
    """Return the state of one aspect of a paper, in a form that JSON holds.

    For `pin`, it is the pin or null; for `hidden`, whether the paper is hidden; for `merged`, the id of the paper into
    which it was merged, or null. For `corrections`, it has the same fields and topics as `like`: the title and the link
    by name, and the topics by slug. A field or a topic that was not corrected is null.
    """
    if aspect == "pin":
        found = pins.pin_of(connection, paper_id)
        return {**found._asdict(), "day": str(found.day), "pinned_at": found.pinned_at.isoformat()} if found else None
    if aspect == "hidden":
        return connection.scalar(select(hidden_paper.c.paper_id).where(hidden_paper.c.paper_id == paper_id)) is not None
    if aspect == "merged":
        return hand_merges.merged_into(connection, paper_id)
    return _corrections(connection, paper_id, like)


def _corrections(connection: Connection, paper_id: int, like: State) -> State:
    row, changed = correction.c, topic_correction.c
    fields = dict(connection.execute(select(row.field, row.value).where(row.paper_id == paper_id)).all())
    topics = dict(connection.execute(select(changed.slug, changed.is_added).where(changed.paper_id == paper_id)).all())
    found: dict[str, Any] = {name: fields.get(name) for name in like if name != "topics"}
    if "topics" in like:
        found["topics"] = {slug: topics.get(slug) for slug in like["topics"]}
    return found


def set_state(connection: Connection, aspect: str, paper_id: int, state: State, now: datetime) -> None:
    """Change one aspect of a paper to a state as `state_of` returns it. The ingest lock must be held."""
    match aspect, state:
        case "pin", None:
            pins.remove(connection, paper_id)
        case "pin", pin:
            day, pinned_at = date.fromisoformat(pin["day"]), datetime.fromisoformat(pin["pinned_at"])
            pins.put(connection, paper_id, Pin(day, pin["note"], pin["name"], pinned_at), now)
        case "hidden", True:
            hidden_papers.hide(connection, paper_id, now)
        case "hidden", _:
            hidden_papers.unhide(connection, paper_id)
        case "merged", None:
            parting.part(connection, paper_id)
            pins.begin_due(connection, now)
        case "merged", into_id:
            hand_merges.merge(connection, paper_id, into_id)
        case _:
            if fields := {name: value for name, value in state.items() if name != "topics"}:
                hand_merges.correct(connection, paper_id, fields)
            _set_topics(connection, paper_id, state.get("topics", {}))


def _set_topics(connection: Connection, paper_id: int, topics: Mapping[str, bool | None]) -> None:
    row = topic_correction.c
    for slug, is_added in topics.items():
        if is_added is None:
            connection.execute(delete(topic_correction).where(row.paper_id == paper_id, row.slug == slug))
        else:
            new = insert_into(connection.dialect, topic_correction).values(
                paper_id=paper_id, slug=slug, is_added=is_added
            )
            connection.execute(
                new.on_conflict_do_update(index_elements=["paper_id", "slug"], set_={"is_added": is_added})
            )
    if topics:
        tags.apply_corrections(connection, [paper_id])
        if None in topics.values():
            tags.forget(connection, paper_id)


def add_entry(connection: Connection, entry: Curation) -> int:
    """Add an entry to the log, and return its id; the id of `entry` is not used."""
    values = {**entry.stored_fields(), "before": json.dumps(entry.before), "after": json.dumps(entry.after)}
    added: int = connection.execute(insert(curation).values(values).returning(curation.c.id)).scalar_one()
    return added


def entries(
    connection: Connection, limit: int | None, before_id: int | None = None, paper_id: int | None = None
) -> list[Curation]:
    """Return at most `limit` entries of the log, the newest first; with `before_id`, only older ones.

    With `paper_id`, only those of one paper are returned, among them those that merged another paper into it.
    """
    wanted = select(curation).order_by(curation.c.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(curation.c.id < before_id)
    if paper_id is not None:
        row, other = curation.c, json.dumps(paper_id)
        is_merged = row.action.in_(_MERGING) & or_(row.before == other, row.after == other)
        wanted = wanted.where(or_(row.paper_id == paper_id, is_merged))
    return _with_undone(connection, connection.execute(wanted).all())


def entry_of(connection: Connection, entry_id: int) -> Curation | None:
    """Return an entry of the log; None if there is none with this id."""
    rows = connection.execute(select(curation).where(curation.c.id == min(max(entry_id, 0), LARGEST_ID))).all()
    return next(iter(_with_undone(connection, rows)), None)


def rows_of_actor(connection: Connection, actor: str) -> Sequence[Row[Any]]:
    """Return the rows of the log about what the curator with this address has done, the oldest first."""
    return connection.execute(select(curation).where(curation.c.actor == actor).order_by(curation.c.id)).all()


def rename_actor(connection: Connection, actor: str, new: str) -> None:
    """Replace the address of a curator in the log, because it has changed."""
    connection.execute(update(curation).where(curation.c.actor == actor).values(actor=new))


def forget_actor(connection: Connection, actor: str) -> None:
    """Remove the address of a curator from the log, because they were erased."""
    rename_actor(connection, actor, ERASED)


def _undone(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return those of these entries that are undone, each with the entry that has undone it.

    An entry does not count as undone if the entry that has undone it was itself undone.
    """
    found: dict[int, int] = {}
    row = curation.c
    for batch in batches(ids):
        undoing = select(row.undoes, row.id).where(row.undoes.in_(batch)).order_by(row.id)
        found.update(connection.execute(undoing).all())
    again = _undone(connection, list(found.values())) if found else {}
    return {number: by for number, by in found.items() if by not in again}


def _with_undone(connection: Connection, rows: Sequence[Row[Any]]) -> list[Curation]:
    """Return the entries of rows of the log, each with the id of the entry that has undone it."""
    undone = _undone(connection, [row.id for row in rows])
    return [
        Curation(
            **{**row._mapping, "before": json.loads(row.before), "after": json.loads(row.after)},
            undone_by=undone.get(row.id),
        )
        for row in rows
    ]
