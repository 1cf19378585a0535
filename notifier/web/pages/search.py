"""The search in all papers: `/search?q=QUERY`."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from notifier import queries
from notifier.errors import QueryError, UsageError
from notifier.feeds import LINK_TYPES
from notifier.queries import Query
from notifier.search import missing_words
from notifier.store import reading
from notifier.topics import check_topics
from notifier.web.about_page import about_page
from notifier.web.fields import sentence
from notifier.web.forms import AskedForm
from notifier.web.list_orders import AskedPage, asked_page
from notifier.web.list_pages import list_response
from notifier.web.search_results import ORDERS, SearchResults, read_results
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page

DESCRIPTION = "Search all papers: words, phrases, authors, categories, days and upvotes."

router = APIRouter()


@dataclass(frozen=True, slots=True)
class AskedSearch:
    """A request for a search: the query as typed, and the page of its results."""

    request: Request
    text: str
    page: AskedPage
    is_signed_in: bool


@router.api_route("/search", methods=["GET", "HEAD"])
def search(site: SiteDependency, request: Request, form: AskedForm, visitor: Visitor) -> Response:
    """Show the papers that a query matches, or say at its place what is wrong with the query."""
    text = form.one("q")
    wanted = asked_page(form, f"{site.root}/search", ORDERS, [("q", text)])
    asked = AskedSearch(request, text, wanted, visitor is not None)
    if not text:
        return _without_results(site, asked)
    try:
        query = queries.parse(text)
        check_topics(query, site.catalogue)
    except QueryError as error:
        return _without_results(site, asked, sentence(error.reason), error.column)
    except UsageError as error:
        return _without_results(site, asked, sentence(error))
    with reading(site.engine) as connection:
        results = read_results(site, connection, wanted, query)
        hints = _hints(connection, text, query) if wanted.is_first else []
    if results is None:
        path = f"/search?q={quote(text, safe='')}"
        values = {"kind": "", "path": path, "newest": None, "is_signed_in": asked.is_signed_in}
        return page(site, "no_list", HTTPStatus.NOT_FOUND, **values)
    return list_response(site, request, "search", **{**_values(site, asked, results), "hints": hints})


def _hints(connection: Connection, text: str, query: Query) -> list[str]:
    return [sentence(each) for each in (*queries.hints(text), *missing_words(connection, text, query))]


def _without_results(site: Site, asked: AskedSearch, error: str = "", column: int | None = None) -> Response:
    """Show the form, with what is wrong with the query if there is an error."""
    status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    return page(site, "search", status, **{**_values(site, asked), "error": error, "column": column})


def _values(site: Site, asked: AskedSearch, results: SearchResults | None = None) -> dict[str, object]:
    """Return what the page shows of a search."""
    title = f"Search: {asked.text}" if asked.text else "Search"
    typed = quote(asked.text, safe="")
    feeds = [(link_type, f"{site.root}/feeds/search.{ending}?q={typed}") for ending, link_type in LINK_TYPES.items()]
    return {
        "is_signed_in": asked.is_signed_in,
        "about": about_page(site, title, DESCRIPTION, "/search", is_indexed=not asked.text),
        "text": asked.text,
        "error": "",
        "column": None,
        "hints": (),
        "order": asked.page.order,
        "usual_order": asked.page.orders[0],
        "orders": asked.page.links,
        "is_first": asked.page.is_first,
        "results": results,
        "cards": results.cards if results else (),
        "more": results.more if results else "",
        "examined_until": results.examined_until if results else None,
        "shows_day": True,
        "feeds": feeds if results else (),
        "words": typed,
    }
