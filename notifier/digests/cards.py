"""A paper as a digest shows it: every text harmless, every link known to be good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from notifier.digests.excerpts import Excerpt, Run, excerpt, marked_spans, runs
from notifier.digests.memory import Hashed
from notifier.models import Item, Paper, Span
from notifier.rendering import Link, inert, links
from notifier.text import stem, words

AUTHORS = 3  # named before "et al."
REASONS = 4  # marked words named per field


@dataclass(slots=True)
class Card:
    """One paper of a digest; what is not known is empty, or None.

    `plain_title` is the title without marks. `why` names the marked words: `“quantization” in the title`. `kept` holds
    what templates make of the card, `parts` what they make of its parts, shared by cards that differ in `also` alone.
    """

    title: tuple[Run, ...]
    plain_title: str
    url: str
    upvotes: int | None
    authors: str
    why: str
    also: tuple[str, ...]
    abstract: Excerpt
    links: tuple[Link, ...]
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    parts: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def beside(self, also: tuple[str, ...]) -> Card:
        """This card where the paper matched these other subscriptions too."""
        return Card(
            title=self.title,
            plain_title=self.plain_title,
            url=self.url,
            upvotes=self.upvotes,
            authors=self.authors,
            why=self.why,
            also=tuple(map(inert, also)),
            abstract=self.abstract,
            links=self.links,
            parts=self.parts,
        )


class Line(NamedTuple):
    """A paper beyond the digest's limit: told by its title."""

    title: str
    url: str
    upvotes: int | None


Lines = Hashed[Line]


def card(item: Item, paper: Paper) -> Card:
    """The card of a digest's item: of its paper, marks, upvotes and other labels, and of nothing else."""
    title, abstract = inert(paper.title), inert(paper.abstract)
    known = links(paper)
    return Card(
        title=runs(title, item.marks.title),
        plain_title=title,
        url=known[0].url if known else "",
        upvotes=item.upvotes,
        authors=_authors(paper.authors),
        why=_why(title, abstract, item),
        also=tuple(map(inert, item.also)),
        abstract=excerpt(abstract, item.marks.abstract),
        links=known,
    )


def line(item: Item, paper: Paper) -> Line:
    """The line of an item that a digest lists by title."""
    known = links(paper)
    return Line(inert(paper.title), known[0].url if known else "", item.upvotes)


def _authors(names: tuple[str, ...]) -> str:
    named = ", ".join(map(inert, names[:AUTHORS]))
    return f"{named} et al." if len(names) > AUTHORS else named


def _why(title: str, abstract: str, item: Item) -> str:
    """The marked words in words; one that stands in the title is not named for the abstract again."""
    in_title = _words(title, item.marks.title)
    in_abstract = {key: word for key, word in _words(abstract, item.marks.abstract).items() if key not in in_title}
    places = ((in_title, "in the title"), (in_abstract, "in the abstract"))
    return ", ".join(f"{_listed(found.values())} {where}" for found, where in places if found)


def _words(text: str, spans: Iterable[Span]) -> dict[tuple[str, ...], str]:
    """The marked words as written, each once whatever its case and inflection, by their stems."""
    found: dict[tuple[str, ...], str] = {}
    for start, end in marked_spans(text, spans):
        found.setdefault(_stems(text[start:end]), text[start:end])
    return found


@lru_cache(1 << 12)  # what is asked for stands in many papers
def _stems(marked: str) -> tuple[str, ...]:
    return tuple(map(stem, words(marked)))


def _listed(found: Iterable[str]) -> str:
    quoted = [f"“{each}”" for each in found]
    return ", ".join(quoted[:REASONS]) + (" and more" if len(quoted) > REASONS else "")
