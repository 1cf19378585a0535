"""Correct papers, and merge two papers by hand.

Everything that a merged paper had is kept, so that `store.parting` can part it again: its row, listings, identities,
keys, votes, feedback, pin and corrections. Later dumps complete its facts if they give its arXiv id; what else has come
since the merge stays with the other paper.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update

from notifier.errors import UsageError
from notifier.papers.pending import PendingPaper
from notifier.store import paper_tokens
from notifier.store.curated_papers import (
    encode_values,
    forget_pairs,
    move_pairs,
    parted_from,
    store_corrected_identities,
    store_facts,
    store_merged,
    write_facts,
)
from notifier.store.kept_rows import REACTIONS, encode_rows
from notifier.store.papers import locked
from notifier.store.pending_papers import merge_rows, pending_papers, tokenised_paper, update_papers
from notifier.store.statements import insert_into
from notifier.store.tables import (
    correction,
    dump_facts,
    hidden_paper,
    listing,
    paper,
    paper_alias,
    paper_title,
    pin,
    topic_correction,
)

OWN_TABLES = (pin, hidden_paper, correction, topic_correction)  # their rows are kept, and do not move


def correct(connection: Connection, paper_id: int, values: Mapping[str, str | None]) -> None:
    """Correct the title or the link of a paper; None restores what the dumps give. Hold the ingest lock."""
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
            f"the papers {merged.key} and {into.key} are both of arXiv, and cannot be merged; hide one of them instead"
        )
    locked(connection, [paper_id, into_id], also_references=True)
    kept = _kept(connection, merged, into)
    keys = paper_tokens.drop(connection, [paper_id, into_id])
    forget_pairs(connection, paper_id, into_id)
    move_pairs(connection, paper_id, into_id)
    has_pin = connection.scalar(select(exists().where(pin.c.paper_id == into_id)))
    for table in OWN_TABLES:
        if table is pin and not has_pin:
            connection.execute(update(pin).where(pin.c.paper_id == paper_id).values(paper_id=into_id))
        connection.execute(delete(table).where(table.c.paper_id == paper_id))
    parts = [*merged.parts]
    into.parts |= {paper_id: merged.facts, **merged.parts}
    into.sequence = max(into.sequence, merged.sequence)
    into.key = into.shown.arxiv_id or into.key
    # This comes first, because deleting the paper's row also deletes the rows that refer to it.
    connection.execute(update(dump_facts).where(dump_facts.c.paper_id.in_(parts)).values(shown_by=into_id))
    merge_rows(connection, merged, into)
    store_facts(connection, into_id, into.facts)
    store_merged(connection, merged, into_id, kept["own_key"], json.dumps(kept))
    _add_alias(connection, into)
    write_paper(connection, into, keys)


def merged_into(connection: Connection, paper_id: int) -> int | None:
    """Return the id of the paper into which a curator has merged the one with this id; None if none has."""
    found: int | None = connection.scalar(select(dump_facts.c.merged_into).where(dump_facts.c.paper_id == paper_id))
    return found


def merged_id(connection: Connection, key: str) -> int | None:
    """Return the id of the paper with the key `key` that a curator merged into another one; None if there is none."""
    row = dump_facts.c
    merged = select(row.paper_id).where(row.old_key == key, row.merged_into.is_not(None))
    found: int | None = connection.scalar(merged)
    return found


def keys_merged_into(connection: Connection, paper_id: int) -> list[str]:
    """Return the keys of the papers that a curator has merged into this one, in order."""
    row = dump_facts.c
    return list(connection.scalars(select(row.old_key).where(row.merged_into == paper_id).order_by(row.old_key)))


def _rewrite(connection: Connection, pending: PendingPaper) -> None:
    """Write a paper that a curator has corrected."""
    assert pending.id is not None
    locked(connection, [pending.id], also_references=True)
    keys = paper_tokens.drop(connection, [pending.id])
    if pending.is_curated:
        store_facts(connection, pending.id, pending.facts)
    else:
        connection.execute(delete(dump_facts).where(dump_facts.c.paper_id == pending.id))
    write_paper(connection, pending, keys)


def write_paper(connection: Connection, pending: PendingPaper, keys: Mapping[int, int]) -> None:
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
        "own_key": own_key(connection, merged),
        "into_sequence": into.sequence,
        "listings": list(connection.scalars(select(listing.c.id).where(listing.c.paper_id == merged.id))),
        "identities": list(identities),
        "identities_of_both": list(connection.scalars(of_both)),
        "aliases": list(connection.scalars(aliases)),
        "parted": sorted(parted_from(connection, merged.id)),
        **{each.name: encode_rows(connection, each, merged.id) for each in OWN_TABLES},
        **{
            table.name: {
                "own": encode_rows(connection, table, merged.id),
                "other": encode_rows(connection, table, into.id),
            }
            for table in REACTIONS
        },
    }


def _add_alias(connection: Connection, into: PendingPaper) -> None:
    """Keep the earlier key of a paper as an alias, if a merge has given it another key."""
    if into.key != into.first_key:
        own = {"old_key": into.first_key, "old_id": into.id, "paper_id": into.id}
        connection.execute(insert_into(connection.dialect, paper_alias).values(own).on_conflict_do_nothing())


def own_key(connection: Connection, pending: PendingPaper) -> str:
    """Return the key of a paper or, if this is the key of a paper that was merged into it, the key that it had."""
    row = paper_alias.c
    is_of_other = select(exists().where(row.old_key == pending.key, row.old_id != pending.id))
    if not connection.scalar(is_of_other):
        return pending.key
    own = select(row.old_key).where(row.old_id == pending.id).order_by(row.old_key)
    return connection.scalars(own).first() or pending.key
