"""The tokens of papers, kept from when they were tagged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from notifier.matching import tokenise
from notifier.models import Paper
from notifier.store.statements import batches, insert_all
from notifier.store.tables import paper_tokens
from notifier.text.words import TEXT_VERSION


def tokens_of(connection: Connection, papers: Sequence[Paper]) -> list[bytes]:
    """What `tokenise` makes of each of these papers: as it is kept, or worked out now where it is not."""
    kept: dict[int, bytes] = {}
    row = paper_tokens.c
    for some in batches(paper.id for paper in papers):
        current = select(row.paper_id, row.tokenised).where(row.paper_id.in_(some), row.text_version == TEXT_VERSION)
        kept.update(connection.execute(current).all())
    return [kept.get(paper.id) or tokenise(paper) for paper in papers]


def keep(connection: Connection, tokenised: Mapping[int, bytes]) -> None:
    """Keep the tokens of these papers, where they are not kept already: what changes is dropped at once."""
    row = paper_tokens.c
    for some in batches(tokenised):
        current = select(row.paper_id).where(row.paper_id.in_(some), row.text_version == TEXT_VERSION)
        missing = sorted(set(some) - set(connection.scalars(current)))
        drop(connection, missing)
        add(connection, {each: tokenised[each] for each in missing})


def add(connection: Connection, tokenised: Mapping[int, bytes]) -> None:
    """Keep the tokens of papers of which none are kept."""
    columns = ("paper_id", "text_version", "tokenised")
    rows = [dict(zip(columns, (each, TEXT_VERSION, found), strict=True)) for each, found in tokenised.items()]
    insert_all(connection, paper_tokens, rows)


def drop(connection: Connection, paper_ids: Iterable[int]) -> None:
    """Forget the tokens of papers that are gone, or whose text has changed."""
    for some in batches(paper_ids):
        connection.execute(delete(paper_tokens).where(paper_tokens.c.paper_id.in_(some)))
