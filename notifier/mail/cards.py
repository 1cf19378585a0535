"""Papers as the templates of a digest see them: texts without control characters, and links that are safe to follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from notifier.models import Item, Paper, Span
from notifier.text.excerpts import Run, excerpt, marked_spans, runs
from notifier.text.harmless import Link, inert, links
from notifier.text.words import stem, words

AUTHORS = 3  # at most this many authors are named before "et al."
REASONS = 4  # at most this many marked words are named for each field

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed by identity, which is quick: cards are cache keys
class Card:
    """A paper as a digest shows it. A field that is not known is empty or None.

    `plain_title` is the title without marks. `why` names the marked words: `“quantization” in the title`.
    """

    title: tuple[Run, ...]
    plain_title: str
    url: str
    upvotes: int | None
    authors: str
    why: str
    abstract: tuple[Run, ...]
    links: tuple[Link, ...]


class PaperLine(NamedTuple):
    """A paper beyond the digest's limit, listed by its title."""

    title: str
    url: str
    upvotes: int | None


def card(item: Item, paper: Paper) -> Card:
    """Return the card of a digest's item, without the labels of the other subscriptions that it matched."""
    title, abstract, known = inert(paper.title), inert(paper.abstract), links(paper)
    in_title = marked_spans(title, item.marks.title)
    in_abstract = marked_spans(abstract, item.marks.abstract)
    return Card(
        title=runs(title, in_title),
        plain_title=title,
        url=known[0].url if known else "",
        upvotes=item.upvotes,
        authors=_authors(paper.authors),
        why=_why(_marked_words(title, in_title), _marked_words(abstract, in_abstract)),
        abstract=excerpt(abstract, in_abstract),
        links=known,
    )


def paper_line(item: Item, paper: Paper) -> PaperLine:
    """Return the line of an item that a digest lists by its title."""
    return PaperLine(inert(paper.title), next((link.url for link in links(paper)), ""), item.upvotes)


def _authors(names: tuple[str, ...]) -> str:
    named = ", ".join(map(inert, names[:AUTHORS]))
    return f"{named} et al." if len(names) > AUTHORS else named


def _why(in_title: dict[Stems, str], in_abstract: dict[Stems, str]) -> str:
    """Return the marked words as a phrase. A word that is named for the title is not named again for the abstract."""
    only = [word for key, word in in_abstract.items() if key not in in_title]
    by_field = ((list(in_title.values()), "in the title"), (only, "in the abstract"))
    return ", ".join([f"{_listed(found)} {where}" for found, where in by_field if found])


def _marked_words(text: str, marks: Iterable[Span]) -> dict[Stems, str]:
    """Return the marked words as written, by their stems: words that differ in case or inflection count as one."""
    found: dict[Stems, str] = {}
    for start, end in marks:
        word = text[start:end]
        found.setdefault(_stems(word), word)
    return found


@lru_cache(1 << 12)  # the words of a query are marked in many papers
def _stems(marked: str) -> Stems:
    return tuple(map(stem, words(marked)))


def _listed(found: Sequence[str]) -> str:
    quoted = ", ".join([f"“{each}”" for each in found[:REASONS]])
    return f"{quoted} and more" if len(found) > REASONS else quoted
