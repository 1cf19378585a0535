"""Queries and papers made up at random, with what each query means said without the code under test."""

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

PAPERS = st.builds(
    Paper,
    id=st.integers(1, 1000),
    key=st.just("key"),
    title=st.lists(st.sampled_from(VOCABULARY), max_size=4).map(" ".join),
    abstract=st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join),
    sequence=st.just(1),
    first_seen=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    listed_on=st.sampled_from([date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)]),
    upvotes=st.sampled_from([None, 0, 49, 50, 51]),
    source=st.sampled_from(["arxiv", "page text"]),
    authors=st.lists(st.sampled_from(AUTHORS), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=2).map(tuple),
    keywords=st.lists(st.sampled_from(KEYWORDS), max_size=2).map(tuple),
    topics=st.frozensets(st.sampled_from(["agents", "quantum-computing"])),
)


@dataclass(frozen=True)
class Leaf:
    """A leaf: the ways to write it, and the papers that it is true of."""

    spellings: tuple[str, ...]
    holds: Callable[[Paper], bool]


@dataclass(frozen=True)
class Not:
    operand: Asked


@dataclass(frozen=True)
class Both:
    """AND of operands."""

    operands: tuple[Asked, ...]


@dataclass(frozen=True)
class Either:
    """OR of operands."""

    operands: tuple[Asked, ...]


Asked = Leaf | Not | Both | Either


def _has(text: str, *forms: str) -> bool:
    return any(f" {form} " in f" {text.lower()} " for form in forms)


def _says(paper: Paper, *forms: str) -> bool:
    return _has(paper.title, *forms) or _has(paper.abstract, *forms)


def _begins(text: str, start: str) -> bool:
    return any(word.startswith(start) for word in text.lower().split())


LEAVES = (
    Leaf(
        ("model", "models", "Modelled", "MODELLING"),
        lambda paper: _says(paper, "model", "models", "modelling"),
    ),
    Leaf(
        ("organise", "organises", "Organisation"),
        lambda paper: _says(paper, "organised", "organisation"),
    ),
    Leaf(("llm", "LLMs"), lambda paper: _says(paper, "llm", "llms")),
    Leaf(("news", "News's"), lambda paper: _says(paper, "news")),
    Leaf(("C++", "c++"), lambda paper: _says(paper, "c++")),
    Leaf(('"model"', '"Model."'), lambda paper: _says(paper, "model")),
    Leaf(
        ("GPT-4o", '"gpt 4o"', "gpt/4o"),
        lambda paper: _says(paper, "gpt 4o"),
    ),
    Leaf(("quant*", "QUANT*"), lambda paper: _begins(f"{paper.title} {paper.abstract}", "quant")),
    Leaf(("title:survey", "ti:Surveys", "intitle:(survey)"), lambda paper: _has(paper.title, "survey")),
    Leaf(('abs:"vision language"', "abstract:vision-language"), lambda paper: _has(paper.abstract, "vision language")),
    Leaf(("abs:quanti*", "abstract:Quanti*"), lambda paper: _begins(paper.abstract, "quanti")),
    Leaf(("author:smith", 'au:"Smith"'), lambda paper: any(_has(name, "smith") for name in paper.authors)),
    Leaf(
        ('author:"J Smith"', 'au:"smith, j."'),
        lambda paper: bool({"Jane Q Smith", "John Smith"} & set(paper.authors)),
    ),
    Leaf(("author:schm*", "au:Schm*"), lambda paper: any(_begins(name, "schm") for name in paper.authors)),
    Leaf(("category:cs.LG", 'cat:"CS.lg"'), lambda paper: "cs.LG" in paper.categories),
    Leaf(("category:cs", "cat:cs.*"), lambda paper: bool({"cs.LG", "cs.CL"} & set(paper.categories))),
    Leaf(("category:math", "cat:MATH.*"), lambda paper: "math.AG" in paper.categories),
    Leaf(
        ("keyword:model", "keyword:Models"),
        lambda paper: bool({"language model", "Models"} & set(paper.keywords)),
    ),
    Leaf(
        ('keyword:"quantum computing"', "keyword:quantum-computing"),
        lambda paper: "quantum computing" in paper.keywords,
    ),
    Leaf(("topic:quantum-computing", 'topic:"Quantum computing"'), lambda paper: "quantum-computing" in paper.topics),
    Leaf(("source:arxiv", "source:arXiv"), lambda paper: paper.source == "arxiv"),
    Leaf(("upvotes:>=50", 'upvotes:">= 050"'), lambda paper: paper.upvotes is not None and paper.upvotes >= 50),
    Leaf(("upvotes:<50",), lambda paper: paper.upvotes is not None and paper.upvotes < 50),
    Leaf(("upvotes:=50",), lambda paper: paper.upvotes == 50),
    Leaf(("after:2026-01-31", "After:2026-01-31"), lambda paper: paper.listed_on >= date(2026, 1, 31)),
    Leaf(("before:2026-01-31",), lambda paper: paper.listed_on < date(2026, 1, 31)),
)

_TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Both, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)

# A leaf that must hold keeps every query from being one that only excludes.
ASKED = st.builds(lambda leaf, tree: Both((leaf, tree)), st.sampled_from(LEAVES), _TREES) | st.sampled_from(LEAVES)


def holds(asked: Asked, paper: Paper) -> bool:
    """Whether the query is true of the paper."""
    match asked:
        case Not(operand):
            return not holds(operand, paper)
        case Both(operands):
            return all(holds(operand, paper) for operand in operands)
        case Either(operands):
            return any(holds(operand, paper) for operand in operands)
        case leaf:
            return leaf.holds(paper)


def written(asked: Asked, chance: Random) -> str:
    """One of the many ways to type the query."""
    match asked:
        case Not(operand):
            pattern = chance.choice(["-{}", "NOT {}", "ANDNOT {}", "NOT -NOT {}"])
            return pattern.format(_operand(operand, chance, binds_looser=(Both, Either)))
        case Both(operands):
            typed = [_operand(operand, chance, binds_looser=(Either,)) for operand in _shuffled(operands, chance)]
            return chance.choice([" ", " AND "]).join(typed)
        case Either(operands):
            typed = [_operand(operand, chance, binds_looser=()) for operand in _shuffled(operands, chance)]
            return chance.choice([" OR ", "|", " | "]).join(typed)
        case leaf:
            return chance.choice(leaf.spellings)


def _shuffled(operands: tuple[Asked, ...], chance: Random) -> list[Asked]:
    """In any order, and one of them perhaps twice."""
    chosen = [*operands, *chance.sample(operands, chance.randint(0, 1))]
    chance.shuffle(chosen)
    return chosen


def _operand(operand: Asked, chance: Random, binds_looser: tuple[type[Asked], ...]) -> str:
    """In parentheses where it needs them, and sometimes where it does not."""
    text = written(operand, chance)
    return f"({text})" if isinstance(operand, binds_looser) or chance.random() < 0.1 else text
