"""Store what papers are compared by: their terms, and their vectors in a basis (see `notifier.similarity`).

All vectors that are read belong to one basis: the newest that is ready. A new basis is stored beside it with a vector
for each paper, and one transaction makes it ready. So vectors of two bases are never compared, and if a process is
killed while it makes a basis, the earlier one stays in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, exists, func, insert, select, update

from notifier.similarity import Basis, Vectors
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.statements import batches, in_parameter, insert_all
from notifier.store.tables import paper, paper_terms, paper_tokens, paper_vector, similarity_basis
from notifier.text.words import TEXT_VERSION

SAMPLE = 2_000  # papers in the sample of a basis; `like:` matches papers that are as near as the nearest of the sample
_CACHED_BASES = 2

Ids = npt.NDArray[np.int64]


class BasisInUse(NamedTuple):
    """The basis whose vectors are compared.

    `papers` is the number of papers that were stored when it was made, and `text_version` the version of the rules by
    which their texts were split into words. A vector has `dimensions` numbers. `fingerprint` identifies the basis:
    after it is deleted, another one may get its id.
    """

    id: int
    fingerprint: str
    papers: int
    dimensions: int
    text_version: int


class TokensOfPaper(NamedTuple):
    """The tokens of a paper, the revision of the paper that they belong to, and their terms; None if not made yet."""

    paper_id: int
    revision: int
    tokenised: bytes
    terms: bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class VectorRows:
    """Vectors of papers, with the ids of the papers; `last` is the highest id of a row of the table, or 0."""

    ids: Ids
    vectors: Vectors
    last: int = 0


def basis_in_use(connection: Connection) -> BasisInUse | None:
    """Return the basis whose vectors are compared; None if no basis has been made yet."""
    found = connection.execute(_NEWEST_READY).one_or_none()
    return None if found is None else BasisInUse(*found)


_row = similarity_basis.c
_NEWEST_READY = (
    select(_row.id, _row.fingerprint, _row.papers, _row.dimensions, _row.text_version)
    .where(_row.is_ready)
    .order_by(_row.id.desc())
    .limit(1)
)
_bases: dict[str, Basis] = {}  # those that this process has read last, by fingerprint


def arrays_of(connection: Connection, used: BasisInUse) -> Basis | None:
    """Return the arrays of the basis in use; None if it has been deleted."""
    return _bases.get(used.fingerprint) or read_basis(connection, used.id)


def read_basis(connection: Connection, basis_id: int) -> Basis | None:
    """Return the arrays of a basis; None if it has been deleted."""
    row = similarity_basis.c
    fingerprint = connection.scalar(select(row.fingerprint).where(row.id == basis_id))
    if fingerprint is None:
        return None
    basis = _bases.get(fingerprint)
    if basis is None:
        found = connection.execute(select(similarity_basis).where(row.id == basis_id)).one()
        for earlier in list(_bases)[: 1 - _CACHED_BASES]:
            _bases.pop(earlier, None)
        hashes, projection = np.frombuffer(found.hashes, "<u4"), np.frombuffer(found.projection, "<f2")
        shape = len(hashes), found.dimensions
        basis = Basis(found.fitted, hashes, np.frombuffer(found.idf, "<f4"), projection.reshape(shape))
        _bases[fingerprint] = basis
    return basis


def sample_of(connection: Connection, basis_id: int) -> list[int]:
    """Return the ids of the papers that a basis names as its sample; some may have been merged since."""
    sample = connection.scalar(select(similarity_basis.c.sample).where(similarity_basis.c.id == basis_id))
    ids: list[int] = np.frombuffer(sample or b"", "<i8").tolist()
    return ids


def count_papers(connection: Connection) -> int:
    """Return the number of papers that have tokens."""
    return connection.scalar(select(func.count()).select_from(paper_tokens)) or 0


def count_vectors(connection: Connection, basis_id: int) -> int:
    """Return the number of vectors in a basis."""
    counted = select(func.count()).select_from(paper_vector).where(paper_vector.c.basis_id == basis_id)
    return connection.scalar(counted) or 0


def incomplete(connection: Connection, basis_id: int | None, after: int, limit: int) -> list[TokensOfPaper]:
    """Return at most `limit` papers with ids above `after` that have no vector in this basis, in the order of ids.

    If `basis_id` is None, these are the papers without terms. A paper that has no tokens yet is left out.
    """
    row, vector = paper_tokens.c, paper_vector.c
    lacks: ColumnElement[bool] = paper_terms.c.paper_id.is_(None)
    if basis_id is not None:
        lacks = ~exists().where(vector.basis_id == basis_id, vector.paper_id == row.paper_id)
    wanted = (
        select(row.paper_id, paper.c.revision, row.tokenised, paper_terms.c.terms)
        .join(paper, paper.c.id == row.paper_id)
        .outerjoin(paper_terms, paper_terms.c.paper_id == row.paper_id)
        .where(row.paper_id > after, row.text_version == TEXT_VERSION, lacks)
    )
    return [TokensOfPaper(*each) for each in connection.execute(wanted.order_by(row.paper_id).limit(limit))]


def add_terms(connection: Connection, papers: Sequence[TokensOfPaper]) -> None:
    """Store the terms of papers, except of those whose texts have changed since they were read."""
    unchanged = _unchanged(connection, papers)
    rows = [{"paper_id": each.paper_id, "terms": each.terms} for each in papers if each.paper_id in unchanged]
    insert_all(connection, paper_terms, rows, ignore_known=True)


def add_vectors(connection: Connection, basis_id: int, papers: Sequence[TokensOfPaper], vectors: Vectors) -> bool:
    """Store the terms of papers and their vectors in a basis, except of those whose texts have changed since.

    Return False, and store nothing, if the basis has been deleted.
    """
    if connection.scalar(select(similarity_basis.c.id).where(similarity_basis.c.id == basis_id)) is None:
        return False
    add_terms(connection, papers)
    unchanged = _unchanged(connection, papers)
    rows = [
        {"basis_id": basis_id, "paper_id": each.paper_id, "integers": integers.tobytes(), "scale": scale}
        for each, integers, scale in zip(papers, vectors.integers, vectors.scales.tolist(), strict=True)
        if each.paper_id in unchanged
    ]
    insert_all(connection, paper_vector, rows, ignore_known=True)
    return True


def terms_of_sample(connection: Connection, most: int) -> tuple[list[int], list[bytes]]:
    """Return the ids and terms of at most `most` papers, spread evenly over all papers in the order of their ids."""
    ids = list(connection.scalars(select(paper_terms.c.paper_id).order_by(paper_terms.c.paper_id)))
    chosen = evenly(ids, most)
    terms = read_terms(connection, chosen)
    return [each for each in chosen if each in terms], [terms[each] for each in chosen if each in terms]


def evenly(ids: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of these ids, at even distances."""
    return [ids[place * len(ids) // most] for place in range(most)] if len(ids) > most else list(ids)


def add_basis(connection: Connection, basis: Basis, papers: int, ids: Sequence[int]) -> int:
    """Store a basis that is not ready yet, and return its id; `ids` are those of the papers it was made from."""
    columns: dict[str, Any] = {
        "hashes": basis.hashes.astype("<u4").tobytes(),
        "idf": basis.idf.astype("<f4").tobytes(),
        "projection": basis.projection.astype("<f2").tobytes(),
        "sample": np.array(evenly(ids, SAMPLE), "<i8").tobytes(),
    }
    values = {
        "fingerprint": sha256(b"".join(columns.values())).hexdigest(),
        "text_version": TEXT_VERSION,
        "papers": papers,
        "fitted": basis.papers,
        "dimensions": basis.dimensions,
    }
    added: int = connection.execute(
        insert(similarity_basis).values(**values, **columns).returning(similarity_basis.c.id)
    ).scalar_one()
    return added


def make_ready(connection: Connection, basis_id: int) -> bool:
    """Put a basis into use if every paper has a vector in it; return whether it is in use."""
    wait_for(connection, AdvisoryLock.INGEST)
    if incomplete(connection, basis_id, 0, 1):
        return False
    done = update(similarity_basis).where(similarity_basis.c.id == basis_id).values(is_ready=True)
    return connection.execute(done).rowcount == 1


def outdated_bases(connection: Connection) -> list[int]:
    """Return the ids of the bases other than the one in use."""
    used = basis_in_use(connection)
    others = select(similarity_basis.c.id).where(similarity_basis.c.id != (used.id if used else 0))
    return list(connection.scalars(others.order_by(similarity_basis.c.id)))


def delete_vectors(connection: Connection, basis_id: int, limit: int) -> bool:
    """Delete at most `limit` vectors of a basis; if none is left, delete the basis and return True."""
    some = select(paper_vector.c.id).where(paper_vector.c.basis_id == basis_id).limit(limit)
    if connection.execute(delete(paper_vector).where(paper_vector.c.id.in_(some))).rowcount == limit:
        return False
    connection.execute(delete(similarity_basis).where(similarity_basis.c.id == basis_id))
    return True


def read_terms(connection: Connection, ids: Iterable[int]) -> dict[int, bytes]:
    """Return the stored terms of papers, by id; a paper without stored terms is left out."""
    found: dict[int, bytes] = {}
    found.update(connection.execute(_terms_among(connection.dialect.name), {"ids": list(ids)}).all())
    return found


@cache
def _terms_among(dialect: str) -> Select[Any]:
    row = paper_terms.c
    return select(row.paper_id, row.terms).where(in_parameter(dialect, row.paper_id, "ids"))


def read_vectors(connection: Connection, used: BasisInUse, ids: Iterable[int]) -> VectorRows:
    """Return the vectors of papers in this basis; a paper without a vector is left out."""
    values = {"basis": used.id, "ids": list(ids)}
    return _vector_rows(connection.execute(_vectors_among(connection.dialect.name), values).all(), used.dimensions)


@cache
def _vectors_among(dialect: str) -> Select[Any]:
    row = paper_vector.c
    wanted = select(row.paper_id, row.integers, row.scale).where(row.basis_id == bindparam("basis"))
    return wanted.where(in_parameter(dialect, row.paper_id, "ids"))


def read_vectors_after(connection: Connection, used: BasisInUse, last: int) -> VectorRows:
    """Return all vectors in this basis whose rows have ids above `last`, in the order of these ids."""
    row = paper_vector.c
    wanted = select(row.paper_id, row.integers, row.scale).where(row.basis_id == used.id, row.id > last)
    # One statement reads the vectors and the highest id, so that both are of the same instant.
    rows = connection.execute(wanted.add_columns(row.id).order_by(row.id)).all()
    return _vector_rows([each[:3] for each in rows], used.dimensions, rows[-1].id if rows else last)


def newest_vector(connection: Connection) -> int:
    """Return the highest id of a vector's row; 0 if there is none."""
    return connection.scalar(_NEWEST_VECTOR) or 0


_NEWEST_VECTOR = select(func.max(paper_vector.c.id))


def _vector_rows(rows: Sequence[Any], dimensions: int, last: int = 0) -> VectorRows:
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    integers = np.frombuffer(b"".join(row[1] for row in rows), np.int8).reshape(len(rows), dimensions)
    scales = np.fromiter((row[2] for row in rows), np.float32, len(rows))
    return VectorRows(ids, Vectors(integers, scales), last)


def _unchanged(connection: Connection, papers: Sequence[TokensOfPaper]) -> set[int]:
    """Return the ids of the papers that still have tokens and the same revision.

    The ingest lock is held until this transaction ends, so that they stay unchanged.
    """
    wait_for(connection, AdvisoryLock.INGEST)
    current: dict[int, int] = {}
    for batch in batches(each.paper_id for each in papers):
        stored = select(paper.c.id, paper.c.revision).join(paper_tokens, paper_tokens.c.paper_id == paper.c.id)
        current.update(connection.execute(stored.where(paper.c.id.in_(batch))).all())
    return {each.paper_id for each in papers if current.get(each.paper_id) == each.revision}
