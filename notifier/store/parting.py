"""Part papers that were merged by hand, so that each has again what it had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, insert, select, update

from notifier.papers.pending import PendingPaper
from notifier.store import paper_tokens, votes
from notifier.store.curated_papers import decode_values, part_pair, store_facts
from notifier.store.hand_merges import OWN_TABLES, own_key, write_paper
from notifier.store.kept_rows import REACTIONS, decode_row
from notifier.store.papers import locked
from notifier.store.pending_papers import pending_papers
from notifier.store.statements import insert_into
from notifier.store.tables import dump_facts, listing, paper, paper_alias, paper_title, pin, subscriber

_PIN_VALUES = ("day", "note", "name", "pinned_at")


def part(connection: Connection, paper_id: int) -> None:
    """Part a paper from the one into which it was merged by hand, so that later dumps do not join them again.

    The caller must hold the ingest lock.
    """
    row = dump_facts.c
    shown_by, text = connection.execute(select(row.shown_by, row.kept).where(row.paper_id == paper_id)).one()
    kept = json.loads(text)
    (into,) = pending_papers(connection, [shown_by])
    locked(connection, [shown_by], also_references=True)
    keys = paper_tokens.drop(connection, [shown_by])
    old = decode_values(kept["row"])
    facts = into.parts.pop(paper_id)
    parted = PendingPaper(facts, old["key"], old["first_seen"], old["sequence"], id=paper_id, stored=[facts])
    for number in _merged_parts(connection, paper_id):
        parted.parts[number] = into.parts.pop(number)
    parted.corrections = {each["field"]: each["value"] for each in kept["correction"]}
    if into.sequence == old["sequence"] and not _has_sequence(connection, kept["into_sequence"]):
        into.sequence = kept["into_sequence"]
    _take_out_sequence(connection, shown_by, old["sequence"], kept["into_sequence"])
    _restore_key(connection, into, parted, kept)
    if not into.is_curated:
        connection.execute(delete(dump_facts).where(row.paper_id == shown_by))
    write_paper(connection, into, keys)
    _insert_row(connection, parted, old)
    _move_back(connection, kept, paper_id, shown_by)
    for table in REACTIONS:
        _part_reactions(connection, table, kept[table.name], (paper_id, shown_by))
    votes.count(connection, [paper_id, shown_by])
    _restore_own_rows(connection, kept, shown_by)
    connection.execute(delete(dump_facts).where(row.paper_id == paper_id))
    if parted.is_curated:
        store_facts(connection, paper_id, parted.facts)
        connection.execute(update(dump_facts).where(row.paper_id.in_(parted.parts)).values(shown_by=paper_id))
    write_paper(connection, parted, {})
    stored = connection.scalars(select(paper.c.id).where(paper.c.id.in_([shown_by, *kept["parted"]])))
    for other in stored.all():
        part_pair(connection, paper_id, other)


def _merged_parts(connection: Connection, paper_id: int) -> list[int]:
    """Return the ids of the papers that were merged by hand into this one, directly or through other papers."""
    found: list[int] = []
    waiting = [paper_id]
    while waiting:
        merged = dump_facts.c.merged_into.in_(waiting)
        waiting = list(connection.scalars(select(dump_facts.c.paper_id).where(merged)))
        found += waiting
    return found


def _restore_key(connection: Connection, into: PendingPaper, parted: PendingPaper, kept: Mapping[str, Any]) -> None:
    """Give each of two papers that are parted its own key again.

    The parted paper gets back the key that it had. This may be the key of a third paper, which was merged into it
    earlier. If the third paper has been parted already and has its key back, the parted paper gets its own key.
    """
    row = paper_alias.c
    needless = [] if parted.key in kept["aliases"] else [parted.key]
    if into.key == parted.key:
        into.key = own_key(connection, into)
        needless.append(into.key)
    elif connection.scalar(select(exists().where(paper.c.key == parted.key))):
        parted.key = kept["own_key"]
        needless.append(parted.key)
    connection.execute(delete(paper_alias).where(row.old_key.in_(needless)))


def _insert_row(connection: Connection, parted: PendingPaper, old: Mapping[str, Any]) -> None:
    """Insert the row that a paper had; `write_paper` later puts the current facts into it."""
    if _has_sequence(connection, parted.sequence):  # a later merge gave the number to another paper
        parted.sequence = _next_sequence(connection, parted.sequence)
    known = {name: value for name, value in old.items() if name in paper.c}
    own = {"key": parted.key, "arxiv_id": parted.shown.arxiv_id, "sequence": parted.sequence}
    connection.execute(insert(paper).values({**known, **own, "tagged_by": None, "votes": 0}))


def _take_out_sequence(connection: Connection, shown_by: int, taken: int, before: int) -> None:
    """Replace `taken` by `before` in what is kept of the papers that are still merged into `shown_by`.

    When such a paper is parted, `shown_by` gets the kept number. It must not get `taken`, which now belongs to the
    paper that is being parted.
    """
    row = dump_facts.c
    others = connection.execute(select(row.paper_id, row.kept).where(row.shown_by == shown_by, row.kept != "")).all()
    for paper_id, text in others:
        kept = json.loads(text)
        if kept["into_sequence"] == taken:
            changed = json.dumps({**kept, "into_sequence": before})
            connection.execute(update(dump_facts).where(row.paper_id == paper_id).values(kept=changed))


def _has_sequence(connection: Connection, sequence: int) -> bool:
    """Return whether any paper has this sequence number."""
    return bool(connection.scalar(select(exists().where(paper.c.sequence == sequence))))


def _next_sequence(connection: Connection, taken: int) -> int:
    """Return a new sequence number in place of one that is taken; negative ones are of papers never announced."""
    lowest, highest = connection.execute(select(func.min(paper.c.sequence), func.max(paper.c.sequence))).one()
    return int(lowest) - 1 if taken < 0 else int(highest) + 1


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

    A reaction that its subscriber has withdrawn since the merge is given to neither paper. A reaction that is newer
    than the merge stays with the other paper.
    """
    row, when = table.c, REACTIONS[table]
    paper_id, other_id = pair
    others = {each["subscriber_id"]: decode_row(table, each) for each in kept["other"]}
    for each in kept["own"]:
        own = decode_row(table, each)
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
    """Restore a paper's pin, corrections and so on; delete the pin from the other paper if the merge moved it there."""
    for table in OWN_TABLES:
        for each in kept[table.name]:
            values = decode_row(table, each)
            if table is pin:
                moved = (pin.c.paper_id == other_id, *(pin.c[name] == values[name] for name in _PIN_VALUES))
                connection.execute(delete(pin).where(*moved))
            connection.execute(insert(table).values(values))
