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
from notifier.search import missing_words, with_similar
from notifier.store import papers, reading
from notifier.topics import check_topics
from notifier.web.about_page import about_page
from notifier.web.fields import sentence
from notifier.web.forms import UrlForm
from notifier.web.list_orders import PageRequest, read_page_request
from notifier.web.list_pages import list_response
from notifier.web.search_results import ORDERS, SearchResults, read_results
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

DESCRIPTION = "Search all papers: words, phrases, authors, categories, days and upvotes."

router = APIRouter()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A request for a search: the query as typed, and the page of its results."""

    request: Request
    text: str
    page: PageRequest
    visitor: Visitor


@router.api_route("/search", methods=["GET", "HEAD"])
def search(site: SiteDependency, request: Request, form: UrlForm, visitor: Visitor) -> Response:
    """Show the papers that a query matches; if the query is wrong, say what is wrong and at which place."""
    text = form.one("q")
    page_request = read_page_request(form, f"{site.root}/search", ORDERS, [("q", text)])
    search_request = SearchRequest(request, text, page_request, visitor)
    if not text:
        return _without_results(site, search_request)
    try:
        query = queries.parse(text)
        check_topics(query, site.catalogue)
        with reading(site.engine) as connection:
            papers.check_keys(connection, queries.papers_named(query))
            query = with_similar(connection, query)
            results = read_results(site, connection, page_request, query)
            hints = _hints(connection, text, query) if page_request.is_first else []
    except QueryError as error:
        return _without_results(site, search_request, sentence(error.reason), error.column)
    except UsageError as error:
        return _without_results(site, search_request, sentence(error))
    if results is None:
        path = f"/search?q={quote(text, safe='')}"
        missing = {"kind": "", "path": path, "newest": None, **signed_in(site, visitor)}
        return page(site, "no_list", HTTPStatus.NOT_FOUND, **missing)
    values: dict[str, object] = {**_values(site, search_request, results), "hints": hints}
    return list_response(site, request, "search", visitor, cards=results.cards, more=results.more, **values)


def _hints(connection: Connection, text: str, query: Query) -> list[str]:
    return [sentence(each) for each in (*queries.hints(text), *missing_words(connection, text, query))]


def _without_results(site: Site, search_request: SearchRequest, error: str = "", column: int | None = None) -> Response:
    """Show the form, with what is wrong with the query if there is an error."""
    status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    values: dict[str, object] = {**_values(site, search_request), "error": error, "column": column}
    values |= {**signed_in(site, search_request.visitor), "cards": (), "more": "", "reactions": {}}
    return page(site, "search", status, **values)


def _values(site: Site, search_request: SearchRequest, results: SearchResults | None = None) -> dict[str, object]:
    """Return what the page shows of a search."""
    title = f"Search: {search_request.text}" if search_request.text else "Search"
    typed = quote(search_request.text, safe="")
    feeds = [(link_type, f"{site.root}/feeds/search.{ending}?q={typed}") for ending, link_type in LINK_TYPES.items()]
    return {
        "about": about_page(site, title, DESCRIPTION, "/search", is_indexed=not search_request.text),
        "text": search_request.text,
        "error": "",
        "column": None,
        "hints": (),
        "order": search_request.page.order,
        "usual_order": search_request.page.orders[0],
        "orders": search_request.page.links,
        "is_first": search_request.page.is_first,
        "results": results,
        "examined_until": results.examined_until if results else None,
        "ranked": results.ranked if results else 0,
        "shows_day": True,
        "feeds": feeds if results else (),
        "words": typed,
    }
