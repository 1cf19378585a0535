"""Convert papers to the values for the templates of a digest: texts without control characters, and safe links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from notifier.digests.settings import DigestSettings
from notifier.models import Item, Paper, PinNote, Span
from notifier.text.excerpts import Run, excerpt, marked_spans, runs
from notifier.text.harmless import inert
from notifier.text.paper_links import Link, other_links, paper_url, search_url, upvotes_from
from notifier.text.words import stem, words

MAX_TOPICS = 3  # topics named on a card
MAX_REASONS = 4  # marked words named per field

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed by identity, which is quick: cards are cache keys
class Card:
    """A paper as a digest shows it. What is not known is empty, or None.

    `plain_title` is the title without marks. `url` is the best URL of the paper, or a search for its title if
    `is_search`. `votes` are those of this service, and `counts` names them and the upvotes. `links` are other URLs,
    with short labels such as `PDF`. `topics` are titles of topics. `abstract` is an excerpt of the abstract, or of a
    summary by a model if `is_summary`. `why` names the marked words if the card shows none of them: `“quantization” in
    the abstract`. `paper_id` is the id of the paper's row. `pin` is the note of a pinned paper, and the name below it.
    """

    title: tuple[Run, ...]
    plain_title: str
    url: str
    is_search: bool
    upvotes: int | None
    votes: int
    counts: str
    authors: str
    links: tuple[Link, ...]
    abstract: tuple[Run, ...]
    is_summary: bool
    why: str
    topics: tuple[str, ...]
    paper_id: int
    pin: PinNote | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PaperLine:
    """A paper that a digest shows as one line. `url` is a search for the title if `is_search`, as in a card.

    `pin` is the note of a pinned paper, as in a card.
    """

    title: str
    url: str
    is_search: bool
    upvotes: int | None
    votes: int
    counts: str
    pin: PinNote | None = None


def card(item: Item, paper: Paper, settings: DigestSettings, in_summary: Sequence[Span] = ()) -> Card:
    """Return the card of a digest's item, without the labels of the other subscriptions that it matched.

    `in_summary` are the places to mark in the paper's summary, which is shown instead of its abstract.
    """
    title, abstract = inert(paper.title), inert(paper.abstract)
    in_title = marked_spans(title, item.marks.title)
    in_abstract = marked_spans(abstract, item.marks.abstract)
    summary = inert(paper.summary)
    shown = excerpt(summary, marked_spans(summary, in_summary)) if summary else excerpt(abstract, in_abstract)
    is_marked = in_title or any(run.marked for run in shown)
    own_url = paper_url(paper)
    return Card(
        title=runs(title, in_title),
        plain_title=title,
        url=own_url or search_url(title, settings.title_search),
        is_search=not own_url,
        upvotes=item.upvotes,
        votes=item.votes,
        counts=counts(item, paper),
        authors=_authors(paper.authors),
        links=other_links(paper),
        abstract=shown,
        is_summary=bool(summary),
        why="" if is_marked else reasons(title, in_title, abstract, in_abstract),
        topics=tuple(inert(settings.topics[slug]) for slug in sorted(paper.topics & settings.topics.keys()))[
            :MAX_TOPICS
        ],
        paper_id=paper.id,
        pin=inert_pin(item.pin),
    )


def paper_line(item: Item, paper: Paper, settings: DigestSettings) -> PaperLine:
    """Return the line of an item that a digest shows without its abstract."""
    title, found = inert(paper.title), paper_url(paper)
    return PaperLine(
        title,
        found or search_url(title, settings.title_search),
        is_search=not found,
        upvotes=item.upvotes,
        votes=item.votes,
        counts=counts(item, paper),
        pin=inert_pin(item.pin),
    )


def line_of(shown: Card) -> PaperLine:
    """Return the line of a paper that has a card."""
    return PaperLine(shown.plain_title, shown.url, shown.is_search, shown.upvotes, shown.votes, shown.counts, shown.pin)


def counts(item: Item, paper: Paper) -> str:
    """Return the votes of this service and the upvotes elsewhere, such as `12 here · 154 HF`, without those that are 0.

    If nobody has voted, only the number of upvotes is returned.
    """
    if not item.votes:
        return str(item.upvotes or "")
    return f"{item.votes} here" + (f" · {item.upvotes} {upvotes_from(paper)}" if item.upvotes else "")


def inert_pin(pin: PinNote | None) -> PinNote | None:
    """Return the note of a pinned paper without control characters."""
    return PinNote(inert(pin.note), inert(pin.name)) if pin else None


def _authors(names: tuple[str, ...]) -> str:
    """Return the first author, and how many others there are."""
    others = f" +{len(names) - 1}" if len(names) > 1 else ""
    return f"{inert(names[0])}{others}" if names else ""


def reasons(title: str, in_title: Iterable[Span], abstract: str, in_abstract: Iterable[Span]) -> str:
    """Return the marked words as a phrase. A word that is named for the title is not named again for the abstract."""
    of_title, of_abstract = _marked_words(title, in_title), _marked_words(abstract, in_abstract)
    only = [word for key, word in of_abstract.items() if key not in of_title]
    by_field = ((list(of_title.values()), "in the title"), (only, "in the abstract"))
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
    quoted = ", ".join([f"“{each}”" for each in found[:MAX_REASONS]])
    return f"{quoted} and more" if len(found) > MAX_REASONS else quoted
