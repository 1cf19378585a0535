"""Merge two papers by hand, and part papers that were merged by hand.

Everything that a merged paper had is kept, so that it can be parted again: its row, listings, identities, keys, votes,
feedback, pin and corrections. Later dumps complete its facts if they give its arXiv id; what else has come since the
merge stays with the other paper.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, insert, select, update

from notifier.errors import UsageError
from notifier.papers.pending import PendingPaper
from notifier.store import paper_tokens, votes
from notifier.store.curated_papers import (
    decode_values,
    encode_values,
    forget_pairs,
    move_pairs,
    part_pair,
    parted_from,
    store_corrected_identities,
    store_facts,
    store_merged,
    write_facts,
)
from notifier.store.ingest import merge_rows, pending_papers, tokenised_paper, update_papers
from notifier.store.papers import locked
from notifier.store.statements import insert_into
from notifier.store.tables import (
    correction,
    dump_facts,
    feedback,
    hidden_paper,
    listing,
    paper,
    paper_alias,
    paper_title,
    pin,
    subscriber,
    topic_correction,
    vote,
)

_OWN_TABLES = (pin, hidden_paper, correction, topic_correction)  # their rows are kept, and do not move
_REACTIONS = {vote: "voted_on", feedback: "given_at"}  # and the columns that tell their rows apart
_PIN_VALUES = ("day", "note", "name", "pinned_at")


def correct(connection: Connection, paper_id: int, values: Mapping[str, str | None]) -> None:
    """Give the title or the link of a paper a value, or with None the one that the dumps give. Hold the ingest lock."""
    (pending,) = pending_papers(connection, [paper_id])
    for name, value in values.items():
        if value is None:
            pending.corrections.pop(name, None)
            connection.execute(delete(correction).where(correction.c.paper_id == paper_id, correction.c.field == name))
        else:
            pending.corrections[name] = value
            new = insert_into(connection.dialect, correction).values(paper_id=paper_id, field=name, value=value)
            connection.execute(new.on_conflict_do_update(index_elements=["paper_id", "field"], set_={"value": value}))
    _rewrite(connection, pending)


def merge(connection: Connection, paper_id: int, into_id: int) -> None:
    """Merge a paper into another one. The ingest lock must be held.

    Raises UsageError if both have an arXiv id, because two arXiv ids are never one paper.
    """
    both = {each.id: each for each in pending_papers(connection, [paper_id, into_id])}
    merged, into = both[paper_id], both[into_id]
    if merged.shown.arxiv_id and into.shown.arxiv_id:
        raise UsageError(
            f"{merged.key} and {into.key} are two papers of arXiv, which cannot be merged; hide one of them instead"
        )
    locked(connection, [paper_id, into_id])
    kept = _kept(connection, merged, into)
    keys = paper_tokens.drop(connection, [paper_id, into_id])
    forget_pairs(connection, paper_id, into_id)
    move_pairs(connection, paper_id, into_id)
    has_pin = connection.scalar(select(exists().where(pin.c.paper_id == into_id)))
    for table in _OWN_TABLES:
        if table is pin and not has_pin:
            connection.execute(update(pin).where(pin.c.paper_id == paper_id).values(paper_id=into_id))
        connection.execute(delete(table).where(table.c.paper_id == paper_id))
    parts = [*merged.parts]
    into.parts |= {paper_id: merged.facts, **merged.parts}
    into.sequence = max(into.sequence, merged.sequence)
    into.key = into.shown.arxiv_id or into.key
    # Before the row is deleted, and with it the rows that refer to it.
    connection.execute(update(dump_facts).where(dump_facts.c.paper_id.in_(parts)).values(shown_by=into_id))
    merge_rows(connection, merged, into)
    store_facts(connection, into_id, into.facts)
    store_merged(connection, merged, into_id, json.dumps(kept))
    _add_alias(connection, into)
    _write(connection, into, keys)


def merged_into(connection: Connection, paper_id: int) -> int | None:
    """Return the id of the paper into which a curator has merged the one with this id; None if none has."""
    found: int | None = connection.scalar(select(dump_facts.c.merged_into).where(dump_facts.c.paper_id == paper_id))
    return found


def merged_id(connection: Connection, key: str) -> int | None:
    """Return the id that a paper had whose key was `key` when a curator merged it into another; None if none was."""
    row = dump_facts.c
    merged = select(row.paper_id).where(row.old_key == key, row.merged_into.is_not(None))
    found: int | None = connection.scalar(merged)
    return found


def keys_merged_into(connection: Connection, paper_id: int) -> list[str]:
    """Return the keys of the papers that a curator has merged into this one, in order."""
    row = dump_facts.c
    return list(connection.scalars(select(row.old_key).where(row.merged_into == paper_id).order_by(row.old_key)))


def part(connection: Connection, paper_id: int) -> None:
    """Part a paper from the one into which it was merged by hand; dumps will not join them. Hold the ingest lock."""
    row = dump_facts.c
    shown_by, text = connection.execute(select(row.shown_by, row.kept).where(row.paper_id == paper_id)).one()
    kept = json.loads(text)
    (into,) = pending_papers(connection, [shown_by])
    locked(connection, [shown_by])
    keys = paper_tokens.drop(connection, [shown_by])
    old = decode_values(kept["row"])
    facts = into.parts.pop(paper_id)
    parted = PendingPaper(facts, old["key"], old["first_seen"], old["sequence"], id=paper_id, stored=[facts])
    for number in _merged_parts(connection, paper_id):
        parted.parts[number] = into.parts.pop(number)
    parted.corrections = {each["field"]: each["value"] for each in kept["correction"]}
    if into.sequence == old["sequence"]:
        into.sequence = kept["into_sequence"]
    _restore_key(connection, into, old["key"])
    if not into.is_curated:
        connection.execute(delete(dump_facts).where(row.paper_id == shown_by))
    _write(connection, into, keys)
    _insert_row(connection, parted, old)
    _move_back(connection, kept, paper_id, shown_by)
    for table in _REACTIONS:
        _part_reactions(connection, table, kept[table.name], (paper_id, shown_by))
    votes.count(connection, [paper_id, shown_by])
    _restore_own_rows(connection, kept, shown_by)
    connection.execute(delete(dump_facts).where(row.paper_id == paper_id))
    if parted.is_curated:
        store_facts(connection, paper_id, parted.facts)
        connection.execute(update(dump_facts).where(row.paper_id.in_(parted.parts)).values(shown_by=paper_id))
    _write(connection, parted, {})
    stored = connection.scalars(select(paper.c.id).where(paper.c.id.in_([shown_by, *kept["parted"]])))
    for other in stored.all():
        part_pair(connection, paper_id, other)


def _rewrite(connection: Connection, pending: PendingPaper) -> None:
    """Write a paper that a curator has corrected."""
    assert pending.id is not None
    keys = paper_tokens.drop(connection, [pending.id])
    if pending.is_curated:
        store_facts(connection, pending.id, pending.facts)
    else:
        connection.execute(delete(dump_facts).where(dump_facts.c.paper_id == pending.id))
    _write(connection, pending, keys)


def _write(connection: Connection, pending: PendingPaper, keys: Mapping[int, int]) -> None:
    """Write the row of a paper, its identities and its tokens, which were dropped before."""
    update_papers(connection, [pending])
    write_facts(connection, [pending])
    store_corrected_identities(connection, pending)
    paper_tokens.add(connection, [tokenised_paper(pending)], keys)


def _kept(connection: Connection, merged: PendingPaper, into: PendingPaper) -> dict[str, Any]:
    """Return everything that is needed to part a paper again, as a document for JSON."""
    assert merged.id is not None and into.id is not None
    row = connection.execute(select(paper).where(paper.c.id == merged.id)).one()
    title = paper_title.c
    identities = connection.scalars(select(title.identity).where(title.paper_id == merged.id)).all()
    of_both = select(title.identity).where(title.paper_id == into.id, title.identity.in_(identities))
    aliases = select(paper_alias.c.old_key).where(paper_alias.c.paper_id == merged.id)
    return {
        "row": encode_values(dict(row._mapping)),
        "into_sequence": into.sequence,
        "listings": list(connection.scalars(select(listing.c.id).where(listing.c.paper_id == merged.id))),
        "identities": list(identities),
        "identities_of_both": list(connection.scalars(of_both)),
        "aliases": list(connection.scalars(aliases)),
        "parted": sorted(parted_from(connection, merged.id)),
        **{each.name: _rows(connection, each, merged.id) for each in _OWN_TABLES},
        **{
            table.name: {"own": _rows(connection, table, merged.id), "other": _rows(connection, table, into.id)}
            for table in _REACTIONS
        },
    }


def _rows(connection: Connection, table: Table, paper_id: int) -> list[dict[str, Any]]:
    found = connection.execute(select(table).where(table.c.paper_id == paper_id)).mappings()
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in each.items()}
        for each in found
    ]


def _values(table: Table, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row from what `_rows` has made of it."""
    return {name: _value(table, name, value) for name, value in kept.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type.python_type if name in ("day", "voted_on") else None
    if kind is date:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if name.endswith("_at") else value


def _merged_parts(connection: Connection, paper_id: int) -> list[int]:
    """Return the ids of the papers that were merged by hand into this one, also by way of others."""
    found: list[int] = []
    waiting = [paper_id]
    while waiting:
        merged = dump_facts.c.merged_into.in_(waiting)
        waiting = list(connection.scalars(select(dump_facts.c.paper_id).where(merged)))
        found += waiting
    return found


def _add_alias(connection: Connection, into: PendingPaper) -> None:
    """Let the key that a paper had lead to it, if it has got another one by a merge."""
    if into.key != into.first_key:
        own = {"old_key": into.first_key, "old_id": into.id, "paper_id": into.id}
        connection.execute(insert_into(connection.dialect, paper_alias).values(own).on_conflict_do_nothing())


def _restore_key(connection: Connection, into: PendingPaper, parted_key: str) -> None:
    """Give a paper its own key again, if it has the key of the paper that is parted from it."""
    row = paper_alias.c
    if into.key == parted_key:
        own = select(row.old_key).where(row.paper_id == into.id, row.old_id == into.id).order_by(row.old_key)
        into.key = connection.scalars(own).first() or into.key
        connection.execute(delete(paper_alias).where(row.old_key == into.key))
    connection.execute(delete(paper_alias).where(row.old_key == parted_key))


def _insert_row(connection: Connection, parted: PendingPaper, old: Mapping[str, Any]) -> None:
    """Insert the row that a paper had; `_write` then gives it its present facts."""
    taken = connection.scalar(select(exists().where(paper.c.sequence == parted.sequence)))
    if taken:  # another paper got it by a further merge
        parted.sequence = max(connection.scalar(select(func.max(paper.c.sequence))) or 0, 0) + 1
    known = {name: value for name, value in old.items() if name in paper.c}
    connection.execute(insert(paper).values({**known, "sequence": parted.sequence, "tagged_by": None, "votes": 0}))


def _move_back(connection: Connection, kept: Mapping[str, Any], paper_id: int, other_id: int) -> None:
    """Move the listings, identities and old keys of a paper back to it from the other one."""
    for number in kept["listings"]:
        mine = (listing.c.id == number, listing.c.paper_id == other_id)
        connection.execute(update(listing).where(*mine).values(paper_id=paper_id))
    title = paper_title.c
    for identity in kept["identities"]:
        theirs = (title.identity == identity, title.paper_id == other_id)
        if not connection.scalar(select(exists().where(*theirs))):
            continue  # it belongs to a paper that was merged into this one before, and that is parted already
        if identity not in kept["identities_of_both"]:
            connection.execute(delete(paper_title).where(*theirs))
        new = insert_into(connection.dialect, paper_title).values(identity=identity, paper_id=paper_id)
        connection.execute(new.on_conflict_do_nothing())
    for key in kept["aliases"]:
        mine = (paper_alias.c.old_key == key, paper_alias.c.paper_id == other_id)
        connection.execute(update(paper_alias).where(*mine).values(paper_id=paper_id))


def _part_reactions(connection: Connection, table: Table, kept: Mapping[str, Any], pair: tuple[int, int]) -> None:
    """Give back the votes or the feedback that each paper of a pair had; the first one is parted from the other.

    What a subscriber has taken back since the merge is given to neither. What they have given since stays with the
    other paper.
    """
    row, when = table.c, _REACTIONS[table]
    paper_id, other_id = pair
    others = {each["subscriber_id"]: _values(table, each) for each in kept["other"]}
    for each in kept["own"]:
        own = _values(table, each)
        person = own["subscriber_id"]
        mine = (row.subscriber_id == person, row.paper_id == other_id)
        current = connection.execute(select(row[when]).where(*mine)).scalar_one_or_none()
        if current is None or connection.scalar(select(subscriber.c.id).where(subscriber.c.id == person)) is None:
            continue
        if current not in (own[when], others.get(person, own)[when]):
            continue
        connection.execute(insert(table).values({**own, "paper_id": paper_id}))
        connection.execute(delete(table).where(*mine))
        if person in others:
            connection.execute(insert(table).values({**others[person], "paper_id": other_id}))


def _restore_own_rows(connection: Connection, kept: Mapping[str, Any], other_id: int) -> None:
    """Give a paper its pin, its corrections and so on again; a pin that moved with the merge leaves the other paper."""
    for table in _OWN_TABLES:
        for each in kept[table.name]:
            values = _values(table, each)
            if table is pin:
                moved = (pin.c.paper_id == other_id, *(pin.c[name] == values[name] for name in _PIN_VALUES))
                connection.execute(delete(pin).where(*moved))
            connection.execute(insert(table).values(values))
