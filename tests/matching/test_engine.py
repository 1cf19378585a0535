"""The matching engine: many queries on many papers at once, compared with the reference evaluator."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.query_samples import SAMPLE_PAPERS, SAMPLE_QUERIES, spelled
from support.reference_evaluator import is_true
from support.service import MONDAY, SEEDS
from support.thoroughness import examples

from notifier import matching, sources
from notifier.matching import QuerySet, index, tokenise
from notifier.matching.passages import PASSAGE_FIELDS
from notifier.models import Paper
from notifier.papers.merging import PaperFacts, is_reworded
from notifier.queries import Query, parse
from notifier.queries.tree import Field
from notifier.text.words import words

RANDOMS = st.randoms(use_true_random=False)
QUERIES = st.builds(lambda sample, rng: parse(spelled(sample, rng)), SAMPLE_QUERIES, RANDOMS)


def engine_positions(queries: list[Query], papers: list[Paper]) -> list[list[int]]:
    """Return the positions that the engine finds for each query when it matches all queries at once."""
    query_set = QuerySet()
    numbers = [query_set.add(query) for query in queries]
    matches = index(papers).match_all(query_set)
    return [matches.positions(number) for number in numbers]


def reference_positions(queries: list[Query], papers: list[Paper]) -> list[list[int]]:
    """Return the positions that the reference evaluator finds for each query."""
    return [[place for place, paper in enumerate(papers) if is_true(query, paper)] for query in queries]


@pytest.fixture(scope="module")
def seeds() -> list[Paper]:
    listings = [listing for file in SEEDS for listing in sources.parse_dump(file.read_bytes()).listings]
    return [paper(each.title, each.abstract, number) for number, each in enumerate(listings, 1)]


def paper(title: str, abstract: str = "", number: int = 1) -> Paper:
    return Paper(number, f"t-{number}", title, abstract, number, MONDAY, MONDAY.date())


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(QUERIES, max_size=12), st.lists(SAMPLE_PAPERS, max_size=70))
def test_queries_that_are_matched_together_match_as_the_reference_evaluator_does(
    queries: list[Query], papers: list[Paper]
) -> None:
    assert engine_positions(queries, papers) == reference_positions(queries, papers)


@settings(deadline=None, max_examples=examples(200))
@given(st.lists(st.tuples(st.booleans(), QUERIES), max_size=30), st.lists(SAMPLE_PAPERS, min_size=1, max_size=10))
def test_a_match_uses_the_queries_that_were_added_and_not_yet_discarded(
    steps: list[tuple[bool, Query]], papers: list[Paper]
) -> None:
    queries = QuerySet()
    held: Counter[Query] = Counter()
    numbers: dict[Query, int] = {}
    shared_index = index(papers)
    for is_added, query in steps:
        if is_added:
            numbers[query] = queries.add(query)
            held[query] += 1
        elif +held:
            discarded = next(iter(+held))
            queries.discard(numbers[discarded])
            held[discarded] -= 1
        matches = shared_index.match_all(queries)
        remaining = list(+held)
        assert [matches.positions(numbers[query]) for query in remaining] == reference_positions(remaining, papers)


def test_a_query_has_the_same_number_in_every_spelling() -> None:
    queries = QuerySet()
    assert queries.add(parse("Models (quantized OR pruning)")) == queries.add(parse("(prune | quantization) AND model"))


def test_the_numbers_of_discarded_queries_are_used_again() -> None:
    queries = QuerySet()
    kept = queries.add(parse("model (diffusion OR quantum)"))
    for turn in range(50):
        queries.discard(queries.add(parse(f'diffusion (number{turn} OR -"a phrase of turn {turn}")')))
    assert queries.size < 20
    assert index([paper("Quantum Models")]).match_all(queries).positions(kept) == [0]


def test_the_number_of_a_discarded_query_matches_nothing() -> None:
    queries = QuerySet()
    discarded = queries.add(parse("model -survey"))
    queries.add(parse("diffusion"))
    queries.discard(discarded)
    assert index([paper("Model")]).match_all(queries).positions(discarded) == []


def test_more_papers_than_a_block_holds_keep_their_positions() -> None:
    titles = [f"Paper number{number} of {('even', 'odd')[number % 2]} kind" for number in range(2345)]
    papers = [paper(title, number=number) for number, title in enumerate(titles)]
    odd, one, every = engine_positions([parse("odd"), parse("number2222"), parse("paper")], papers)
    assert odd == list(range(1, 2345, 2))
    assert one == [2222]
    assert every == list(range(2345))


@pytest.mark.slow
def test_a_block_has_fewer_papers_if_they_are_very_long() -> None:
    texts = [" ".join(f"word{place}x{number}" for place in range(90_000)) for number in range(9)]
    papers = [paper("Long", text, number) for number, text in enumerate(texts)]
    searched = index(papers)
    assert len(searched.blocks) > 1
    assert searched.match(parse("word89999x7")) == [7]
    assert searched.match(parse("long")) == list(range(9))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 21, 40])
def test_a_phrase_of_any_length_matches_its_words_in_sequence(length: int) -> None:
    text = [f"w{number % 7}x{number}" for number in range(60)]
    last = 10 + length - 1
    phrase = f'"{" ".join(text[10 : last + 1])}"'
    papers = [
        paper("T", " ".join(text)),
        paper("T", " ".join([*text[:last], "other", *text[last:]])),
        paper(" ".join(text[:last]), " ".join(text[last:])),
        paper(" ".join(text[10 : last + 1])),
    ]
    assert index(papers).match(parse(phrase)) == reference_positions([parse(phrase)], papers)[0]
    assert {0, 3} <= set(index(papers).match(parse(phrase)))


def test_phrases_with_the_same_first_words_are_distinguished() -> None:
    papers = [paper("a b c d"), paper("a b c"), paper("a b b c"), paper("a a b c d e")]
    queries = [parse(f'"{phrase}"') for phrase in ("a b", "a b c", "a b b", "b c d", "a a", "c d e", "b b c", "a b d")]
    assert engine_positions(queries, papers) == reference_positions(queries, papers)


def test_queries_on_the_seeds_match_as_the_reference_evaluator_does(seeds: list[Paper]) -> None:
    texts = (
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
    queries = [parse(text) for text in texts]
    assert engine_positions(queries, seeds) == reference_positions(queries, seeds)


@settings(deadline=None, max_examples=examples(200))
@given(st.text(max_size=40), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=4))
def test_a_paper_of_any_text_is_matched_by_words_of_each_passage(title: str, abstract: str, names: list[str]) -> None:
    papers = [replace(paper(title, abstract), authors=tuple(names), keywords=tuple(names))]
    texts = sorted({f'{field}"{word}"' for field in ("", "keyword:", "author:") for word in some_words(papers[0])})
    queries = [parse(text) for text in texts]
    assert engine_positions(queries, papers) == reference_positions(queries, papers)
    assert tokenise(papers[0]) == tokenise(papers[0])


def some_words(one: Paper) -> set[str]:
    """Return a few words of every passage."""
    return {word for text in (one.title, one.abstract, *one.authors) for word in words(text)[:5] if len(word) < 30}


def test_marked_spans_are_the_same_if_several_queries_share_the_words_of_a_paper(seeds: list[Paper]) -> None:
    paper_words = matching.PaperWords(seeds[0])
    queries = [parse(text) for text in ("model", '"language models" OR reason*', "the -of")]
    assert [matching.MarkedLeaves(query).spans(paper_words) for query in queries] == [
        matching.spans(query, seeds[0]) for query in queries
    ]


def test_phrases_of_many_lengths_match_only_texts_that_are_long_enough() -> None:
    papers = [paper("a a a b", " ".join(["a"] * 40))]
    queries = [parse(f'"{" ".join(["a"] * length)}"') for length in range(1, 120)]
    assert engine_positions(queries, papers) == [[0]] * 40 + [[]] * 79


@pytest.mark.parametrize("upvotes", [None, 0, 49, 50, 51])
def test_upvote_and_day_bounds_match_for_each_sign(upvotes: int | None) -> None:
    papers = [replace(paper("Paper"), upvotes=upvotes, votes=upvotes or 0)]
    queries = [parse(f"{field}:{sign}50") for field in ("upvotes", "votes") for sign in (">=", ">", "<=", "<", "=")]
    queries += [parse(f"{field}:2026-07-{day:02}") for field in ("after", "before") for day in (5, 6, 7)]
    assert engine_positions(queries, papers) == reference_positions(queries, papers)


def test_prefixes_match_in_whatever_order_they_are_added(seeds: list[Paper]) -> None:
    starts = ["zzz", "quant", "dif", "the", "mod", "aaa", "quan", "reason", "rea"]
    queries = [parse(f"{field}{start}*") for start in starts for field in ("", "title:")]
    assert engine_positions(queries, seeds) == reference_positions(queries, seeds)


def test_a_change_of_any_passage_makes_stored_tokens_invalid() -> None:
    before = facts("A Title of Words", "Text.", ("Ann",), ("keyword",))
    changed = {
        Field.TITLE: replace(before, title="Another"),
        Field.ABSTRACT: replace(before, abstract="Another."),
        Field.AUTHOR: replace(before, authors=("Bob",)),
        Field.KEYWORD: replace(before, keywords=()),
    }
    assert set(changed) == set(PASSAGE_FIELDS)
    assert all(is_reworded(before, after) for after in changed.values())
    assert not is_reworded(before, replace(before, upvotes=3, categories=("cs.LG",)))


def facts(title: str, abstract: str, authors: tuple[str, ...], keywords: tuple[str, ...]) -> PaperFacts:
    return PaperFacts(title, abstract, MONDAY.date(), "page text", authors=authors, keywords=keywords)
