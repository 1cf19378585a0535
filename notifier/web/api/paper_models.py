"""The form in which the API shows papers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from notifier import models
from notifier.models import PinNote, Spans
from notifier.text.harmless import inert, safe_url
from notifier.text.paper_links import paper_path, paper_url
from notifier.web.paper_cards import PaperCard
from notifier.web.site import Site


class PaperDocument(BaseModel):
    """A paper. What is not known is null or empty; unknown upvotes are null, which is not zero."""

    key: str = Field(description="The arXiv id without version; without one, `t-` and 16 hexadecimal digits.")
    title: str
    abstract: str
    authors: list[str]
    categories: list[str]
    keywords: list[str]
    topics: list[str] = Field(description="The slugs of its topics.")
    listed_on: date = Field(description="The first day on which a dump lists it.")
    first_seen: datetime
    published: date | None
    updated: date | None
    upvotes: int | None = Field(description="The upvotes at the sources, as the dumps give them.")
    votes: int = Field(description="The number of subscribers of this service who voted for it.")
    source: str = Field(description="The format of the dump that most of this comes from.")
    url: str | None = Field(description="The best page about it at another site.")
    web_url: str | None = Field(description="Its page on this site; null if the site has no base URL.")
    pdf: str | None
    project: str | None
    code: str | None
    stars: int | None = Field(description="The stars of the code repository.")
    doi: str | None
    arxiv_id: str | None
    version: int | None
    note: str = Field(description="What its authors say about pages, venue and code.")
    summary: str = Field(description="A sentence or two by a model, from the dump.")
    withdrawn: bool


class MatchingPlaces(BaseModel):
    """The places that a query matches, as pairs: the index of the first code point, and that after the last one."""

    title: list[tuple[int, int]]
    abstract: list[tuple[int, int]]


class PaperPin(BaseModel):
    """The note of a curator about a paper that is pinned to a day."""

    day: date
    note: str
    name: str = Field(description="The name that signs the note.")


class ListedPaperDocument(PaperDocument):
    """A paper in a list."""

    list_day: date = Field(description="The listing day under which the list has it.")
    list_upvotes: int | None = Field(
        description="In a list of one or several days, the most upvotes in the paper's listings on these days; for a "
        "pinned paper and in all other lists, `upvotes`."
    )
    spans: MatchingPlaces | None = Field(description="The places that the query matches; null without a query.")
    pin: PaperPin | None = Field(description="Why it comes first in the list of a day; null in all other lists.")


class PaperList(BaseModel):
    """A page of a list of papers."""

    papers: list[ListedPaperDocument]
    next: str | None = Field(description="The URL of the next page, as in the header Link; null on the last page.")


def paper_model(site: Site, paper: models.Paper) -> PaperDocument:
    """Return a paper in the form of the API."""
    return PaperDocument(**_values(site, paper))


def listed_paper(site: Site, card: PaperCard, spans: Spans | None = None) -> ListedPaperDocument:
    """Return a paper of a list in the form of the API."""
    places = places_model(spans) if spans else None
    pin = pin_model(card.day, card.pin) if card.pin else None
    return ListedPaperDocument(
        **_values(site, card.paper), list_day=card.day, list_upvotes=card.upvotes, spans=places, pin=pin
    )


def pin_model(day: date, pin: PinNote) -> PaperPin:
    """Return the pin of a paper to a day in the form of the API."""
    return PaperPin(day=day, note=inert(pin.note), name=inert(pin.name))


def places_model(spans: Spans) -> MatchingPlaces:
    """Return the places that a query matches in the form of the API."""
    return MatchingPlaces(title=list(spans.title), abstract=list(spans.abstract))


def _values(site: Site, paper: models.Paper) -> dict[str, Any]:
    base = site.config.web.base_url
    return {
        "key": paper.key,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": paper.authors,
        "categories": paper.categories,
        "keywords": paper.keywords,
        "topics": sorted(paper.topics & site.catalogue.topics.keys()),
        "listed_on": paper.listed_on,
        "first_seen": paper.first_seen,
        "published": paper.published,
        "updated": paper.updated,
        "upvotes": paper.upvotes,
        "votes": paper.votes,
        "source": paper.source,
        "url": paper_url(paper) or None,
        "web_url": f"{base}{paper_path(paper)}" if base else None,
        "pdf": safe_url(paper.pdf) or None,
        "project": safe_url(paper.project) or None,
        "code": safe_url(paper.code) or None,
        "stars": paper.stars,
        "doi": paper.doi,
        "arxiv_id": paper.arxiv_id,
        "version": paper.version,
        "note": paper.note,
        "summary": paper.summary,
        "withdrawn": paper.withdrawn,
    }
