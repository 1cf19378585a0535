"""Store the tokens of papers, and keep the index of their words in step with them.

Every paper has a search key, by which the index orders papers: the newest listing day has the highest keys. A row with
the tokens and the key of a paper exists if and only if the index contains exactly these tokens under this key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, select

from notifier.models import Paper
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.engine import reading, writing
from notifier.store.papers import read_papers
from notifier.store.statements import batches, insert_all
from notifier.store.tables import paper, paper_tokens
from notifier.store.word_index import FieldWords, clear, delete_words, insert_words
from notifier.text.words import TEXT_VERSION

if TYPE_CHECKING:
    from notifier.matching import Matchable

BATCH = 500  # papers that are indexed in one transaction
# A search key is the listing day's number (see date.toordinal) and a number within the day. The first paper of a day
# gets the highest number, so that descending keys list the papers of a day in the order in which they were stored.
DAY_BITS = 24
_LAST_OF_DAY = (1 << DAY_BITS) - 1


class TokenisedPaper(NamedTuple):
    """A paper's id and first listing day, and its tokens as `notifier.matching` packs them."""

    paper_id: int
    listed_on: date
    tokenised: bytes


def first_key(day: date) -> int:
    """Return the lowest search key that a paper of this day can have."""
    return day.toordinal() << DAY_BITS


def tokenise(text: Matchable) -> bytes:
    """Return the tokens of a paper, packed."""
    from notifier import matching

    return matching.tokenise(text)


def tokens_of(connection: Connection, papers: Sequence[Paper]) -> list[bytes]:
    """Return the result of `tokenise` for each of these papers: the stored one if there is one, else a new one."""
    stored = stored_tokens(connection, (each.id for each in papers))
    return [stored.get(each.id) or tokenise(each) for each in papers]


def stored_tokens(connection: Connection, paper_ids: Iterable[int]) -> dict[int, bytes]:
    """Return the stored tokens of papers, by id; a paper without current tokens is left out."""
    stored: dict[int, bytes] = {}
    row = paper_tokens.c
    for batch in batches(paper_ids):
        current = select(row.paper_id, row.tokenised).where(row.paper_id.in_(batch), row.text_version == TEXT_VERSION)
        stored.update(connection.execute(current).all())
    return stored


def add(
    connection: Connection, papers: Sequence[TokenisedPaper], earlier_keys: Mapping[int, int] | None = None
) -> None:
    """Store the tokens of papers that have no stored tokens, and add the papers to the index.

    `earlier_keys` holds the keys that papers had before, by paper id. A paper gets its earlier key again if its listing
    day is the same. So no paper changes its place in a search that somebody is reading. The ingest lock must be held:
    otherwise two transactions could give the same key to different papers.
    """
    keys = {
        each.paper_id: earlier_keys[each.paper_id]
        for each in papers
        if earlier_keys and earlier_keys.get(each.paper_id, 0) >> DAY_BITS == each.listed_on.toordinal()
    }
    keys.update(_new_keys(connection, [each for each in papers if each.paper_id not in keys], list(keys.values())))
    rows = [
        {
            "paper_id": each.paper_id,
            "search_key": keys[each.paper_id],
            "text_version": TEXT_VERSION,
            "tokenised": each.tokenised,
        }
        for each in papers
    ]
    insert_all(connection, paper_tokens, rows)
    if rows:
        insert_words(connection, {keys[each.paper_id]: _words(each.tokenised) for each in papers})


def drop(connection: Connection, paper_ids: Iterable[int]) -> dict[int, int]:
    """Delete papers from the index, and their tokens; return the keys that they had by id.

    The caller then deletes the papers, or adds them to the index again.
    """
    keys: dict[int, int] = {}
    row = paper_tokens.c
    for batch in batches(paper_ids):
        wanted = select(row.paper_id, row.search_key, row.tokenised).where(row.paper_id.in_(batch))
        stored = connection.execute(wanted).all()
        keys.update((paper_id, key) for paper_id, key, _ in stored)
        if stored:
            delete_words(connection, {key: _words(tokenised) for _, key, tokenised in stored})
        connection.execute(delete(paper_tokens).where(row.paper_id.in_(batch)))
    return keys


def drop_outdated(connection: Connection) -> None:
    """Delete all tokens and the whole index if any tokens were made by other text rules.

    `index_missing_papers` makes them again.
    """
    version = paper_tokens.c.text_version
    versions = {connection.scalar(select(func.min(version))), connection.scalar(select(func.max(version)))}
    if versions - {None, TEXT_VERSION}:
        clear(connection)
        connection.execute(delete(paper_tokens))


def index_missing_papers(engine: Engine) -> int:
    """Index the papers whose tokens are missing or were made by other text rules, and return how many were indexed.

    They are missing after an upgrade of the database. Several processes may call this at once.
    """
    count = 0
    with reading(engine) as connection:
        is_complete = not _outdated(connection, 1)
    while not is_complete:
        with writing(engine) as connection:
            wait_for(connection, AdvisoryLock.INGEST)
            drop_outdated(connection)
            found = _outdated(connection, BATCH)
            add(connection, [TokenisedPaper(each.id, each.listed_on, tokenise(each)) for each in found])
        count += len(found)
        is_complete = len(found) < BATCH
    return count


def index_stored(connection: Connection) -> None:
    """Add all papers to an empty index, with the tokens and the search keys that are stored."""
    row = paper_tokens.c
    stored = select(row.search_key, row.tokenised).where(row.text_version == TEXT_VERSION).order_by(row.search_key)
    for rows in connection.execute(stored, execution_options={"yield_per": BATCH}).partitions():
        insert_words(connection, {key: _words(tokenised) for key, tokenised in rows})


def _outdated(connection: Connection, limit: int) -> list[Paper]:
    current = select(paper_tokens.c.paper_id).where(paper_tokens.c.text_version == TEXT_VERSION)
    return read_papers(connection, select(paper).where(paper.c.id.not_in(current)).order_by(paper.c.id).limit(limit))


def _new_keys(
    connection: Connection, papers: Iterable[TokenisedPaper], other_keys: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield the id and the new search key of each paper; `other_keys` will be stored together with them."""
    by_day: dict[date, list[int]] = {}
    for each in papers:
        by_day.setdefault(each.listed_on, []).append(each.paper_id)
    lowest = func.min(paper_tokens.c.search_key)
    for day, ids in by_day.items():
        first = first_key(day)
        taken = select(lowest).where(paper_tokens.c.search_key.between(first, first + _LAST_OF_DAY))
        others = (key for key in other_keys if first <= key <= first + _LAST_OF_DAY)
        free = min(connection.scalar(taken) or first + _LAST_OF_DAY + 1, *others, first + _LAST_OF_DAY + 1) - 1
        yield from ((paper_id, free - place) for place, paper_id in enumerate(sorted(ids)))


def _words(tokenised: bytes) -> FieldWords:
    from notifier import matching

    return matching.unpack(tokenised)
