"""Terms, bases and vectors: pure functions of the papers' words, in any order and in any blocks."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from notifier.similarity import (
    Vectors,
    cosines,
    fit,
    jaccard,
    taste_matrix,
    term_cosines,
    terms_of,
    topic_bits,
    topic_similarities,
    total,
    vectors_of,
)
from notifier.text.words import words

SUBJECTS = {
    "bees": "honey bees hive pollen queen worker nectar swarm",
    "code": "program compiler software repository bug patch test function",
    "stars": "galaxy telescope nebula orbit planet comet dust spectrum",
}
OTHERS = words("We show that a new method of this kind works better than all the others in many experiments.")


def written(subject: str, seed: int) -> bytes:
    """Return the terms of an invented paper about one of the subjects."""
    choice = random.Random(f"{subject} {seed}")
    own = SUBJECTS[subject].split()
    return terms_of(choice.sample(own, 3), [*choice.choices(own, k=6), *choice.choices(OTHERS, k=12)])


PAPERS = [written(subject, seed) for seed in range(12) for subject in SUBJECTS]
BASIS = fit(PAPERS)
texts = st.lists(st.text(max_size=40), max_size=12)


@given(texts)
def test_a_paper_has_the_same_vector_in_any_order_and_in_any_block(abstracts: Sequence[str]) -> None:
    papers = [terms_of((), words(text)) for text in abstracts] + PAPERS[:3]
    together = vectors_of(BASIS, papers)
    for place, paper in enumerate(papers):
        alone = vectors_of(BASIS, [paper])
        assert alone.scales[0] == together.scales[place]
        assert np.array_equal(alone.integers[0], together.integers[place])
    backwards = vectors_of(BASIS, papers[::-1])
    assert np.array_equal(backwards.integers[::-1], together.integers)


def test_the_order_of_the_papers_plays_no_part_in_the_basis() -> None:
    backwards = fit(PAPERS[::-1])
    assert np.array_equal(backwards.projection, BASIS.projection)
    assert np.array_equal(backwards.idf, BASIS.idf)


def test_a_vector_of_small_integers_has_length_one_and_is_near_the_exact_one() -> None:
    vectors = vectors_of(BASIS, PAPERS)
    floats = vectors.floats()
    rounding = np.sqrt(BASIS.dimensions) * vectors.scales / 2  # each number is at most half a step from the exact one
    assert (np.abs(np.linalg.norm(floats, axis=1) - 1) <= rounding + 1e-6).all()
    finest = fit(PAPERS).projection.astype(np.float64)
    for paper, row, bound in zip(PAPERS, floats, rounding, strict=True):
        others = vectors_of(BASIS, [paper]).floats()[0]
        assert np.linalg.norm(row - others) <= 2 * bound
    assert finest.shape == (len(BASIS.hashes), BASIS.dimensions)


def test_papers_of_one_subject_are_nearer_to_each_other_than_to_the_rest() -> None:
    vectors = vectors_of(BASIS, PAPERS)
    found = cosines(vectors, vectors.floats()[0])
    same = [found[place] for place in range(3, len(PAPERS), 3)]
    assert min(same) > max(found[place] for place in range(len(PAPERS)) if place % 3)
    by_terms = term_cosines(BASIS, PAPERS[0], PAPERS)
    assert by_terms[0] == max(by_terms)
    assert abs(by_terms[0] - 1) < 1e-5


def test_cosines_are_the_same_for_a_paper_alone_and_among_many() -> None:
    vectors = vectors_of(BASIS, PAPERS * 200)  # more than one block
    found = cosines(vectors, vectors.floats()[0])
    assert np.allclose(found, np.tile(found[: len(PAPERS)], 200), atol=1e-6)


def test_papers_without_words_with_one_word_and_with_very_many_are_compared_as_well() -> None:
    huge = terms_of((), [f"word{number}" for number in range(20_000)] * 3 + ["hive"] * 500)
    papers = [terms_of((), ()), terms_of(["hive"], ()), huge, terms_of((), ["unheard"]), PAPERS[0]]
    vectors = vectors_of(BASIS, papers)
    assert vectors.scales[0] == vectors.scales[3] == 0  # they have no word that the basis knows
    assert np.isfinite(vectors.floats()).all()
    assert len(huge) < 20_000
    assert term_cosines(BASIS, papers[0], papers).tolist() == [0] * 5
    assert term_cosines(BASIS, papers[3], papers)[3] > 0.99
    for few in ([], [terms_of((), ())], [terms_of(["hive"], ())], papers):
        small = fit(few)
        assert np.isfinite(vectors_of(small, papers).floats()).all()


@given(st.lists(st.sets(st.sampled_from("abcdef")), min_size=1, max_size=8), st.integers(1, 100))
def test_topics_as_bits_give_the_same_share_as_the_sets(topics: Sequence[set[str]], spread: int) -> None:
    bit_of = {slug: place * spread for place, slug in enumerate("abcdef")}
    bits = topic_bits(topics, {**bit_of, **{f"other {number}": number for number in range(6 * spread)}})
    assert topic_similarities(bits, bits[0]).tolist() == [np.float32(jaccard(each, topics[0])) for each in topics]


def test_the_vectors_count_only_when_many_papers_are_stored() -> None:
    lsa, terms, topics = (np.array([value], np.float32) for value in (0.5, 0.25, 1))
    assert np.isclose(total(lsa, terms, topics, 19_999), 0.55)
    assert np.isclose(total(lsa, terms, topics, 20_000), 1.05)


def test_a_vector_of_taste_has_its_topics_at_its_end() -> None:
    rows = taste_matrix(np.zeros((3, 2), np.float32), [{"a", "b"}, set(), {"b"}])
    assert np.allclose(rows[:, :2], 0)
    assert np.allclose(np.linalg.norm(rows, axis=1), [0.55, 0, 0.55])
    assert np.isclose(rows[0] @ rows[2], 0.55**2 / np.sqrt(2))


def test_no_papers_have_no_vectors() -> None:
    empty: Vectors = vectors_of(BASIS, [])
    assert empty.floats().shape == (0, BASIS.dimensions)
    assert cosines(empty, np.zeros(BASIS.dimensions, np.float32)).tolist() == []
