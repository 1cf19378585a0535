"""The vectors of all stored papers in memory, in which the papers that may be near another one are found at once.

80,000 papers take 22 MB. New vectors are appended; another basis or topic catalogue replaces the table. The vectors of
merged papers stay until then, so the caller reads which of the papers that are found still exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from notifier.similarity import TOPIC_WEIGHT, Floats, Vectors, cosines, topic_bits, topic_similarities
from notifier.store import paper_vectors, tags
from notifier.store.paper_vectors import BasisInUse, VectorRows

Catalogues = tuple[str | None, str | None]  # the lowest and the highest fingerprint

KEPT = 4  # tables of so many databases are kept; a process has one, but for tests


class VectorTable:
    """The vectors in one basis, and the topics of the papers as bits, as they were when the vectors were read.

    `catalogues` says which topic catalogues had tagged the papers then.
    """

    def __init__(self, used: BasisInUse, catalogues: Catalogues) -> None:
        self.used, self.catalogues = used, catalogues
        self.ids: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.vectors = Vectors(np.empty((0, used.dimensions), np.int8), np.empty(0, np.float32))
        self.bits: npt.NDArray[np.uint64] = np.empty((0, 1), np.uint64)
        self.bit_of: dict[str, int] = {}
        self._last = 0

    def update(self, connection: Connection) -> None:
        """Read the vectors that are new; a paper that has a new vector has only this one from then on."""
        if paper_vectors.newest_vector(connection) > self._last:
            rows = paper_vectors.read_vectors_after(connection, self.used, self._last)
            self._append(rows, tags.topics_of(connection, rows.ids.tolist()))

    def nearness(self, vector: Floats, topics: Collection[str]) -> Floats:
        """Return how near each paper is to one with this vector and these topics.

        It is the cosine of the vectors, and TOPIC_WEIGHT times the share of common topics.
        """
        known = {slug: self.bit_of.get(slug, len(self.bit_of) + place) for place, slug in enumerate(sorted(topics))}
        wanted = topic_bits([known], {**self.bit_of, **known})[0]
        bits = np.pad(self.bits, ((0, 0), (0, len(wanted) - self.bits.shape[1])))
        near: Floats = cosines(self.vectors, vector)
        near += np.float32(TOPIC_WEIGHT) * topic_similarities(bits, wanted)
        return near

    def _append(self, rows: VectorRows, topics: Mapping[int, Sequence[str]]) -> None:
        for slug in sorted({slug for each in topics.values() for slug in each}):
            self.bit_of.setdefault(slug, len(self.bit_of))
        bits = topic_bits([topics.get(paper_id, ()) for paper_id in rows.ids.tolist()], self.bit_of)
        kept = ~np.isin(self.ids, rows.ids)
        earlier = np.pad(self.bits[kept], ((0, 0), (0, bits.shape[1] - self.bits.shape[1])))
        self.vectors = Vectors(
            np.concatenate([self.vectors.integers[kept], rows.vectors.integers]),
            np.concatenate([self.vectors.scales[kept], rows.vectors.scales]),
        )
        self.ids, self.bits = np.concatenate([self.ids[kept], rows.ids]), np.concatenate([earlier, bits])
        self._last = rows.last


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
            table = VectorTable(used, catalogues)
        table.update(connection)
        _tables[database] = table
        return table
