"""Papers and stored queries of any number, drawn from seeds that are committed here: every run has the same ones."""

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
_ZIPF = 0.9  # the exponent of the ranks that words are drawn by
_COMMON = 60  # the most frequent words, of which nobody would make a query


def papers(number: int, batch: int) -> list[Paper]:
    """Papers that are new in every batch: sentences of real abstracts put together anew, or of the seeds'.

    The real ones are read where NOTIFIER_REAL_DATA names their folder.
    """
    chance = Random(f"{_SEED} papers {batch}")
    now = datetime(2026, 11, 26, tzinfo=UTC)
    texts = (_made_up(chance) for _ in range(number))
    return [
        Paper(place, f"t-{place:016x}", title, abstract, place, now, date(2026, 11, 26))
        for place, (title, abstract) in enumerate(texts, 1)
    ]


def source() -> str:
    """Where the papers' sentences are from."""
    return "real abstracts" if _real() else "the seeds"


def stored_queries(number: int) -> list[Query]:
    """The distinct queries that this many subscriptions ask."""
    found = {
        queries.canonical(query): query for query in map(queries.parse, dict.fromkeys(typed_by_subscribers(number)))
    }
    return [found[canonical] for canonical in sorted(found)]


def typed(kind: str, number: int) -> list[Query]:
    """Distinct queries of one kind: `flat`, `nested` and `broad` ones have four leaves each."""
    chance = Random(f"{_SEED} {kind}")
    make = {"flat": _flat, "nested": _nested, "broad": _broad}[kind]
    found: dict[str, Query] = {}
    while len(found) < number:
        query = queries.parse(make(chance))
        found[queries.canonical(query)] = query
    return list(found.values())


def typed_by_subscribers(number: int) -> Iterator[str]:
    """Queries as subscribers type them: most of one or two words, few long."""
    chance = Random(f"{_SEED} queries")
    kinds = (_word, _phrase, _both, _either, _without, _prefix, _in_field, _nested, _broad)
    shares = (22, 22, 20, 10, 8, 6, 7, 4, 1)
    for kind in chance.choices(kinds, shares, k=number):
        yield kind(chance)


def _word(chance: Random) -> str:
    names, weights = _vocabulary()
    return chance.choices(names, cum_weights=weights)[0]


def _phrase(chance: Random) -> str:
    """Two to four words that stand together somewhere; the places of the seeds are drawn by Zipf as well."""
    titles = _titles()
    title = titles[min(int(chance.paretovariate(0.6)), len(titles)) - 1]
    length = min(len(title), chance.choice((2, 2, 2, 3, 3, 4)))
    start = chance.randrange(len(title) - length + 1)
    return f'"{" ".join(title[start : start + length])}"'


def _leaf(chance: Random) -> str:
    return chance.choice((_word, _word, _word, _phrase))(chance)


def _both(chance: Random) -> str:
    return " ".join(_leaf(chance) for _ in range(chance.choice((2, 2, 3))))


def _either(chance: Random) -> str:
    return " OR ".join(_leaf(chance) for _ in range(chance.choice((2, 3, 4))))


def _without(chance: Random) -> str:
    return f"{_leaf(chance)} -{_word(chance)}"


def _prefix(chance: Random) -> str:
    word = _word(chance)
    return f"{word[: max(3, len(word) - 2)]}*" if len(word) >= 3 else word


def _in_field(chance: Random) -> str:
    return f"{chance.choice(('title', 'title', 'abstract'))}:{_leaf(chance)}"


def _nested(chance: Random) -> str:
    inner = f"({_leaf(chance)} OR ({_leaf(chance)} {_leaf(chance)}))"
    return f"{inner} {chance.choice(('-', ''))}{_word(chance)}"


def _flat(chance: Random) -> str:
    return f"{_leaf(chance)} {_leaf(chance)} {_leaf(chance)} {chance.choice(('-', ''))}{_word(chance)}"


def _broad(chance: Random) -> str:
    names, _ = _vocabulary()
    return " OR ".join(chance.sample(names[:40], 4))


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """The seeds' words, the most frequent first, and the running sums of their weights."""
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


def _made_up(chance: Random) -> tuple[str, str]:
    """Half of one title and half of another, and an abstract of about as many sentences as real ones have."""
    texts = _real() or _seeds()
    sentences = [chance.choice(_sentences(chance.choice(texts)[1])) for _ in range(chance.randint(4, 10))]
    title = " ".join(chance.choice(texts)[0].split()[:5] + chance.choice(texts)[0].split()[-5:])
    return title, " ".join(sentences)


@cache
def _real() -> list[tuple[str, str]]:
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        return []
    found = {}
    for file in sorted(Path(folder, "arxiv_jsonl").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            found[record["title"]] = record["summary"]
    return sorted(found.items())
