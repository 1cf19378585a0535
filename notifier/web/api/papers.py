"""The operations on papers: search them, list those of a day, a week or a month, list the trending ones, show one."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from notifier import matching, models, queries
from notifier.models import ListOrder, PinNote, Scope
from notifier.search import SIMILAR, similar_papers, with_similar
from notifier.store import hidden_papers, paper_pages, papers, pins, reading
from notifier.topics import check_topics
from notifier.web.api.inputs import Digits, Omittable
from notifier.web.api.lists import After, link_to_next, no_page, page_request, url_of
from notifier.web.api.paper_models import (
    ListedPaperDocument,
    PaperDocument,
    PaperList,
    PaperPin,
    listed_paper,
    paper_model,
    pin_model,
)
from notifier.web.api.problems import ProblemError, not_found
from notifier.web.api.routes import api_router, reads
from notifier.web.list_pages import ListPage, read_page, read_trending_page
from notifier.web.list_periods import Period, day_of, period_of
from notifier.web.pages.paper import MAX_LISTINGS
from notifier.web.pages.papers import PERIOD_ORDERS
from notifier.web.search_results import ORDERS as SEARCH_ORDERS
from notifier.web.search_results import read_results
from notifier.web.site import Site, SiteDependency

MAX_QUERY = 1_000  # characters, as in the query language

QueryText = Annotated[str, Field(min_length=1, max_length=MAX_QUERY)]
PeriodText = Annotated[str, Field(pattern=r"^[0-9]{4}-(W[0-9]{2}|[0-9]{2}(-[0-9]{2})?)$")]

Key = Annotated[str, Path(description="The key of a paper, or one by which it was known before.")]
MOST_SIMILAR = 50
GONE: dict[int | str, dict[str, Any]] = {410: {"description": "A curator has hidden it."}}

router = api_router("papers")


class DayListing(BaseModel):
    """How one dump lists a paper on one day."""

    listed_on: date
    format: str
    position: int
    upvotes: int | None


class WholePaper(PaperDocument):
    """A paper, with its pin, its listings and the keys by which it was known before papers were merged."""

    pin: PaperPin | None = Field(description="Null if it is not pinned, or only to a later day.")
    former_keys: list[str]
    listings: list[DayListing] = Field(description=f"The newest {MAX_LISTINGS} listings, the newest day first.")


class SimilarPaperDocument(BaseModel):
    """A paper that is similar to another, and the topics and the rarest words that both have."""

    paper: PaperDocument
    score: float = Field(description="How similar it is, up to 1.")
    topics: list[str]
    words: list[str]


class SimilarList(BaseModel):
    """The papers that are most similar to one, the most similar first."""

    similar: list[SimilarPaperDocument]


class ListedDayDocument(BaseModel):
    """A day on which papers are listed."""

    day: date
    papers: int


class DayList(BaseModel):
    """The days on which papers are listed."""

    days: list[ListedDayDocument]


@reads(router, "/papers", Scope.READ_PAPERS)
def list_papers(  # noqa: PLR0913 - the fields of the URL
    site: SiteDependency,
    response: Response,
    *,
    query: Annotated[Omittable[QueryText], Query(description="What to search for, in the query language.")] = None,
    listed: Annotated[
        Omittable[PeriodText],
        Query(description="A day, a week or a month: `2025-09-11`, `2025-W37` or `2025-09`."),
    ] = None,
    order: Annotated[
        Omittable[ListOrder],
        Query(description="Of a search: newest (the default), trending or relevance. Of days: trending or newest."),
    ] = None,
    after: After = "",
) -> PaperList:
    """Search all papers, or list those of a day, a week or a month; without either, those of the newest day."""
    if query is not None and listed is not None:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Give either `query` or `listed`; a query may name days by itself: `after:2025-09-01`.",
        )
    return _search(site, response, query, order, after) if query else _listed(site, response, listed, order, after)


@reads(router, "/papers/trending", Scope.READ_PAPERS)
def list_trending_papers(site: SiteDependency, response: Response, after: After = "") -> PaperList:
    """List the trending papers, best first: by votes, upvotes, and places in the lists of the last 30 days."""
    found = read_trending_page(site, page_request(site, "/papers/trending", [ListOrder.TRENDING], None, after))
    return _paper_list(site, response, found)


@reads(router, "/days", Scope.READ_PAPERS)
def list_days(site: SiteDependency) -> DayList:
    """List the days on which papers are listed, the oldest first, with the number of papers of each."""
    counts = site.listed_days.get(site.engine, site.clock()).counts
    return DayList(days=[ListedDayDocument(day=day, papers=number) for day, number in counts.items()])


@reads(router, "/papers/{key:path}/similar", Scope.READ_PAPERS, responses=GONE)
def list_similar_papers(
    site: SiteDependency,
    key: Key,
    limit: Annotated[int, Query(ge=1, le=MOST_SIMILAR, description="How many papers."), Digits] = SIMILAR,
) -> SimilarList:
    """List the papers that are most similar to one."""
    with reading(site.engine) as connection:
        found = similar_papers(connection, _shown_paper(connection, key), limit)
    return SimilarList(
        similar=[
            SimilarPaperDocument(
                paper=paper_model(site, each.paper), score=each.score, topics=list(each.topics), words=list(each.words)
            )
            for each in found
        ]
    )


# After all other paths below /papers, because a key may have a slash.
@reads(router, "/papers/{key:path}", Scope.READ_PAPERS, responses=GONE)
def get_paper(
    site: SiteDependency,
    response: Response,
    key: Key,
) -> WholePaper:
    """Show one paper. The key of a paper that was merged shows the paper it was merged into, whose `key` differs."""
    with reading(site.engine) as connection:
        found = _shown_paper(connection, key)
        listings = paper_pages.listings_of(connection, found.id, MAX_LISTINGS)
        former_keys = paper_pages.former_keys(connection, found.id)
        begun = pins.begun(connection, [found.id]).get(found.id)
    response.headers["Content-Location"] = url_of(site, f"/papers/{found.key}")
    shown = [
        DayListing(listed_on=each.listed_on, format=each.format, position=each.position, upvotes=each.upvotes)
        for each in listings
    ]
    pin = pin_model(begun.day, PinNote(begun.note, begun.name)) if begun else None
    return WholePaper(**dict(paper_model(site, found)), pin=pin, former_keys=former_keys, listings=shown)


def no_paper() -> ProblemError:
    """Return the error for a key that no paper has."""
    return not_found("There is no paper with this key.")


def hidden_paper() -> ProblemError:
    """Return the error for a paper that a curator has hidden."""
    return ProblemError(HTTPStatus.GONE, "This paper is not shown here.")


def _shown_paper(connection: Connection, key: str) -> models.Paper:
    """Return the paper with this key. Raises ProblemError with 404 if there is none, and with 410 if it is hidden."""
    found = paper_pages.paper_by_key(connection, key)
    if found is None:
        raise no_paper()
    if hidden_papers.hidden_among(connection, [found.id]):
        raise hidden_paper()
    return found


def _search(site: Site, response: Response, text: str, order: ListOrder | None, after: str) -> PaperList:
    query = queries.parse(text)
    check_topics(query, site.catalogue)
    with reading(site.engine) as connection:
        papers.check_keys(connection, queries.papers_named(query))
        query = with_similar(connection, query)
        asked = page_request(site, "/papers", SEARCH_ORDERS, order, after, [("query", text)])
        found = read_results(site, connection, asked, query)
    if found is None:
        raise no_page()
    shown = [listed_paper(site, card, matching.spans(query, card.paper)) for card in found.cards]
    return PaperList(papers=shown, next=link_to_next(response, found.more))


def _listed(site: Site, response: Response, listed: str | None, order: ListOrder | None, after: str) -> PaperList:
    if order is ListOrder.RELEVANCE:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The order `relevance` needs a query; lists of days have `trending` and `newest`.",
        )
    period = _period(site, listed)
    fields = [("listed", period.name)]
    found = read_page(site, period, page_request(site, "/papers", PERIOD_ORDERS, order, after, fields))
    return _paper_list(site, response, found)


def _period(site: Site, listed: str | None) -> Period:
    if listed is None:
        return day_of(site.listed_days.get(site.engine, site.clock()).newest or site.clock().date())
    kinds = {10: "date", 8: "week", 7: "month"}
    period = period_of(kinds[len(listed)], listed)
    if period is None:
        raise not_found(f"There is no {listed} in the calendar.")
    return period


def _paper_list(site: Site, response: Response, found: ListPage | None) -> PaperList:
    if found is None:
        raise no_page()
    shown: list[ListedPaperDocument] = [listed_paper(site, card) for card in found.cards]
    return PaperList(papers=shown, next=link_to_next(response, found.more))
