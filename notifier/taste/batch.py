"""Order the papers of many subscribers by their tastes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from notifier.taste.orders import Integers, by_taste, by_trending_and_taste
from notifier.taste.vectors import TasteVectors
from notifier.taste.weights import UNITS, products_of, scores_of, weights_of

# Papers are only called similar if the cosine of their differences from the mean paper is at least this. Of all
# pairs of labelled papers, one in four have a label in common; of the pairs above this value, more than nine in ten.
SIMILAR = 0.15

Ratings = Mapping[int, bool]  # by paper id, whether the subscriber liked the paper


BLOCK = 64


class Tastes:
    """The tastes of some subscribers, and how well some papers suit them.

    Scores are computed for BLOCK subscribers at a time, in the order of `ratings`. So it is quickest to ask for the
    subscribers in that order.
    """

    def __init__(self, ratings: Mapping[int, Ratings], vectors: TasteVectors, paper_ids: Iterable[int]) -> None:
        """Learn the tastes of subscribers from their ratings, by subscriber id, and score these papers.

        `vectors` should have the vectors of the rated papers and of those to be scored.
        """
        self._ratings = {subscriber_id: sorted(each.items()) for subscriber_id, each in ratings.items() if each}
        self._vectors = vectors
        self._row_of = {subscriber_id: row for row, subscriber_id in enumerate(self._ratings)}
        self._column_of = {paper_id: column for column, paper_id in enumerate(dict.fromkeys(paper_ids))}
        weights = [
            weights_of([liked for _, liked in each], vectors.of([paper_id for paper_id, _ in each]))
            for each in self._ratings.values()
        ]
        self._weights = np.array(weights)
        self._scored = vectors.of(self._column_of).astype(np.float64)
        self._block, self._scores = -1, np.empty((0, 0), np.int64)

    def __contains__(self, subscriber_id: int) -> bool:
        """Return whether the subscriber has a taste."""
        return subscriber_id in self._ratings

    def rated(self, subscriber_id: int) -> frozenset[int]:
        """Return the ids of the papers that the subscriber liked or disliked."""
        return frozenset(paper_id for paper_id, _ in self._ratings.get(subscriber_id, ()))

    def liked(self, subscriber_id: int) -> list[int]:
        """Return the ids of the papers that the subscriber liked, in ascending order."""
        return [paper_id for paper_id, is_liked in self._ratings.get(subscriber_id, ()) if is_liked]

    def by_taste(self, subscriber_id: int, paper_ids: Sequence[int]) -> Integers:
        """Return the indices of `paper_ids`, sorted by how well the papers suit the subscriber, the best first.

        `paper_ids` must be in the order of trending; papers that suit the subscriber equally stay in this order.
        """
        return by_taste(self._scores_of(subscriber_id, paper_ids))

    def by_trending_and_taste(self, subscriber_id: int, paper_ids: Sequence[int]) -> Integers:
        """Return the indices of `paper_ids`, sorted by trending and the subscriber's taste together."""
        return by_trending_and_taste(self._scores_of(subscriber_id, paper_ids))

    def most_similar_liked(self, subscriber_id: int, paper_ids: Sequence[int]) -> dict[int, int]:
        """Return, by paper id, the liked paper that contributes most to the score of each of these papers.

        Papers that no liked paper is similar to are left out, and so are the papers that the subscriber liked.
        """
        liked = self.liked(subscriber_id)
        if not liked or not paper_ids:
            return {}
        of_asked, of_liked = (self._vectors.of(each).astype(np.float64) for each in (paper_ids, liked))
        products = np.rint(products_of(of_asked, of_liked) * UNITS)
        best = np.argmax(products, axis=1)
        lengths = np.sqrt((of_asked**2).sum(axis=1) * (of_liked**2).sum(axis=1)[best])
        are_similar = products[np.arange(len(best)), best] > SIMILAR * UNITS * lengths
        found = zip(paper_ids, best.tolist(), are_similar.tolist(), strict=True)
        return {paper_id: liked[row] for paper_id, row, is_similar in found if is_similar and paper_id not in liked}

    def _scores_of(self, subscriber_id: int, paper_ids: Sequence[int]) -> Integers:
        columns = np.fromiter(map(self._column_of.__getitem__, paper_ids), np.intp, len(paper_ids))
        block, row = divmod(self._row_of[subscriber_id], BLOCK)
        if block != self._block:
            self._block = block
            self._scores = scores_of(self._weights[block * BLOCK : (block + 1) * BLOCK], self._scored)
        scores: Integers = self._scores[row][columns]
        return scores
