"""The tastes of subscribers, and the order of papers by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from notifier.taste import Tastes, TasteVectors

ANN, BOB = 1, 2
# Papers 1 to 3 are about one thing, 4 to 6 about another one, and 7 about both. 8 has no vector.
NEAR_THE_FIRST, NEAR_THE_SECOND, BOTH, WITHOUT = (1, 2, 3), (4, 5, 6), 7, 8
ROWS = [(1, 0), (0.9, 0.1), (0.8, 0.2), (0, 1), (0.1, 0.9), (0.2, 0.8), (0.5, 0.5)]
PAPERS = [*range(1, 9)]


def vectors(rows: Sequence[tuple[float, float]] = ROWS) -> TasteVectors:
    matrix = np.array(rows, np.float32)
    return TasteVectors(range(1, len(rows) + 1), matrix, matrix.mean(axis=0))


def tastes(**of_ann: bool) -> Tastes:
    return Tastes({ANN: {int(paper[1:]): liked for paper, liked in of_ann.items()}}, vectors(), PAPERS)


def in_order(places: object, papers: list[int]) -> list[int]:
    return [papers[place] for place in places]  # type: ignore[attr-defined]


def test_by_taste_papers_near_the_liked_ones_come_first_and_those_near_the_disliked_ones_last() -> None:
    papers = [4, 7, 2, 5, 3]
    learnt = tastes(p1=True, p6=False)
    assert in_order(learnt.by_taste(ANN, papers), papers) == [2, 3, 7, 5, 4]


def test_dislikes_alone_are_a_taste() -> None:
    papers = [5, 2]
    assert in_order(tastes(p4=False).by_taste(ANN, papers), papers) == [2, 5]


def test_with_trending_what_is_high_in_both_orders_comes_first() -> None:
    papers = [4, 2, 5, 3]  # by taste: 2, 3, 5, 4
    assert in_order(tastes(p1=True).by_trending_and_taste(ANN, papers), papers) == [2, 4, 3, 5]


def test_if_taste_is_the_opposite_of_trending_the_first_of_both_come_before_those_in_the_middle() -> None:
    papers = [4, 5, 3, 2]  # by taste: 2, 3, 5, 4
    assert in_order(tastes(p1=True).by_trending_and_taste(ANN, papers), papers) == [4, 2, 5, 3]


def test_papers_that_suit_a_subscriber_equally_keep_the_order_of_trending() -> None:
    rows = [(1, 0), (0, 1), (0, 1), (0, 1)]
    learnt = Tastes({ANN: {1: True}}, vectors(rows), [4, 2, 3])
    assert learnt.by_taste(ANN, [4, 2, 3]).tolist() == [0, 1, 2]
    assert learnt.by_trending_and_taste(ANN, [4, 2, 3]).tolist() == [0, 1, 2]


def test_a_paper_without_a_vector_is_like_the_mean_paper() -> None:
    papers = [4, WITHOUT, 2]
    assert in_order(tastes(p1=True).by_taste(ANN, papers), papers) == [2, WITHOUT, 4]
    unknown = tastes(p8=True)
    assert unknown.by_taste(ANN, papers).tolist() == [0, 1, 2]
    assert unknown.most_similar_liked(ANN, papers) == {}


def test_an_empty_list_of_papers_has_an_empty_order() -> None:
    assert tastes(p1=True).by_trending_and_taste(ANN, []).tolist() == []


def test_only_subscribers_with_feedback_have_a_taste() -> None:
    learnt = Tastes({ANN: {1: True, 4: False}, BOB: {}}, vectors(), PAPERS)
    assert ANN in learnt and BOB not in learnt
    assert learnt.liked(ANN) == [1] and learnt.rated(ANN) == {1, 4}
    assert learnt.liked(BOB) == [] and learnt.rated(BOB) == frozenset()


def test_the_liked_paper_that_contributes_most_is_named_if_it_is_similar() -> None:
    learnt = tastes(p1=True, p2=True, p5=True, p4=False)
    assert learnt.most_similar_liked(ANN, [3, 6]) == {3: 1, 6: 5}
    assert tastes(p1=True).most_similar_liked(ANN, [1, 3, 4]) == {3: 1}  # 1 is liked itself, and 4 is not similar
    assert tastes(p1=False).most_similar_liked(ANN, [2]) == {}


numbers = st.floats(-1, 1, width=32)
some_rows = st.lists(st.tuples(*[numbers] * 3), min_size=6, max_size=12)
some_ratings = st.dictionaries(st.integers(1, 14), st.booleans(), min_size=1)


@given(some_rows, some_ratings, some_ratings, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_rows_or_on_other_subscribers(
    rows: list[tuple[float, ...]],
    of_ann: dict[int, bool],
    of_bob: dict[int, bool],
    random: object,
) -> None:
    matrix = np.array(rows, np.float32)
    mean, ids = matrix.mean(axis=0), [*range(1, len(rows) + 1)]
    first = Tastes({ANN: of_ann}, TasteVectors(ids, matrix, mean), ids)
    shuffled, rated, scored = [*ids], [*of_ann.items()], [*ids]
    for each in (shuffled, rated, scored):
        random.shuffle(each)  # type: ignore[attr-defined]
    again = Tastes(
        {BOB: of_bob, ANN: dict(rated)}, TasteVectors(shuffled, matrix[[each - 1 for each in shuffled]], mean), scored
    )
    for way in (Tastes.by_taste, Tastes.by_trending_and_taste):
        assert way(first, ANN, ids).tolist() == way(again, ANN, ids).tolist()
    assert first.most_similar_liked(ANN, ids) == again.most_similar_liked(ANN, ids)


@given(some_rows, some_ratings)
def test_an_order_holds_each_paper_once(rows: list[tuple[float, ...]], ratings: dict[int, bool]) -> None:
    ids = [*range(1, len(rows) + 1)]
    matrix = np.array(rows, np.float32)
    learnt = Tastes({ANN: ratings}, TasteVectors(ids, matrix, matrix.mean(axis=0)), ids)
    for way in (Tastes.by_taste, Tastes.by_trending_and_taste):
        assert sorted(way(learnt, ANN, ids).tolist()) == [*range(len(ids))]
