"""Store the tokens of papers, so that matching does not compute them again for each digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from notifier.models import Paper
from notifier.store.statements import batches, insert_all
from notifier.store.tables import paper_tokens
from notifier.text.words import TEXT_VERSION


def tokens_of(connection: Connection, papers: Sequence[Paper]) -> list[bytes]:
    """Return the result of `tokenise` for each of these papers: the stored one if there is one, else a new one."""
    from notifier.matching import tokenise

    stored: dict[int, bytes] = {}
    row = paper_tokens.c
    for batch in batches(paper.id for paper in papers):
        current = select(row.paper_id, row.tokenised).where(row.paper_id.in_(batch), row.text_version == TEXT_VERSION)
        stored.update(connection.execute(current).all())
    return [stored.get(paper.id) or tokenise(paper) for paper in papers]


def keep(connection: Connection, tokenised: Mapping[int, bytes]) -> None:
    """Store the tokens of papers, given by paper id, unless tokens for the current text rules are stored already.

    Tokens of older text rules are replaced. Tokens of the current rules always fit the paper, because they are deleted
    when its text changes.
    """
    row = paper_tokens.c
    for batch in batches(tokenised):
        current = select(row.paper_id).where(row.paper_id.in_(batch), row.text_version == TEXT_VERSION)
        missing = sorted(set(batch) - set(connection.scalars(current)))
        drop(connection, missing)
        add(connection, {paper_id: tokenised[paper_id] for paper_id in missing})


def add(connection: Connection, tokenised: Mapping[int, bytes]) -> None:
    """Store tokens, given by paper id, of papers that have no stored tokens yet."""
    rows = [
        {"paper_id": paper_id, "text_version": TEXT_VERSION, "tokenised": tokens}
        for paper_id, tokens in tokenised.items()
    ]
    insert_all(connection, paper_tokens, rows)


def drop(connection: Connection, paper_ids: Iterable[int]) -> None:
    """Delete the stored tokens of papers that are deleted, or whose text has changed."""
    for batch in batches(paper_ids):
        connection.execute(delete(paper_tokens).where(paper_tokens.c.paper_id.in_(batch)))
