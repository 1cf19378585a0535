"""Preview: which stored papers a query matches, before anybody subscribes to it, and what is odd about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rapidfuzz import fuzz, process
from sqlalchemy import Engine

from notifier import matching, queries
from notifier.models import Paper, Spans
from notifier.queries import tree
from notifier.store import papers
from notifier.store.engine import reading
from notifier.text import stem, words

DAYS_A_WEEK = 7
BROAD = 0.1  # of all papers
NEAR_WORDS = 3
NEARNESS = 65  # of 100: a few letters off


@dataclass(frozen=True, slots=True)
class Match:
    """A paper that the query is true of; `spans` are code points of the text given."""

    key: str
    title: str
    abstract: str
    listed_on: date
    spans: Spans


@dataclass(frozen=True, slots=True)
class Preview:
    """A query's canonical form, its matches, newest listing first, how many papers a week it would bring, and whatever
    its author may want to think about again, in sentences."""

    canonical: str
    per_week: float
    warnings: tuple[str, ...]
    matches: tuple[Match, ...]


def preview(engine: Engine, text: str, days: int | None, now: datetime) -> Preview:
    """Match a query with all papers, or with those first listed in the last `days` days. Raises QueryError."""
    query = queries.parse(text)
    with reading(engine) as connection:
        stored = papers.all_papers(connection)
    looked_at = [paper for paper in stored if days is None or paper.listed_on > now.date() - timedelta(days=days)]
    found = [looked_at[place] for place in matching.index(looked_at).match(query)]
    found.sort(key=lambda paper: (paper.listed_on, -paper.sequence), reverse=True)
    return Preview(
        canonical=queries.canonical(query),
        per_week=_per_week(found, looked_at, days),
        warnings=tuple(_warnings(text, found, looked_at, stored)),
        matches=tuple(Match(p.key, p.title, p.abstract, p.listed_on, matching.spans(query, p)) for p in found),
    )


def _per_week(found: Sequence[Paper], looked_at: Sequence[Paper], days: int | None) -> float:
    """Matches a week over `days`, or else from the first to the last listing day, but never over less than a week."""
    if not looked_at:
        return 0.0
    listed = [paper.listed_on for paper in looked_at]
    length = days if days is not None else (max(listed) - min(listed)).days + 1
    return round(len(found) * DAYS_A_WEEK / max(length, DAYS_A_WEEK), 1)


def _warnings(text: str, found: Sequence[Paper], looked_at: Sequence[Paper], stored: Sequence[Paper]) -> Iterator[str]:
    if looked_at and not found:
        yield f"none of the {len(looked_at)} papers looked at matches this"
    if len(found) > BROAD * len(looked_at):
        yield f"this matches {len(found)} of {len(looked_at)} papers, more than a tenth; AND a word that narrows it"
    vocabulary = Counter(word for paper in stored for word in words(f"{paper.title} {paper.abstract}"))
    stems = {stem(word) for word in vocabulary}
    typed = {stem(word): word for word in words(text)}
    for unseen in _unseen(queries.parse(text), vocabulary, stems):
        word = typed.get(unseen, unseen)
        near = process.extract(word, vocabulary.keys(), scorer=fuzz.ratio, limit=NEAR_WORDS, score_cutoff=NEARNESS)
        hint = f"; did you mean {' or '.join(each for each, *_ in near)}?" if near else ""
        yield f"no stored paper has the word “{word}”{hint}"


def _unseen(query: tree.Query, vocabulary: Counter[str], stems: set[str]) -> Iterator[str]:
    """The words of the query that stand in no stored paper's title or abstract, where they are looked for there."""
    for leaf in queries.leaves(query):
        match leaf:
            case tree.Word(word, field) if _is_text(field) and word not in stems:
                yield word
            case tree.Phrase(phrase, field) if _is_text(field):
                yield from (word for word in phrase if word not in vocabulary)
            case tree.Prefix(start, field) if _is_text(field):
                yield from [] if any(word.startswith(start) for word in vocabulary) else [start]


def _is_text(field: tree.Field | None) -> bool:
    return field in (None, tree.Field.TITLE, tree.Field.ABSTRACT)
