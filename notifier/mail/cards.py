"""A paper as a digest shows it: every text harmless, every link known to be good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from notifier.digests.cache import Hashed
from notifier.mail.excerpts import Excerpt, Run, beginning_of, excerpt, marked_spans, runs
from notifier.models import Item, Paper, Span
from notifier.text.harmless import Link, inert, links
from notifier.text.words import stem, words

AUTHORS = 3  # named before "et al."
REASONS = 4  # marked words named per field

Stems = tuple[str, ...]
Labels = tuple[str, ...]


@dataclass(slots=True, eq=False)  # things are found by the very card, which is made once
class Card:
    """One paper of a digest; what is not known is empty, or None.

    `plain_title` is the title without marks. `why` names the marked words: `“quantization” in the title`. `also` is
    what else of the reader's it matched, where it is placed.
    """

    title: tuple[Run, ...]
    plain_title: str
    url: str
    upvotes: int | None
    authors: str
    why: str
    abstract: Excerpt
    links: tuple[Link, ...]
    also: Labels = ()


@dataclass(eq=False)
class Placed:
    """A card where it stands in a letter: `also` are the labels beside it there; `alone` is the card without them."""

    alone: Card
    also: Labels

    @cached_property
    def card(self) -> Card:
        """The card with its labels."""
        return replace(self.alone, also=self.also) if self.also else self.alone


class Line(NamedTuple):
    """A paper beyond the digest's limit: told by its title."""

    title: str
    url: str
    upvotes: int | None


Lines = Hashed[Line]
NO_LINES = Lines()


class Told(NamedTuple):
    """What every card and line of a paper says, whatever is marked in it; `beginning` is how long the abstract's is."""

    title: str
    abstract: str
    beginning: int
    authors: str
    url: str
    links: tuple[Link, ...]


def told(paper: Paper) -> Told:
    """What is told of a paper."""
    known = links(paper)
    url = known[0].url if known else ""
    abstract = inert(paper.abstract)
    return Told(inert(paper.title), abstract, beginning_of(abstract), _authors(paper.authors), url, known)


def card(item: Item, paper: Told) -> Card:
    """The card of a digest's item: of its paper, marks and upvotes, and of nothing else."""
    in_title = marked_spans(paper.title, item.marks.title)
    in_abstract = marked_spans(paper.abstract, item.marks.abstract)
    return Card(
        title=runs(paper.title, in_title),
        plain_title=paper.title,
        url=paper.url,
        upvotes=item.upvotes,
        authors=paper.authors,
        why=_why(_words(paper.title, in_title), _words(paper.abstract, in_abstract)),
        abstract=excerpt(paper.abstract, in_abstract, paper.beginning),
        links=paper.links,
    )


def placed(item: Item, alone: Card) -> Placed:
    """The card of a digest's item beside the item's other labels."""
    return Placed(alone, tuple(map(inert, item.also)))


def line(item: Item, paper: Told) -> Line:
    """The line of an item that a digest lists by title."""
    return Line(paper.title, paper.url, item.upvotes)


def _authors(names: tuple[str, ...]) -> str:
    named = ", ".join(map(inert, names[:AUTHORS]))
    return f"{named} et al." if len(names) > AUTHORS else named


def _why(in_title: dict[Stems, str], in_abstract: dict[Stems, str]) -> str:
    """The marked words in words; one that stands in the title is not named for the abstract again."""
    only = [word for key, word in in_abstract.items() if key not in in_title]
    places = ((list(in_title.values()), "in the title"), (only, "in the abstract"))
    return ", ".join([f"{_listed(found)} {where}" for found, where in places if found])


def _words(text: str, marks: Iterable[Span]) -> dict[Stems, str]:
    """The marked words as written, each once whatever its case and inflection, by their stems."""
    found: dict[Stems, str] = {}
    for start, end in marks:
        word = text[start:end]
        found.setdefault(_stems(word), word)
    return found


@lru_cache(1 << 12)  # what is asked for stands in many papers
def _stems(marked: str) -> Stems:
    return tuple(map(stem, words(marked)))


def _listed(found: Sequence[str]) -> str:
    quoted = ", ".join([f"“{each}”" for each in found[:REASONS]])
    return f"{quoted} and more" if len(found) > REASONS else quoted
