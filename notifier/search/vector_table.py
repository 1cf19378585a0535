"""Keep the vectors of all stored papers in memory, to find the papers that may be near another one quickly.

80,000 papers take 30 MB. New vectors are appended; another basis or topic catalogue replaces the table. The vectors of
merged papers stay until then, so the caller must check which of the found papers still exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from notifier.similarity import TOPIC_WEIGHT, Floats, Vectors, cosines, topic_bits, topic_similarities
from notifier.store import paper_vectors, tags
from notifier.store.paper_vectors import BasisInUse, VectorRows
from notifier.store.papers import topics_of

Catalogues = tuple[str | None, str | None]  # the lowest and the highest fingerprint of catalogues that tagged papers

Places = npt.NDArray[np.int64]  # of papers in a table

HEAD = 96  # so many first dimensions of the vectors are compared to choose the papers that may be the nearest
KEPT = 4  # tables of this many databases are kept; a process uses only one database, except in tests


@dataclass(frozen=True, slots=True, eq=False)
class VectorTable:
    """The vectors in one basis, and the topics of the papers as bits, as they were when the vectors were read.

    `catalogues` says which topic catalogues had tagged the papers then, and `last` is the highest id of a vector's row
    that has been looked at. `heads` holds the first dimensions of each vector once more. A table never changes,
    because several threads use it at once.
    """

    used: BasisInUse
    catalogues: Catalogues
    ids: npt.NDArray[np.int64]
    vectors: Vectors
    heads: npt.NDArray[np.int8]
    bits: npt.NDArray[np.uint64]
    bit_of: Mapping[str, int] = field(default_factory=dict)
    last: int = 0

    def nearest(self, vector: Floats, topics: Collection[str], most: int) -> Places:
        """Return the places of the papers that are nearest by the first dimensions of their vectors and by topics.

        The first dimensions hold most of what tells papers apart, and reading them alone takes half the time.
        """
        if len(self.ids) <= most:
            return np.arange(len(self.ids))
        near = cosines(Vectors(self.heads, self.vectors.scales), vector[: self.heads.shape[1]])
        near += np.float32(TOPIC_WEIGHT) * self._shared(self.bits, topics)
        return np.argpartition(near, -most)[-most:]

    def parts(self, vector: Floats, topics: Collection[str], places: Places) -> tuple[Floats, Floats]:
        """Return how near the papers at these places are to one with this vector and these topics, in two parts.

        They are the cosine of the vectors and the share of common topics.
        """
        vectors = Vectors(self.vectors.integers[places], self.vectors.scales[places])
        return cosines(vectors, vector), self._shared(self.bits[places], topics)

    def nearness(self, vector: Floats, topics: Collection[str]) -> Floats:
        """Return how near each paper is: the cosine, and TOPIC_WEIGHT times the share of common topics."""
        near: Floats = cosines(self.vectors, vector)
        near += np.float32(TOPIC_WEIGHT) * self._shared(self.bits, topics)
        return near

    def _shared(self, bits: npt.NDArray[np.uint64], topics: Collection[str]) -> Floats:
        """Return the share of topics that papers with these bits have in common with the given ones."""
        known = {slug: self.bit_of.get(slug, len(self.bit_of) + place) for place, slug in enumerate(sorted(topics))}
        wanted = topic_bits([known], {**self.bit_of, **known})[0]
        padded = np.pad(bits, ((0, 0), (0, len(wanted) - bits.shape[1])))
        return topic_similarities(padded, wanted)


def _empty(used: BasisInUse, catalogues: Catalogues) -> VectorTable:
    vectors = Vectors(np.empty((0, used.dimensions), np.int8), np.empty(0, np.float32))
    return VectorTable(
        used, catalogues, np.empty(0, np.int64), vectors, vectors.integers[:, :HEAD], np.empty((0, 1), np.uint64)
    )


def _updated(connection: Connection, table: VectorTable) -> VectorTable:
    """Return the table with the vectors that are new; a paper that has a new vector has only this one from then on."""
    newest = paper_vectors.newest_vector(connection)
    if newest <= table.last:
        return table
    rows = paper_vectors.read_vectors_after(connection, table.used, table.last)
    # The rows up to `newest` that were not read are those of another basis, which is being made.
    last = max(newest, rows.last)
    if not len(rows.ids):
        return replace(table, last=last)
    return replace(_appended(table, rows, topics_of(connection, rows.ids.tolist())), last=last)


def _appended(table: VectorTable, rows: VectorRows, topics: Mapping[int, Sequence[str]]) -> VectorTable:
    bit_of = dict(table.bit_of)
    for slug in sorted({slug for each in topics.values() for slug in each}):
        bit_of.setdefault(slug, len(bit_of))
    bits = topic_bits([topics.get(paper_id, ()) for paper_id in rows.ids.tolist()], bit_of)
    kept = ~np.isin(table.ids, rows.ids)
    earlier = np.pad(table.bits[kept], ((0, 0), (0, bits.shape[1] - table.bits.shape[1])))
    vectors = Vectors(
        np.concatenate([table.vectors.integers[kept], rows.vectors.integers]),
        np.concatenate([table.vectors.scales[kept], rows.vectors.scales]),
    )
    ids = np.concatenate([table.ids[kept], rows.ids])
    heads = np.ascontiguousarray(vectors.integers[:, :HEAD])
    bits = np.concatenate([earlier, bits])
    return replace(table, ids=ids, vectors=vectors, heads=heads, bits=bits, bit_of=bit_of)


_tables: dict[str, VectorTable] = {}  # by the URL of the database
_lock = Lock()


def read_table(connection: Connection, used: BasisInUse) -> VectorTable:
    """Return the table of all vectors in the basis in use; this process keeps it."""
    database, catalogues = str(connection.engine.url), tags.catalogues_used(connection)
    with _lock:
        table = _tables.get(database)
        if table is None or (table.used, table.catalogues) != (used, catalogues):
            for other in list(_tables)[: 1 - KEPT]:
                del _tables[other]
            table = _empty(used, catalogues)
        _tables[database] = table = _updated(connection, table)
        return table
