"""Random papers and stored queries, as many as wanted; fixed random seeds make them the same in every run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from itertools import accumulate, count
from pathlib import Path
from random import Random

from notifier import queries, sources
from notifier.models import Paper
from notifier.queries import Query
from notifier.resources import resource
from notifier.text.words import words

_SEED = 20261126
_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[A-Z])")
_ZIPF = 0.9  # the exponent of Zipf's law, by which words are drawn
_COMMON = 60  # this many of the most frequent words are left out, because nobody would search for them


def papers(number: int, batch: int) -> list[Paper]:
    """Return papers whose abstracts are random sentences of real abstracts; every batch has different papers.

    The sentences come from the folder that NOTIFIER_REAL_DATA names, or from the seed pages if it is not set.
    """
    rng = Random(f"{_SEED} papers {batch}")
    now = datetime(2026, 11, 26, tzinfo=UTC)
    texts = (_random_paper(rng) for _ in range(number))
    return [
        Paper(place, f"t-{place:016x}", title, abstract, place, now, date(2026, 11, 26))
        for place, (title, abstract) in enumerate(texts, 1)
    ]


def source() -> str:
    """Return where the sentences of the papers come from."""
    return "real abstracts" if _real_abstracts() else "the seeds"


def stored_queries(number: int) -> list[Query]:
    """Return the distinct queries among this many subscriptions."""
    found = {
        queries.canonical(query): query for query in map(queries.parse, dict.fromkeys(typed_by_subscribers(number)))
    }
    return [found[canonical] for canonical in sorted(found)]


def queries_of_kind(kind: str, number: int) -> list[Query]:
    """Return distinct queries of four leaves each; `kind` is `flat`, `nested` or `broad`."""
    rng = Random(f"{_SEED} {kind}")
    make = {"flat": _flat, "nested": _nested, "broad": _broad}[kind]
    found: dict[str, Query] = {}
    while len(found) < number:
        query = queries.parse(make(rng))
        found[queries.canonical(query)] = query
    return list(found.values())


def typed_by_subscribers(number: int) -> Iterator[str]:
    """Yield queries as subscribers type them: most have one or two words, and few are long."""
    rng = Random(f"{_SEED} queries")
    kinds = (_word, _phrase, _conjunction, _disjunction, _exclusion, _prefix, _in_field, _nested, _broad)
    shares = (22, 22, 20, 10, 8, 6, 7, 4, 1)
    for kind in rng.choices(kinds, shares, k=number):
        yield kind(rng)


def _word(rng: Random) -> str:
    names, weights = _vocabulary()
    return rng.choices(names, cum_weights=weights)[0]


def _phrase(rng: Random) -> str:
    """Return two to four words that are adjacent in some title or sentence of the seeds.

    Titles and sentences are not drawn equally often: the first ones are drawn most often, as with words.
    """
    titles = _titles()
    title = titles[min(int(rng.paretovariate(0.6)), len(titles)) - 1]
    length = min(len(title), rng.choice((2, 2, 2, 3, 3, 4)))
    start = rng.randrange(len(title) - length + 1)
    return f'"{" ".join(title[start : start + length])}"'


def _leaf(rng: Random) -> str:
    return rng.choice((_word, _word, _word, _phrase))(rng)


def _conjunction(rng: Random) -> str:
    return " ".join(_leaf(rng) for _ in range(rng.choice((2, 2, 3))))


def _disjunction(rng: Random) -> str:
    return " OR ".join(_leaf(rng) for _ in range(rng.choice((2, 3, 4))))


def _exclusion(rng: Random) -> str:
    return f"{_leaf(rng)} -{_word(rng)}"


def _prefix(rng: Random) -> str:
    word = _word(rng)
    return f"{word[: max(3, len(word) - 2)]}*" if len(word) >= 3 else word


def _in_field(rng: Random) -> str:
    return f"{rng.choice(('title', 'title', 'abstract'))}:{_leaf(rng)}"


def _nested(rng: Random) -> str:
    inner = f"({_leaf(rng)} OR ({_leaf(rng)} {_leaf(rng)}))"
    return f"{inner} {rng.choice(('-', ''))}{_word(rng)}"


def _flat(rng: Random) -> str:
    return f"{_leaf(rng)} {_leaf(rng)} {_leaf(rng)} {rng.choice(('-', ''))}{_word(rng)}"


def _broad(rng: Random) -> str:
    names, _ = _vocabulary()
    return " OR ".join(rng.sample(names[:40], 4))


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Return the words of the seeds, the most frequent first, and the running sums of their weights."""
    seen: dict[str, int] = {}
    for title, abstract in _seeds():
        for word in words(f"{title} {abstract}"):
            seen[word] = seen.get(word, 0) + 1
    ranked = sorted(seen, key=lambda word: (-seen[word], word))[_COMMON:]
    return ranked, list(accumulate(1 / rank**_ZIPF for rank, _ in zip(count(1), ranked, strict=False)))


@cache
def _titles() -> list[list[str]]:
    titles = [words(title) for title, _ in _seeds()] + [
        words(each) for _, text in _seeds() for each in _sentences(text)
    ]
    return [title for title in titles if len(title) > 1]


@cache
def _seeds() -> list[tuple[str, str]]:
    files = sorted(resource("seeds").iterdir())
    return [(each.title, each.abstract) for file in files for each in sources.parse_dump(file.read_bytes()).listings]


def _sentences(text: str) -> list[str]:
    return _SENTENCE.split(text)


def _random_paper(rng: Random) -> tuple[str, str]:
    """Return a title, joined from the start of one and the end of another, and an abstract of 4 to 10 sentences."""
    texts = _real_abstracts() or _seeds()
    sentences = [rng.choice(_sentences(rng.choice(texts)[1])) for _ in range(rng.randint(4, 10))]
    title = " ".join(rng.choice(texts)[0].split()[:5] + rng.choice(texts)[0].split()[-5:])
    return title, " ".join(sentences)


@cache
def _real_abstracts() -> list[tuple[str, str]]:
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        return []
    found = {}
    for file in sorted(Path(folder, "arxiv_jsonl").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            found[record["title"]] = record["summary"]
    return sorted(found.items())
