"""Random queries and papers for tests, and the meaning of each query, defined without the code under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random

from hypothesis import strategies as st

from notifier.models import Paper

VOCABULARY = (
    *("model", "models", "Modelling", "diffusion", "quantum", "quantized", "quantization", "organised", "organisation"),
    *("LLM", "LLMs", "language", "vision", "gpt", "4o", "c++", "news", "survey"),
)
AUTHORS = ("Jane Q Smith", "John Smith", "Smith Anders", "Li Wei", "J Schmidhuber")
CATEGORIES = ("cs.LG", "cs.CL", "stat.ML", "math.AG", "math-ph")
KEYWORDS = ("language model", "quantum computing", "Models")

QUERY_PIECES = (
    *("a", "models", "organisation", "C++", "naïve", "深度", "’s", "ß", "3.5", "or", " ", " ", " "),
    *("(", ")", "((", "))", '"', "“", "-", "|", ",", "*", "abc*", ":", "&", "ﷺ"),
    *("AND ", " OR ", " NOT ", "ANDNOT ", "title:", "au:", "cat:cs.*", "cat:", "topic:x", "source:", "upvotes:>=5"),
    *("after:2026-01-31", "before:", "like:2601.00001", "upvotes:", "votes:", "votes:>=3", "foo:", "\x00", "\u202e"),
)
# Texts that may be queries: most are refused.
ANY_TEXT = st.text(max_size=40) | st.lists(st.sampled_from(QUERY_PIECES), max_size=14).map("".join)

SAMPLE_PAPERS = st.builds(
    Paper,
    id=st.integers(1, 1000),
    key=st.just("key"),
    title=st.lists(st.sampled_from(VOCABULARY), max_size=4).map(" ".join),
    abstract=st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join),
    sequence=st.just(1),
    first_seen=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    listed_on=st.sampled_from([date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)]),
    upvotes=st.sampled_from([None, 0, 49, 50, 51]),
    votes=st.sampled_from([0, 2, 3, 4]),
    source=st.sampled_from(["arxiv", "page text"]),
    authors=st.lists(st.sampled_from(AUTHORS), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=2).map(tuple),
    keywords=st.lists(st.sampled_from(KEYWORDS), max_size=2).map(tuple),
    topics=st.frozensets(st.sampled_from(["agents", "quantum-computing"])),
)


@dataclass(frozen=True)
class SampleLeaf:
    """A leaf: several ways to type it, and a function that says whether it is true of a paper."""

    spellings: tuple[str, ...]
    is_true: Callable[[Paper], bool]


@dataclass(frozen=True)
class SampleNot:
    """NOT over one query."""

    operand: SampleQuery


@dataclass(frozen=True)
class SampleAnd:
    """AND over two or more queries."""

    operands: tuple[SampleQuery, ...]


@dataclass(frozen=True)
class SampleOr:
    """OR over two or more queries."""

    operands: tuple[SampleQuery, ...]


SampleQuery = SampleLeaf | SampleNot | SampleAnd | SampleOr


def _text_has(text: str, *forms: str) -> bool:
    return any(f" {form} " in f" {text.lower()} " for form in forms)


def _paper_has(paper: Paper, *forms: str) -> bool:
    return _text_has(paper.title, *forms) or _text_has(paper.abstract, *forms)


def _has_prefix(text: str, start: str) -> bool:
    return any(word.startswith(start) for word in text.lower().split())


SAMPLE_LEAVES = (
    SampleLeaf(
        ("model", "models", "Modelled", "MODELLING"),
        lambda paper: _paper_has(paper, "model", "models", "modelling"),
    ),
    SampleLeaf(
        ("organise", "organises", "Organisation"),
        lambda paper: _paper_has(paper, "organised", "organisation"),
    ),
    SampleLeaf(("llm", "LLMs"), lambda paper: _paper_has(paper, "llm", "llms")),
    SampleLeaf(("news", "News's"), lambda paper: _paper_has(paper, "news")),
    SampleLeaf(("C++", "c++"), lambda paper: _paper_has(paper, "c++")),
    SampleLeaf(('"model"', '"Model."'), lambda paper: _paper_has(paper, "model")),
    SampleLeaf(
        ("GPT-4o", '"gpt 4o"', "gpt/4o"),
        lambda paper: _paper_has(paper, "gpt 4o"),
    ),
    SampleLeaf(("quant*", "QUANT*"), lambda paper: _has_prefix(f"{paper.title} {paper.abstract}", "quant")),
    SampleLeaf(("title:survey", "ti:Surveys", "intitle:(survey)"), lambda paper: _text_has(paper.title, "survey")),
    SampleLeaf(
        ('abs:"vision language"', "abstract:vision-language"),
        lambda paper: _text_has(paper.abstract, "vision language"),
    ),
    SampleLeaf(("abs:quanti*", "abstract:Quanti*"), lambda paper: _has_prefix(paper.abstract, "quanti")),
    SampleLeaf(("author:smith", 'au:"Smith"'), lambda paper: any(_text_has(name, "smith") for name in paper.authors)),
    SampleLeaf(
        ('author:"J Smith"', 'au:"smith, j."'),
        lambda paper: bool({"Jane Q Smith", "John Smith"} & set(paper.authors)),
    ),
    SampleLeaf(("author:schm*", "au:Schm*"), lambda paper: any(_has_prefix(name, "schm") for name in paper.authors)),
    SampleLeaf(("category:cs.LG", 'cat:"CS.lg"'), lambda paper: "cs.LG" in paper.categories),
    SampleLeaf(("category:cs", "cat:cs.*"), lambda paper: bool({"cs.LG", "cs.CL"} & set(paper.categories))),
    SampleLeaf(("category:math", "cat:MATH.*"), lambda paper: "math.AG" in paper.categories),
    SampleLeaf(
        ("keyword:model", "keyword:Models"),
        lambda paper: bool({"language model", "Models"} & set(paper.keywords)),
    ),
    SampleLeaf(
        ('keyword:"quantum computing"', "keyword:quantum-computing"),
        lambda paper: "quantum computing" in paper.keywords,
    ),
    SampleLeaf(
        ("topic:quantum-computing", 'topic:"Quantum computing"'), lambda paper: "quantum-computing" in paper.topics
    ),
    SampleLeaf(("source:arxiv", "source:arXiv"), lambda paper: paper.source == "arxiv"),
    SampleLeaf(("upvotes:>=50", 'upvotes:">= 050"'), lambda paper: paper.upvotes is not None and paper.upvotes >= 50),
    SampleLeaf(("upvotes:<50",), lambda paper: paper.upvotes is not None and paper.upvotes < 50),
    SampleLeaf(("upvotes:=50",), lambda paper: paper.upvotes == 50),
    SampleLeaf(("votes:>=3", 'votes:">= 03"', "Votes:>=3"), lambda paper: paper.votes >= 3),
    SampleLeaf(("votes:<3",), lambda paper: paper.votes < 3),
    SampleLeaf(("votes:=0", "VOTES:=00"), lambda paper: paper.votes == 0),
    SampleLeaf(("after:2026-01-31", "After:2026-01-31"), lambda paper: paper.listed_on >= date(2026, 1, 31)),
    SampleLeaf(("before:2026-01-31",), lambda paper: paper.listed_on < date(2026, 1, 31)),
    SampleLeaf(("like:2601.12345", "LIKE:2601.12345v2"), lambda _: False),  # no stored paper is known to be similar
)

_QUERY_TREES = st.recursive(
    st.sampled_from(SAMPLE_LEAVES),
    lambda inner: st.one_of(
        st.builds(SampleNot, inner),
        st.builds(SampleAnd, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(SampleOr, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)

# The language refuses a query that only excludes papers, so each tree is combined by AND with a leaf.
SAMPLE_QUERIES = st.builds(
    lambda leaf, tree: SampleAnd((leaf, tree)), st.sampled_from(SAMPLE_LEAVES), _QUERY_TREES
) | st.sampled_from(SAMPLE_LEAVES)


def is_sample_true(query: SampleQuery, paper: Paper) -> bool:
    """Return whether the query is true of the paper."""
    match query:
        case SampleNot(operand):
            return not is_sample_true(operand, paper)
        case SampleAnd(operands):
            return all(is_sample_true(operand, paper) for operand in operands)
        case SampleOr(operands):
            return any(is_sample_true(operand, paper) for operand in operands)
        case leaf:
            return leaf.is_true(paper)


def spelled(query: SampleQuery, rng: Random) -> str:
    """Return one of the many ways to type the query."""
    match query:
        case SampleNot(operand):
            pattern = rng.choice(["-{}", "NOT {}", "ANDNOT {}", "NOT -NOT {}"])
            return pattern.format(_operand(operand, rng, in_parentheses=(SampleAnd, SampleOr)))
        case SampleAnd(operands):
            typed = [_operand(operand, rng, in_parentheses=(SampleOr,)) for operand in _shuffled(operands, rng)]
            return rng.choice([" ", " AND "]).join(typed)
        case SampleOr(operands):
            typed = [_operand(operand, rng, in_parentheses=()) for operand in _shuffled(operands, rng)]
            return rng.choice([" OR ", "|", " | "]).join(typed)
        case leaf:
            return rng.choice(leaf.spellings)


def _shuffled(operands: tuple[SampleQuery, ...], rng: Random) -> list[SampleQuery]:
    """Return the operands in random order, with one of them perhaps repeated."""
    chosen = [*operands, *rng.sample(operands, rng.randint(0, 1))]
    rng.shuffle(chosen)
    return chosen


def _operand(operand: SampleQuery, rng: Random, in_parentheses: tuple[type[SampleQuery], ...]) -> str:
    """Return an operand as typed: in parentheses if it needs them, and sometimes if it does not."""
    text = spelled(operand, rng)
    return f"({text})" if isinstance(operand, in_parentheses) or rng.random() < 0.1 else text
