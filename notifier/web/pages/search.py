"""The search in all papers: `/search?q=QUERY`."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from notifier import queries
from notifier.errors import QueryError, UsageError
from notifier.feeds import LINK_TYPES
from notifier.queries import Query
from notifier.search import missing_words
from notifier.store import reading
from notifier.topics import check_topics
from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.fields import sentence
from notifier.web.forms import AskedForm
from notifier.web.search_results import AskedSearch, SearchOrder, SearchResults, asked_search, read_results
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page

DESCRIPTION = "Search all papers: words, phrases, authors, categories, days and upvotes."

router = APIRouter()


@router.api_route("/search", methods=["GET", "HEAD"])
def search(site: SiteDependency, request: Request, form: AskedForm, visitor: Visitor) -> Response:
    """Show the papers that a query matches, or say at its place what is wrong with the query."""
    asked = asked_search(form)
    is_signed_in = visitor is not None
    if not asked.text:
        return _page(site, asked, is_signed_in=is_signed_in)
    try:
        query = queries.parse(asked.text)
        check_topics(query, site.catalogue)
    except QueryError as error:
        return _page(site, asked, error=sentence(error.reason), column=error.column, is_signed_in=is_signed_in)
    except UsageError as error:
        return _page(site, asked, error=sentence(error), is_signed_in=is_signed_in)
    with reading(site.engine) as connection:
        results = read_results(site, connection, asked, query)
        hints = _hints(connection, asked.text, query) if asked.is_first else []
    return conditional(request, _page(site, asked, results=results, hints=hints, is_signed_in=is_signed_in))


def _hints(connection: Connection, text: str, query: Query) -> list[str]:
    return [sentence(each) for each in (*queries.hints(text), *missing_words(connection, text, query))]


def _page(
    site: Site,
    asked: AskedSearch,
    results: SearchResults | None = None,
    error: str = "",
    column: int | None = None,
    **values: object,
) -> HTMLResponse:
    title = f"Search: {asked.text}" if asked.text else "Search"
    typed = quote(asked.text, safe="")
    feeds = [(link_type, f"{site.root}/feeds/search.{ending}?q={typed}") for ending, link_type in LINK_TYPES.items()]
    return page(
        site,
        "search",
        HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        about=about_page(site, title, DESCRIPTION, "/search", is_indexed=not asked.text),
        asked=asked,
        results=results,
        error=error,
        column=column,
        orders=[(each.value, asked.url(order=each.value)) for each in SearchOrder],
        feeds=feeds if results else (),
        words=typed,
        **values,
    )
