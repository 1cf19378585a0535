"""Keep the index of the words of all papers: a table of SQLite's FTS5, or a GIN index on a tsvector of PostgreSQL.

The table `search_text` has a row for each paper, found by its search key. On SQLite it is contentless: it stores the
places of words, but not the words of a row, so that a row can only be deleted by giving its words again. The table
`search_word` has all words with their stems, because a search for a stem is a search for all words that have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    column,
    delete,
    select,
    table,
    text,
)
from sqlalchemy.sql.elements import TextClause

from notifier.models import AllOf, AnyOf, Term, TermKind, WordSearch
from notifier.store.statements import batches, in_values, insert_all
from notifier.store.tables import search_word
from notifier.text.words import stem

FIELDS = ("title", "abstract", "keyword", "author")  # in the order of the packed tokens of a paper

# PostgreSQL stores at most _MAX_PLACES positions of a word, and no position above _MAX_PLACE.
_MAX_PLACES, _MAX_PLACE = 256, 16_383
_MAX_LEXEME = 2_046  # bytes
_WEIGHTS = dict(zip(FIELDS, "ABCD", strict=True))  # a tsvector has no columns, but a letter for each position

# These words have a meaning of their own in the index. No word of a paper can be one of them, because no word of a
# paper contains a full stop.
_BREAK = "."  # stands between two passages of a field
_NOWHERE = ".."  # is searched for in place of a stem that no word has, and is never found
_TOO_LONG = "..."  # marks a paper that has more positions than PostgreSQL stores, so that phrases in it may be missed

FieldWords = Sequence[Sequence[str]]  # the words of a paper in each of FIELDS; an empty word ends each passage

_INSERT = "INSERT INTO search_text (rowid, title, abstract, keyword, author) VALUES (?, ?, ?, ?, ?)"
_DELETE = (
    "INSERT INTO search_text (search_text, rowid, title, abstract, keyword, author) VALUES ('delete', ?, ?, ?, ?, ?)"
)

_vectors = table("search_text", column("search_key", BigInteger), column("words"))
_rows = table("search_text", column("rowid", BigInteger))


def insert_words(connection: Connection, papers: Mapping[int, FieldWords]) -> None:
    """Add papers, given by search key, to the index.

    The rows are inserted by ascending key, because FTS5 writes a new segment of its index for each row that is out of
    order.
    """
    _add_words(connection, papers.values())
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT, [(key, *_texts(papers[key])) for key in sorted(papers)])
    else:
        rows = [{"key": key, "vector": _vector(words)} for key, words in papers.items()]
        vector = text("INSERT INTO search_text (search_key, words) VALUES (:key, CAST(:vector AS tsvector))")
        connection.execute(vector, rows)


def delete_words(connection: Connection, papers: Mapping[int, FieldWords]) -> None:
    """Remove papers from the index; the words must be those that were inserted with each key."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_DELETE, [(key, *_texts(papers[key])) for key in sorted(papers)])
        return
    for batch in batches(papers):
        connection.execute(delete(_vectors).where(_vectors.c.search_key.in_(batch)))


def clear(connection: Connection) -> None:
    """Remove all papers and words from the index."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO search_text (search_text) VALUES ('delete-all')")
    else:
        connection.execute(delete(_vectors))
    connection.execute(delete(search_word))


def search_key(connection: Connection) -> ColumnElement[int]:
    """Return the column of search keys in the index."""
    return _rows.c.rowid if connection.dialect.name == "sqlite" else _vectors.c.search_key


def matches(connection: Connection, word_search: WordSearch) -> TextClause:
    """Return the condition that a row of the index is found by this search."""
    stems = _words_by_stem(connection, word_search)
    if connection.dialect.name == "sqlite":
        return text("search_text MATCH :words").bindparams(words=_fts5(word_search, stems))
    return text("search_text.words @@ CAST(:words AS tsquery)").bindparams(words=_tsquery(word_search, stems))


def keys_between(
    connection: Connection, word_search: WordSearch, between: tuple[int, int], limit: int | None = None
) -> list[int]:
    """Return the search keys that a search finds in this range, at most `limit` of them, in no order."""
    key = search_key(connection)
    chosen = select(key).where(matches(connection, word_search), key.between(*between)).limit(limit)
    return list(connection.scalars(chosen))


def relevance(connection: Connection, word_search: WordSearch) -> TextClause:
    """Return a number that is lowest for the most relevant rows: BM25 on SQLite, `ts_rank` on PostgreSQL.

    A word in the title counts four times as much as elsewhere.
    """
    if connection.dialect.name == "sqlite":
        return text("bm25(search_text, 4.0, 1.0, 1.0, 1.0)")
    ranked = _tsquery(word_search, _words_by_stem(connection, word_search))
    weights = "'{0.25, 0.25, 0.25, 1}'"  # of the letters D to A
    return text(f"-ts_rank({weights}, search_text.words, CAST(:ranked AS tsquery))").bindparams(ranked=ranked)


def similar_to(connection: Connection, word: str) -> list[str]:
    """Return the words of all papers that begin with the same letter as this word, sorted."""
    begins = search_word.c.word.between(word[:1], word[:1] + "\U0010ffff")
    return sorted(connection.scalars(select(search_word.c.word).where(begins)))


def _add_words(connection: Connection, papers: Iterable[FieldWords]) -> None:
    """Store the words with their stems, except those that are stored already, and those too long for an index.

    A word that is too long is found by its beginning, and not by its stem.
    """
    words_given = {word for paper in papers for words in paper for word in words if word}
    given = sorted(word for word in words_given if len(word.encode()) <= _MAX_LEXEME)
    known: set[str] = set()
    for start in range(0, len(given), 10_000):
        condition = in_values(connection, search_word.c.word, given[start : start + 10_000])
        known.update(connection.scalars(select(search_word.c.word).where(condition)))
    rows = [{"word": word, "stem": stem(word)} for word in given if word not in known]
    insert_all(connection, search_word, rows, ignore_known=True)


def _texts(paper: FieldWords) -> Iterator[str]:
    """Yield the text of each field for FTS5."""
    for words in paper:
        yield " ".join(word or _BREAK for word in words[:-1])


def _vector(paper: FieldWords) -> str:
    """Return the text of a tsvector; see section 8.11 of PostgreSQL's documentation."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    place = 0
    for field, words in zip(FIELDS, paper, strict=True):
        for word in words:
            place += 1
            if word:
                places[word].append(f"{min(place, _MAX_PLACE)}{_WEIGHTS[field]}")
    if place > _MAX_PLACE or any(len(found) > _MAX_PLACES for found in places.values()):
        places[_TOO_LONG].append("1")
    return " ".join(f"{_lexeme(word)}:{','.join(found[:_MAX_PLACES])}" for word, found in places.items())


def _words_by_stem(connection: Connection, word_search: WordSearch) -> Mapping[str, Sequence[str]]:
    """Return all words that have each stem of the search."""
    stems = {term.words[0] for term in _terms(word_search) if term.kind is TermKind.STEM}
    found: defaultdict[str, list[str]] = defaultdict(list)
    row = search_word.c
    listed = select(row.stem, row.word).where(in_values(connection, row.stem, sorted(stems))).order_by(row.word)
    for of_stem, word in connection.execute(listed):
        found[of_stem].append(word)
    return found


def _terms(word_search: WordSearch) -> Iterator[Term]:
    match word_search:
        case Term():
            yield word_search
        case AllOf(operands, excluded):
            for operand in (*operands, *excluded):
                yield from _terms(operand)
        case AnyOf(operands):
            for operand in operands:
                yield from _terms(operand)


def _fts5(word_search: WordSearch, stems: Mapping[str, Sequence[str]]) -> str:
    """Return the search in the query language of FTS5; see section 3 of https://sqlite.org/fts5.html."""
    match word_search:
        case AllOf(operands, excluded):
            every = f"({' AND '.join(_fts5(operand, stems) for operand in operands)})"
            none = " OR ".join(_fts5(operand, stems) for operand in excluded)
            return f"({every} NOT ({none}))" if excluded else every
        case AnyOf(operands):
            return f"({' OR '.join(_fts5(operand, stems) for operand in operands)})"
    columns = "{" + " ".join(word_search.fields) + "}"
    match word_search.kind:
        case TermKind.STEM:
            words = stems.get(word_search.words[0], [_NOWHERE])
            return f"({columns} : ({' OR '.join(map(_string, words))}))"
        case TermKind.PREFIX:
            return f"({columns} : {_string(*word_search.words)} *)"
        case TermKind.PHRASE:
            return f"({columns} : {_string(*word_search.words)})"


def _string(*words: str) -> str:
    return '"' + " ".join(words).replace('"', '""') + '"'


def _tsquery(word_search: WordSearch, stems: Mapping[str, Sequence[str]]) -> str:
    """Return the search as the text of a tsquery; see section 8.11 of PostgreSQL's documentation."""
    match word_search:
        case AllOf(operands, excluded):
            every = [_tsquery(operand, stems) for operand in operands]
            none = [f"!{_tsquery(operand, stems)}" for operand in excluded]
            return f"({' & '.join([*every, *none])})"
        case AnyOf(operands):
            return f"({' | '.join(_tsquery(operand, stems) for operand in operands)})"
    weights = "".join(_WEIGHTS[field] for field in word_search.fields)
    match word_search.kind:
        case TermKind.STEM:
            words = stems.get(word_search.words[0], [_NOWHERE])
            return f"({' | '.join(f'{_lexeme(word)}:{weights}' for word in words)})"
        case TermKind.PREFIX:
            return f"{_lexeme(*word_search.words)}:*{weights}"
        case TermKind.PHRASE:
            words = [f"{_lexeme(word)}:{weights}" for word in word_search.words]
            return f"(({' <-> '.join(words)}) | ({' & '.join([*words, _lexeme(_TOO_LONG)])}))"


def _lexeme(word: str) -> str:
    """Return a word as a tsvector and a tsquery quote it; a longer one than PostgreSQL takes stands there shortened."""
    word = word.encode()[:_MAX_LEXEME].decode(errors="ignore")
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
