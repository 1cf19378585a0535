"""Hold the vectors of papers, from which tastes are learnt and by which papers are ordered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


class TasteVectors:
    """The vectors of some papers, all in the same basis, as differences from the vector of the mean paper.

    A paper without a vector, for example because its text is empty, is like the mean paper: its difference is zero.
    """

    def __init__(self, paper_ids: Sequence[int], matrix: Matrix, mean: Matrix) -> None:
        """Take the vectors of these papers, one in each row of `matrix`, and the vector of the mean paper."""
        self._row_of = {paper_id: row for row, paper_id in enumerate(paper_ids, start=1)}
        nothing = np.zeros((1, len(mean)), np.float32)
        self._matrix = np.concatenate([nothing, (matrix - mean).astype(np.float32)])

    def of(self, paper_ids: Iterable[int]) -> Matrix:
        """Return the differences of these papers from the mean paper, one row for each paper."""
        row_of = self._row_of.get
        return self._matrix[[row_of(paper_id, 0) for paper_id in paper_ids]]
