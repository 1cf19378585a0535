"""Make the digests that the benchmarks send: the same ones in every process.

The words of the papers and the queries of the subscribers follow Zipf's law.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate, pairwise
from random import Random

from notifier.mail import MailSettings
from notifier.models import Digest, Item, MarkedWords, Paper, Section
from notifier.signing import LinkSigner

SEED = 20261126
SUBSCRIBERS, PAPERS, SHOWN = 10_000, 200, 17
WORDS, QUERIES = 4_000, 500
TOPICAL = slice(60, 360)  # the ranks of the words in queries; each such word is in about a tenth of the abstracts
PLANNED_AT = datetime(2026, 7, 6, 8, tzinfo=UTC)
SETTINGS = MailSettings(
    sender="Daily Papers <papers@example.org>",
    envelope_sender="bounces@example.org",
    unsubscribe_mailbox="papers@example.org",
    link_signer=LinkSigner("https://papers.example.org", b"a secret key of thirty-two bytes"),
    cards=SHOWN,
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query that matches the papers with at least one of its one to three words."""

    label: str
    words: tuple[str, ...]


def papers_of_a_day() -> dict[int, Paper]:
    """Return the papers of a day by id."""
    random = Random(SEED)
    words, weights = vocabulary(), _zipf(WORDS)
    return {number: _paper(number, random, words, weights) for number in range(1, PAPERS + 1)}


def digests(papers: dict[int, Paper]) -> Iterator[Digest]:
    """Yield a digest of 17 papers for each subscriber. Most have one subscription, some have two."""
    random = Random(SEED + 1)
    queries = _queries(random, vocabulary()[TOPICAL])
    weights = _zipf(QUERIES)
    best = sorted(papers.values(), key=lambda paper: -(paper.upvotes or 0))
    words = {paper.id: (_words(paper.title), _words(paper.abstract)) for paper in best}
    found: dict[Query, dict[int, MarkedWords]] = {}
    for number in range(1, SUBSCRIBERS + 1):
        asked = tuple(dict.fromkeys(random.choices(queries, cum_weights=weights, k=random.choice((1, 1, 1, 2)))))
        for query in asked:
            if query not in found:
                found[query] = {paper.id: marked for paper in best if (marked := _marked(words[paper.id], query))}
        yield _digest(number, asked, _sections([found[query] for query in asked], asked, best))


def _sections(
    found: Sequence[dict[int, MarkedWords]], asked: Sequence[Query], best: Sequence[Paper]
) -> list[list[Item]]:
    """Return the items of each section: a paper is listed once, under the first subscription that it matches.

    The digest of a narrow query is filled with other papers, so that all digests have the same size.
    """
    sections: list[list[Item]] = [[] for _ in asked]
    shown = [paper for paper in best if any(paper.id in each for each in found)][:SHOWN]
    for paper in shown:
        first, *others = (place for place, each in enumerate(found) if paper.id in each)
        also = tuple(asked[place].label for place in others)
        sections[first].append(Item(paper.id, paper.upvotes, also=also, words=found[first][paper.id]))
    known = {paper.id for paper in shown}
    others_too = [paper for paper in best if paper.id not in known][: SHOWN - len(shown)]
    sections[0] += [Item(paper.id, paper.upvotes) for paper in others_too]
    return sections


def _digest(number: int, asked: Sequence[Query], sections: Sequence[Sequence[Item]]) -> Digest:
    return Digest(
        recipient=f"subscriber{number}@mail{number % 97}.example.net",
        period="2026-07-06",
        planned_at=PLANNED_AT,
        message_id=f"<digest.{number}.2026-07-06@example.org>",
        subject="Daily papers of 6 Jul 2026",
        sections=tuple(
            Section(query.label, tuple(items), number * 3 + place)
            for place, (query, items) in enumerate(zip(asked, sections, strict=True))
            if items
        ),
        subscriber_id=number,
        delivery_id=number,
    )


def _marked(words: tuple[set[str], set[str]], query: Query) -> MarkedWords | None:
    title, abstract = (tuple(word for word in query.words if word in each) for each in words)
    return MarkedWords(title, abstract) if title or abstract else None


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"\w+", text)}


def _queries(random: Random, topical: Sequence[str]) -> list[Query]:
    queries: dict[str, Query] = {}
    weights = _zipf(len(topical))
    while len(queries) < QUERIES:
        words = tuple(random.choices(topical, cum_weights=weights, k=random.choice((1, 2, 2, 3))))
        label = " OR ".join(dict.fromkeys(words))
        queries.setdefault(label, Query(label, tuple(dict.fromkeys(words))))
    return list(queries.values())


def _paper(number: int, random: Random, words: Sequence[str], weights: Sequence[float]) -> Paper:
    title = " ".join(random.choices(words, cum_weights=weights, k=random.randint(6, 14))).title()
    text = random.choices(words, cum_weights=weights, k=random.randint(120, 240))
    for place in range(12, len(text), random.randint(14, 24)):
        text[place] += "."
    return Paper(
        id=number,
        key=f"2607.{number:05}",
        title=title,
        abstract=" ".join(text).capitalize() + ".",
        sequence=number,
        first_seen=PLANNED_AT,
        listed_on=date(2026, 7, 6),
        arxiv_id=f"2607.{number:05}",
        upvotes=random.randint(0, 300),
        authors=tuple(f"{word.title()} {other.title()}" for word, other in pairwise(random.choices(words, k=6))),
    )


def vocabulary() -> list[str]:
    """Return the words, the most frequent first."""
    random = Random(SEED + 2)
    words: dict[str, None] = {}
    while len(words) < WORDS:
        syllables = random.choices(("ta", "re", "mo", "in", "qu", "es", "ly", "on", "st", "er", "al", "pi"), k=4)
        words["".join(syllables[: random.randint(1, 4)])] = None
    return list(words)


def _zipf(count: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, count + 1)))
