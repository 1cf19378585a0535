"""Matches and marked words of random queries on random papers, compared with the known meaning of the queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.query_samples import (
    SAMPLE_PAPERS,
    SAMPLE_QUERIES,
    SampleAnd,
    SampleLeaf,
    SampleNot,
    SampleOr,
    SampleQuery,
    is_sample_true,
    spelled,
)
from support.thoroughness import examples

from notifier.matching import index, spans
from notifier.models import Paper, Span
from notifier.queries import canonical, parse

RANDOMS = st.randoms(use_true_random=False)


@settings(deadline=None, max_examples=examples(400))
@given(SAMPLE_QUERIES, RANDOMS, st.lists(SAMPLE_PAPERS, max_size=8))
def test_a_query_in_any_spelling_matches_exactly_the_papers_that_it_is_true_of(
    sample: SampleQuery, rng: Random, papers: list[Paper]
) -> None:
    expected = [position for position, paper in enumerate(papers) if is_sample_true(sample, paper)]
    query = parse(spelled(sample, rng))
    assert index(papers).match(query) == expected
    assert index(papers).match(parse(canonical(query))) == expected


@settings(deadline=None, max_examples=examples(100))
@given(st.lists(SAMPLE_QUERIES, min_size=2, max_size=6), RANDOMS, st.lists(SAMPLE_PAPERS, max_size=6))
def test_queries_on_one_index_do_not_affect_each_other(
    samples: list[SampleQuery], rng: Random, papers: list[Paper]
) -> None:
    shared_index = index(papers)
    queries = [parse(spelled(sample, rng)) for sample in samples]
    assert [shared_index.match(query) for query in queries] == [index(papers).match(query) for query in queries]


@settings(deadline=None, max_examples=examples(300))
@given(SAMPLE_QUERIES, RANDOMS, SAMPLE_PAPERS)
def test_no_leaf_is_true_of_a_text_without_its_marked_words(sample: SampleQuery, rng: Random, paper: Paper) -> None:
    found = spans(parse(spelled(sample, rng)), paper)
    rest = replace(paper, title=without(paper.title, found.title), abstract=without(paper.abstract, found.abstract))
    assert not any(is_true_of_text(leaf, rest) for leaf in positive_leaves(sample))


@settings(deadline=None, max_examples=examples(300))
@given(SAMPLE_QUERIES, RANDOMS, SAMPLE_PAPERS)
def test_each_marked_span_by_itself_makes_a_leaf_true(sample: SampleQuery, rng: Random, paper: Paper) -> None:
    found = spans(parse(spelled(sample, rng)), paper)
    marked_texts = [replace(paper, title=paper.title[start:end], abstract="") for start, end in found.title]
    marked_texts += [replace(paper, title="", abstract=paper.abstract[start:end]) for start, end in found.abstract]
    for marked in marked_texts:
        assert any(is_true_of_text(leaf, marked) for leaf in positive_leaves(sample))


@settings(deadline=None, max_examples=examples(100))
@given(SAMPLE_QUERIES, RANDOMS, SAMPLE_PAPERS)
def test_marked_spans_are_in_order_and_do_not_overlap(sample: SampleQuery, rng: Random, paper: Paper) -> None:
    found = spans(parse(spelled(sample, rng)), paper)
    for text, marked in ((paper.title, found.title), (paper.abstract, found.abstract)):
        edges = [edge for span in marked for edge in span]
        assert edges == sorted(set(edges))
        assert all(0 <= edge <= len(text) for edge in edges)


def positive_leaves(sample: SampleQuery) -> Iterator[SampleLeaf]:
    match sample:
        case SampleNot(SampleNot(operand)):
            yield from positive_leaves(operand)
        case SampleNot():
            return
        case SampleAnd(operands) | SampleOr(operands):
            for operand in operands:
                yield from positive_leaves(operand)
        case leaf:
            yield leaf


def is_true_of_text(leaf: SampleLeaf, paper: Paper) -> bool:
    return leaf.is_true(paper) and not leaf.is_true(replace(paper, title="", abstract=""))


def without(text: str, marked: tuple[Span, ...]) -> str:
    for start, end in reversed(marked):
        text = f"{text[:start]}other{text[end:]}"
    return text
