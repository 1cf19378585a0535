"""Keep what the dumps say of papers whose rows show something else, because curators have changed them.

Dumps complete these facts, and the row shows them with the corrections and with the facts of papers that were merged by
hand. So a correction survives every later dump, and undoing it shows what the dumps say at that time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Date, delete, or_, select, update

from notifier.papers.identity import corrected_identities
from notifier.papers.merging import PaperFacts, decode_origins, encode_origins
from notifier.papers.pending import PendingPaper
from notifier.store.statements import batches, in_values, insert_all, insert_into
from notifier.store.tables import (
    Instant,
    JsonStrings,
    corrected_identity,
    correction,
    dump_facts,
    hidden_paper,
    paper,
    parted_pair,
    pin,
    topic_correction,
)

FACT_NAMES = tuple(each.name for each in fields(PaperFacts))  # also the names of columns of the table `paper`


@dataclass(slots=True)
class CuratedFacts:
    """What curators have changed about a paper; see PendingPaper. `facts` is None if its row shows the dumps' facts."""

    facts: PaperFacts | None = None
    parts: dict[int, PaperFacts] = field(default_factory=dict)
    corrections: dict[str, str] = field(default_factory=dict)
    parted: set[int] = field(default_factory=set)


def curated_facts(connection: Connection, ids: Sequence[int]) -> dict[int, CuratedFacts]:
    """Return what curators have changed about these papers, by id; papers that they have not changed are left out."""
    found: dict[int, CuratedFacts] = {}
    row, pair = dump_facts.c, parted_pair.c
    for batch in batches(ids):
        stored = select(row.paper_id, row.shown_by, row.facts).where(row.shown_by.in_(batch)).order_by(row.paper_id)
        for paper_id, shown_by, text in connection.execute(stored):
            curated = found.setdefault(shown_by, CuratedFacts())
            if paper_id == shown_by:
                curated.facts = decode_facts(text)
            else:
                curated.parts[paper_id] = decode_facts(text)
        for paper_id, name, value in connection.execute(
            select(correction.c.paper_id, correction.c.field, correction.c.value).where(
                correction.c.paper_id.in_(batch)
            )
        ):
            found.setdefault(paper_id, CuratedFacts()).corrections[name] = value
        pairs = select(pair.paper_id, pair.other_id).where(or_(pair.paper_id.in_(batch), pair.other_id.in_(batch)))
        for one, other in connection.execute(pairs):
            found.setdefault(one, CuratedFacts()).parted.add(other)
            found.setdefault(other, CuratedFacts()).parted.add(one)
    return found


def papers_with_corrected_identities(connection: Connection, identities: Iterable[str]) -> dict[int, set[str]]:
    """Return, by paper id, which of these identities a paper has only because of a correction."""
    row, found = corrected_identity.c, dict[int, set[str]]()
    for identity, paper_id in connection.execute(
        select(row.identity, row.paper_id).where(in_values(connection, row.identity, identities))
    ):
        found.setdefault(paper_id, set()).add(identity)
    return found


def write_facts(connection: Connection, papers: Iterable[PendingPaper]) -> None:
    """Store the facts of these papers as the dumps give them, for those that curators have changed."""
    for each in papers:
        if each.is_curated and each.id is not None:
            store_facts(connection, each.id, each.facts)
            for number, facts in each.parts.items():
                connection.execute(
                    update(dump_facts).where(dump_facts.c.paper_id == number).values(facts=encode_facts(facts))
                )


def store_merged(connection: Connection, merged: PendingPaper, into_id: int, own_key: str, kept: str) -> None:
    """Store that a paper was merged by hand into another one, with its own key and what is needed to part it again."""
    assert merged.id is not None, "the paper is stored"
    places = {"shown_by": into_id, "merged_into": into_id, "old_key": own_key}
    _store(connection, merged.id, **places, facts=encode_facts(merged.facts), kept=kept)


def store_facts(connection: Connection, paper_id: int, facts: PaperFacts) -> None:
    """Store what the dumps say of a paper that curators have changed."""
    _store(connection, paper_id, shown_by=paper_id, merged_into=None, old_key="", facts=encode_facts(facts), kept="")


def _store(connection: Connection, paper_id: int, **columns: Any) -> None:
    values = {"paper_id": paper_id, **columns}
    new = insert_into(connection.dialect, dump_facts).values(values)
    connection.execute(new.on_conflict_do_update(index_elements=["paper_id"], set_=values))


def store_corrected_identities(connection: Connection, pending: PendingPaper) -> None:
    """Store the identities that follow from a paper's corrections, in place of those stored before."""
    row = corrected_identity.c
    connection.execute(delete(corrected_identity).where(row.paper_id == pending.id))
    if pending.corrections:
        identities = dict.fromkeys(corrected_identities(pending.shown))
        insert_all(connection, corrected_identity, [{"identity": each, "paper_id": pending.id} for each in identities])


def move_curation(connection: Connection, absorbed_id: int, kept_id: int) -> None:
    """Move what curators have done with a paper to the paper to which a dump has joined it.

    If both have a pin, a correction of the same field, or the like, the one of the paper that is kept stays.
    """
    for table in (pin, hidden_paper, correction, topic_correction, corrected_identity):
        keys = [each.name for each in table.primary_key if each.name != "paper_id"]
        for each in connection.execute(select(table).where(table.c.paper_id == absorbed_id)).mappings().all():
            values = {**each, "paper_id": kept_id}
            new = insert_into(connection.dialect, table).values(values)
            connection.execute(new.on_conflict_do_nothing(index_elements=["paper_id", *keys]))
        connection.execute(delete(table).where(table.c.paper_id == absorbed_id))
    connection.execute(delete(dump_facts).where(dump_facts.c.paper_id == absorbed_id))
    for column in (dump_facts.c.shown_by, dump_facts.c.merged_into):
        connection.execute(update(dump_facts).where(column == absorbed_id).values({column: kept_id}))
    move_pairs(connection, absorbed_id, kept_id)


def parted_from(connection: Connection, paper_id: int) -> set[int]:
    """Return the ids of the papers that must stay apart from this one."""
    row = parted_pair.c
    pairs = connection.execute(
        select(row.paper_id, row.other_id).where(or_(row.paper_id == paper_id, row.other_id == paper_id))
    )
    return {one if other == paper_id else other for one, other in pairs}


def move_pairs(connection: Connection, absorbed_id: int, kept_id: int) -> None:
    """Record that the kept paper must stay apart from the same papers as the one merged into it."""
    others = parted_from(connection, absorbed_id) - {kept_id}
    forget_pairs(connection, absorbed_id)
    for other in others:
        part_pair(connection, kept_id, other)


def part_pair(connection: Connection, one: int, other: int) -> None:
    """Record that dumps must not join two papers."""
    pair = {"paper_id": min(one, other), "other_id": max(one, other)}
    connection.execute(insert_into(connection.dialect, parted_pair).values(pair).on_conflict_do_nothing())


def forget_pairs(connection: Connection, one: int, other: int | None = None) -> None:
    """Delete the records that a paper must stay apart from others, or only from `other`."""
    row = parted_pair.c
    if other is None:
        wanted = or_(row.paper_id == one, row.other_id == one)
    else:
        wanted = (row.paper_id == min(one, other)) & (row.other_id == max(one, other))
    connection.execute(delete(parted_pair).where(wanted))


def encode_facts(facts: PaperFacts) -> str:
    """Return facts as JSON."""
    values = {name: getattr(facts, name) for name in FACT_NAMES}
    return encode_values({**values, "origins": encode_origins(facts.origins)})


def decode_facts(text: str) -> PaperFacts:
    """Return the facts from a text that `encode_facts` wrote."""
    values = decode_values(text)
    return PaperFacts(**{**values, "origins": decode_origins(values["origins"])})


def encode_values(values: Mapping[str, Any]) -> str:
    """Return the values of columns of the table `paper` as JSON."""
    return json.dumps({name: each.isoformat() if isinstance(each, date) else each for name, each in values.items()})


def decode_values(text: str) -> dict[str, Any]:
    """Return the values from a text that `encode_values` wrote."""
    return {name: _decoded(name, each) for name, each in json.loads(text).items()}


def _decoded(name: str, value: Any) -> Any:
    kind = paper.c[name].type
    if value is None:
        return None
    if isinstance(kind, JsonStrings):
        return tuple(value)
    if isinstance(kind, Instant):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value
