"""The cards of papers in lists: as in a mail, with links to the pages of the paper, and with the whole abstract."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote

from notifier.digests.cards import MAX_TOPICS, card, inert_pin
from notifier.models import Item, Paper, Pin, PinNote, Spans
from notifier.text.excerpts import Run, runs
from notifier.text.harmless import inert
from notifier.text.paper_links import Link, other_links, paper_url, upvotes_from
from notifier.web.site import Site

UNMARKED = Spans()
MAX_AUTHORS = 5  # named on a card


@dataclass(frozen=True, slots=True)
class TopicLink:
    """A topic of a paper, with the slug that its page has."""

    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class PaperCard:
    """A paper as a list shows it. What is not known is empty, or None.

    `paper` is the stored paper. `path` is the path of the paper's page below the base URL, and `outside` holds links to
    other sites. `upvotes` are those of the list, `upvotes_from` names where they come from, and `votes` are those of
    this service. `day` is the listing day under which the list has the paper. `excerpt` is a part of the abstract, or
    the summary by a model if `is_summary`. `abstract` is the whole abstract; empty if the excerpt is all of it. `pin`
    is the note of a paper that is pinned to the day of the list.
    """

    paper: Paper
    paper_id: int
    key: str
    path: str
    title: tuple[Run, ...]
    plain_title: str
    upvotes: int | None
    upvotes_from: str
    votes: int
    authors: str
    day: date
    outside: tuple[Link, ...]
    excerpt: tuple[Run, ...]
    is_summary: bool
    abstract: tuple[Run, ...]
    why: str
    topics: tuple[TopicLink, ...]
    is_withdrawn: bool
    pin: PinNote | None = None


def paper_card(
    site: Site,
    paper: Paper,
    day: date | None = None,
    upvotes: int | None = None,
    marks: Spans = UNMARKED,
) -> PaperCard:
    """Return the card of a paper in a list, with these places marked.

    `day` is the listing day under which the list has the paper; None means the paper's first listing day.
    """
    shown = card(Item(paper.id, upvotes, marks), paper, site.mail)
    abstract = inert(paper.abstract)
    is_whole = not shown.is_summary and "".join(run.text for run in shown.abstract) == abstract
    return PaperCard(
        paper=paper,
        paper_id=paper.id,
        key=paper.key,
        path=f"/paper/{quote(paper.key)}",
        title=shown.title,
        plain_title=shown.plain_title,
        upvotes=upvotes,
        upvotes_from=upvotes_from(paper),
        votes=paper.votes,
        authors=_authors(paper.authors),
        day=day or paper.listed_on,
        outside=_outside(paper),
        excerpt=shown.abstract,
        is_summary=shown.is_summary,
        abstract=() if is_whole else runs(abstract, marks.abstract),
        why=shown.why,
        topics=_topics(site, paper),
        is_withdrawn=paper.withdrawn,
    )


def pinned_card(site: Site, paper: Paper, pin: Pin) -> PaperCard:
    """Return the card of a paper in the list of the day to which it is pinned."""
    note = inert_pin(PinNote(pin.note, pin.name))
    return replace(paper_card(site, paper, pin.day, paper.upvotes), pin=note)


def _authors(names: tuple[str, ...]) -> str:
    """Return the first authors, and how many others there are."""
    others = f" and {len(names) - MAX_AUTHORS} more" if len(names) > MAX_AUTHORS else ""
    return ", ".join(map(inert, names[:MAX_AUTHORS])) + others


def _outside(paper: Paper) -> tuple[Link, ...]:
    url = paper_url(paper)
    label = "arXiv" if url.startswith("https://arxiv.org/") else "source"
    return (*((Link(label, url),) if url else ()), *other_links(paper))


def _topics(site: Site, paper: Paper) -> tuple[TopicLink, ...]:
    known = sorted(paper.topics & site.mail.topics.keys())[:MAX_TOPICS]
    return tuple(TopicLink(slug, inert(site.mail.topics[slug])) for slug in known)
