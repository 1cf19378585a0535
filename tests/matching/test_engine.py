"""The engine: many queries at once on many papers, as the plain evaluator sees them one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.query_samples import ASKED, PAPERS, written
from support.reference_evaluator import is_true
from support.service import MONDAY, SEEDS

from notifier import matching, sources
from notifier.matching import QuerySet, index, tokenise
from notifier.matching.passages import PASSAGE_FIELDS
from notifier.models import Paper
from notifier.papers.merging import PaperFacts, is_reworded
from notifier.queries import Query, parse
from notifier.queries.tree import Field
from notifier.text.words import words

RANDOMS = st.randoms(use_true_random=False)
QUERIES = st.builds(lambda asked, chance: parse(written(asked, chance)), ASKED, RANDOMS)


def positions(queries: list[Query], papers: list[Paper]) -> list[list[int]]:
    """What the engine finds for each query, all of them at once."""
    together = QuerySet()
    numbers = [together.add(query) for query in queries]
    matches = index(papers).match_all(together)
    return [matches.positions(number) for number in numbers]


def plainly(queries: list[Query], papers: list[Paper]) -> list[list[int]]:
    """What the plain evaluator finds."""
    return [[place for place, paper in enumerate(papers) if is_true(query, paper)] for query in queries]


@pytest.fixture(scope="module")
def seeds() -> list[Paper]:
    listings = [listing for file in SEEDS for listing in sources.parse_dump(file.read_bytes()).listings]
    return [paper(each.title, each.abstract, number) for number, each in enumerate(listings, 1)]


def paper(title: str, abstract: str = "", number: int = 1) -> Paper:
    return Paper(number, f"t-{number}", title, abstract, number, MONDAY, MONDAY.date())


@settings(deadline=None, max_examples=300)
@given(st.lists(QUERIES, max_size=12), st.lists(PAPERS, max_size=70))
def test_all_queries_at_once_match_what_each_is_true_of(queries: list[Query], papers: list[Paper]) -> None:
    assert positions(queries, papers) == plainly(queries, papers)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.booleans(), QUERIES), max_size=30), st.lists(PAPERS, min_size=1, max_size=10))
def test_queries_come_and_go_and_the_next_match_sees_it(steps: list[tuple[bool, Query]], papers: list[Paper]) -> None:
    queries = QuerySet()
    held: Counter[Query] = Counter()
    numbers: dict[Query, int] = {}
    papers_once = index(papers)
    for comes, query in steps:
        if comes:
            numbers[query] = queries.add(query)
            held[query] += 1
        elif +held:
            gone = next(iter(+held))
            queries.discard(numbers[gone])
            held[gone] -= 1
        matches = papers_once.match_all(queries)
        remaining = list(+held)
        assert [matches.positions(numbers[each]) for each in remaining] == plainly(remaining, papers)


def test_a_query_has_one_number_however_it_is_written() -> None:
    queries = QuerySet()
    assert queries.add(parse("Models (quantized OR pruning)")) == queries.add(parse("(prune | quantization) AND model"))


def test_what_is_discarded_leaves_its_place_to_others() -> None:
    queries = QuerySet()
    kept = queries.add(parse("model (diffusion OR quantum)"))
    for turn in range(50):
        queries.discard(queries.add(parse(f'diffusion (number{turn} OR -"a phrase of turn {turn}")')))
    assert queries.size < 20
    assert index([paper("Quantum Models")]).match_all(queries).positions(kept) == [0]


def test_a_number_that_was_given_back_is_true_of_nothing() -> None:
    queries = QuerySet()
    gone = queries.add(parse("model -survey"))
    queries.add(parse("diffusion"))
    queries.discard(gone)
    assert index([paper("Model")]).match_all(queries).positions(gone) == []


def test_more_papers_than_a_block_holds_keep_their_positions() -> None:
    titles = [f"Paper number{number} of {('even', 'odd')[number % 2]} kind" for number in range(2345)]
    papers = [paper(title, number=number) for number, title in enumerate(titles)]
    odd, one, every = positions([parse("odd"), parse("number2222"), parse("paper")], papers)
    assert odd == list(range(1, 2345, 2))
    assert one == [2222]
    assert every == list(range(2345))


def test_few_very_long_papers_fill_a_block() -> None:
    texts = [" ".join(f"word{place}x{number}" for place in range(90_000)) for number in range(9)]
    papers = [paper("Long", text, number) for number, text in enumerate(texts)]
    searched = index(papers)
    assert len(searched.blocks) > 1
    assert searched.match(parse("word89999x7")) == [7]
    assert searched.match(parse("long")) == list(range(9))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 21, 40])
def test_a_phrase_of_any_length_stands_in_sequence(length: int) -> None:
    text = [f"w{number % 7}x{number}" for number in range(60)]
    last = 10 + length - 1
    phrase = f'"{" ".join(text[10 : last + 1])}"'
    papers = [
        paper("T", " ".join(text)),
        paper("T", " ".join([*text[:last], "other", *text[last:]])),
        paper(" ".join(text[:last]), " ".join(text[last:])),
        paper(" ".join(text[10 : last + 1])),
    ]
    assert index(papers).match(parse(phrase)) == plainly([parse(phrase)], papers)[0]
    assert {0, 3} <= set(index(papers).match(parse(phrase)))


def test_phrases_that_begin_alike_are_told_apart() -> None:
    papers = [paper("a b c d"), paper("a b c"), paper("a b b c"), paper("a a b c d e")]
    queries = [parse(f'"{phrase}"') for phrase in ("a b", "a b c", "a b b", "b c d", "a a", "c d e", "b b c", "a b d")]
    assert positions(queries, papers) == plainly(queries, papers)


def test_the_seeds_answer_as_the_plain_evaluator_does(seeds: list[Paper]) -> None:
    asked = (
        "model OR learning",
        "(language OR vision) -survey",
        '"large language models" (reasoning OR cod*)',
        "title:diffusion OR abs:(diffusion transformer*) -title:video",
        "reason* -(reasoning language) benchmark",
        '"state of the art" -"state of the art performance"',
        "GPT-4 OR 3D OR C++",
        "the of",
        "upvotes:>=1 OR before:2026-07-07 -agents",
    )
    queries = [parse(each) for each in asked]
    assert positions(queries, seeds) == plainly(queries, seeds)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=4))
def test_stored_tokens_match_as_the_text_itself(title: str, abstract: str, names: list[str]) -> None:
    papers = [replace(paper(title, abstract), authors=tuple(names), keywords=tuple(names))]
    asked = sorted({f'{field}"{word}"' for field in ("", "keyword:", "author:") for word in matching_words(papers[0])})
    queries = [parse(each) for each in asked]
    assert positions(queries, papers) == plainly(queries, papers)
    assert tokenise(papers[0]) == tokenise(papers[0])


def matching_words(one: Paper) -> set[str]:
    """A few words of every passage."""
    return {word for text in (one.title, one.abstract, *one.authors) for word in words(text)[:5] if len(word) < 30}


def test_marks_are_the_same_from_words_that_are_used_again(seeds: list[Paper]) -> None:
    marked = matching.PaperWords(seeds[0])
    queries = [parse(each) for each in ("model", '"language models" OR reason*', "the -of")]
    assert [matching.MarkedLeaves(query).spans(marked) for query in queries] == [
        matching.spans(query, seeds[0]) for query in queries
    ]


def test_phrases_of_very_many_lengths_cost_their_own_words_alone() -> None:
    papers = [paper("a a a b", " ".join(["a"] * 40))]
    queries = [parse(f'"{" ".join(["a"] * length)}"') for length in range(1, 120)]
    assert positions(queries, papers) == [[0]] * 40 + [[]] * 79


@pytest.mark.parametrize("upvotes", [None, 0, 49, 50, 51])
def test_bounds_hold_for_each_sign(upvotes: int | None) -> None:
    papers = [replace(paper("Paper"), upvotes=upvotes)]
    queries = [parse(f"upvotes:{sign}50") for sign in (">=", ">", "<=", "<", "=")]
    queries += [parse(f"{field}:2026-07-{day:02}") for field in ("after", "before") for day in (5, 6, 7)]
    assert positions(queries, papers) == plainly(queries, papers)


def test_prefixes_in_any_order_find_their_own_words(seeds: list[Paper]) -> None:
    starts = ["zzz", "quant", "dif", "the", "mod", "aaa", "quan", "reason", "rea"]
    queries = [parse(f"{field}{start}*") for start in starts for field in ("", "title:")]
    assert positions(queries, seeds) == plainly(queries, seeds)


def test_tokens_are_dropped_for_a_change_of_any_passage() -> None:
    known = facts("A Title of Words", "Text.", ("Ann",), ("keyword",))
    changed = {
        Field.TITLE: replace(known, title="Another"),
        Field.ABSTRACT: replace(known, abstract="Another."),
        Field.AUTHOR: replace(known, authors=("Bob",)),
        Field.KEYWORD: replace(known, keywords=()),
    }
    assert set(changed) == set(PASSAGE_FIELDS)
    assert all(is_reworded(known, each) for each in changed.values())
    assert not is_reworded(known, replace(known, upvotes=3, categories=("cs.LG",)))


def facts(title: str, abstract: str, authors: tuple[str, ...], keywords: tuple[str, ...]) -> PaperFacts:
    return PaperFacts(title, abstract, MONDAY.date(), "page text", authors=authors, keywords=keywords)
