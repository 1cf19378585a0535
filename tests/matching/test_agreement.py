"""The index and the marks, against what random queries mean on random papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.query_samples import ASKED, PAPERS, Asked, Both, Either, Leaf, Not, holds, written

from notifier.matching import index, spans
from notifier.models import Paper, Span
from notifier.queries import canonical, parse

RANDOMS = st.randoms(use_true_random=False)


@settings(deadline=None, max_examples=400)
@given(ASKED, RANDOMS, st.lists(PAPERS, max_size=8))
def test_a_query_however_written_matches_the_papers_that_it_is_true_of(
    asked: Asked, chance: Random, papers: list[Paper]
) -> None:
    expected = [position for position, paper in enumerate(papers) if holds(asked, paper)]
    query = parse(written(asked, chance))
    assert index(papers).match(query) == expected
    assert index(papers).match(parse(canonical(query))) == expected


@settings(deadline=None, max_examples=100)
@given(st.lists(ASKED, min_size=2, max_size=6), RANDOMS, st.lists(PAPERS, max_size=6))
def test_queries_on_one_index_do_not_disturb_each_other(
    several: list[Asked], chance: Random, papers: list[Paper]
) -> None:
    papers_once = index(papers)
    queries = [parse(written(asked, chance)) for asked in several]
    assert [papers_once.match(query) for query in queries] == [index(papers).match(query) for query in queries]


@settings(deadline=None, max_examples=300)
@given(ASKED, RANDOMS, PAPERS)
def test_without_its_marked_words_no_leaf_is_true_of_a_papers_text(asked: Asked, chance: Random, paper: Paper) -> None:
    found = spans(parse(written(asked, chance)), paper)
    rest = replace(paper, title=without(paper.title, found.title), abstract=without(paper.abstract, found.abstract))
    assert not any(is_true_of_text(leaf, rest) for leaf in positive_leaves(asked))


@settings(deadline=None, max_examples=300)
@given(ASKED, RANDOMS, PAPERS)
def test_every_mark_alone_makes_a_leaf_true(asked: Asked, chance: Random, paper: Paper) -> None:
    found = spans(parse(written(asked, chance)), paper)
    alone = [replace(paper, title=paper.title[start:end], abstract="") for start, end in found.title]
    alone += [replace(paper, title="", abstract=paper.abstract[start:end]) for start, end in found.abstract]
    for marked in alone:
        assert any(is_true_of_text(leaf, marked) for leaf in positive_leaves(asked))


@settings(deadline=None, max_examples=100)
@given(ASKED, RANDOMS, PAPERS)
def test_marks_are_in_order_and_apart(asked: Asked, chance: Random, paper: Paper) -> None:
    found = spans(parse(written(asked, chance)), paper)
    for text, marked in ((paper.title, found.title), (paper.abstract, found.abstract)):
        edges = [edge for span in marked for edge in span]
        assert edges == sorted(set(edges))
        assert all(0 <= edge <= len(text) for edge in edges)


def positive_leaves(asked: Asked) -> Iterator[Leaf]:
    match asked:
        case Not(Not(operand)):
            yield from positive_leaves(operand)
        case Not():
            return
        case Both(operands) | Either(operands):
            for operand in operands:
                yield from positive_leaves(operand)
        case leaf:
            yield leaf


def is_true_of_text(leaf: Leaf, paper: Paper) -> bool:
    return leaf.holds(paper) and not leaf.holds(replace(paper, title="", abstract=""))


def without(text: str, marked: tuple[Span, ...]) -> str:
    for start, end in reversed(marked):
        text = f"{text[:start]}other{text[end:]}"
    return text
