"""The lists of papers: the newest day, any day, week or month, and the trending papers."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier.models import ListOrder
from notifier.search import TRENDING_DAYS, ListedDays
from notifier.store import paper_lists, pins, reading
from notifier.text.counting import counted
from notifier.text.harmless import shortened_to_columns
from notifier.topics import ALL, TRENDING
from notifier.web.about_page import about_page
from notifier.web.forms import Form, UrlForm
from notifier.web.list_orders import PageRequest, read_page_request
from notifier.web.list_pages import ListPage, list_response, read_page, read_trending_page
from notifier.web.list_periods import Period, day_of, period_around, period_of
from notifier.web.month_calendar import month_calendar
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

GET = ["GET", "HEAD"]
DESCRIPTION = 155  # columns; search engines cut a longer description
NAMED = 3  # papers that a description names
TRENDING_PATH = "/papers/trending"
PERIOD_ORDERS = (ListOrder.TRENDING, ListOrder.NEWEST)  # the first is the usual one

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A request for a list; `form` has its order and its page, and `visitor` is who is signed in, if anybody is."""

    request: Request
    form: Form
    visitor: Visitor


def _list_request(request: Request, form: UrlForm, visitor: Visitor) -> ListRequest:
    return ListRequest(request, form, visitor)


ListRequestDependency = Annotated[ListRequest, Depends(_list_request)]


@router.api_route("/papers", methods=GET)
def show_newest(site: SiteDependency, list_request: ListRequestDependency) -> Response:
    """Show the papers of the newest day, or redirect to the day that somebody has chosen in a calendar."""
    if day := list_request.form.one("day"):
        return RedirectResponse(f"{site.root}/papers/date/{quote(day, safe='')}", HTTPStatus.SEE_OTHER)
    listed_days = site.listed_days.get(site.engine, site.clock())
    return _list(site, list_request, listed_days, day_of(listed_days.newest or site.clock().date()), "/papers")


@router.api_route("/papers/date/{day}", methods=GET)
def show_day(site: SiteDependency, list_request: ListRequestDependency, day: str) -> Response:
    """Show the papers of a day, such as `2025-09-11`."""
    return _period(site, list_request, "date", day)


@router.api_route("/papers/week/{week}", methods=GET)
def show_week(site: SiteDependency, list_request: ListRequestDependency, week: str) -> Response:
    """Show the papers of a week, such as `2025-W37`."""
    return _period(site, list_request, "week", week)


@router.api_route("/papers/month/{month}", methods=GET)
def show_month(site: SiteDependency, list_request: ListRequestDependency, month: str) -> Response:
    """Show the papers of a month, such as `2025-09`."""
    return _period(site, list_request, "month", month)


@router.api_route(TRENDING_PATH, methods=GET)
def show_trending(site: SiteDependency, list_request: ListRequestDependency) -> Response:
    """Show the trending papers of the last weeks."""
    page_request = read_page_request(list_request.form, f"{site.root}{TRENDING_PATH}", [ListOrder.TRENDING])
    found = read_trending_page(site, page_request)
    if found is None:
        return _no_list(site, list_request, TRENDING_PATH)
    opening = f"The best papers of {TRENDING_DAYS} days, by votes, upvotes and place"
    description = describe_list(opening, found)
    about = about_page(site, "Trending papers", description, TRENDING_PATH, TRENDING, is_indexed=page_request.is_first)
    return list_response(
        site,
        list_request.request,
        "trending",
        list_request.visitor,
        about=about,
        days=TRENDING_DAYS,
        until=site.trending.get(site.engine, site.clock()).until,
        topic=TRENDING,
        cards=found.cards,
        more=found.more,
        is_first=page_request.is_first,
        shows_day=True,
    )


def describe_list(opening: str, found: ListPage) -> str:
    """Return the description of a list for search engines: the opening, and the titles of the first papers."""
    titles = "; ".join(card.plain_title for card in found.cards[:NAMED])
    return shortened_to_columns(f"{opening}: {titles}" if titles else opening, DESCRIPTION)


def _period(site: Site, list_request: ListRequest, kind: str, name: str) -> Response:
    listed_days = site.listed_days.get(site.engine, site.clock())
    period = period_of(kind, name)
    return (
        _list(site, list_request, listed_days, period, period.path)
        if period
        else _no_list(site, list_request, kind=kind)
    )


def _list(site: Site, list_request: ListRequest, listed_days: ListedDays, period: Period, path: str) -> Response:
    """Show a page of the papers of a period at `path`."""
    page_request = read_page_request(list_request.form, f"{site.root}{path}", PERIOD_ORDERS)
    found = read_page(
        site, period, PageRequest(f"{site.root}{period.path}", PERIOD_ORDERS, page_request.order, page_request.after)
    )
    if found is None:
        return _no_list(site, list_request, period.path)
    with reading(site.engine) as connection:
        number = paper_lists.count_between(connection, period.first, period.last)
        if period.kind == "date":
            number += pins.not_listed_on(connection, period.first)
    opening = f"{counted(number, 'paper')} of {period.words}"
    is_indexed = bool(found.cards) and page_request.is_first
    about = about_page(
        site, f"Papers of {period.words}", describe_list(opening, found), path, ALL, is_indexed=is_indexed
    )
    return list_response(
        site,
        list_request.request,
        "papers",
        list_request.visitor,
        about=about,
        period=period,
        number=number,
        order=page_request.order,
        orders=page_request.links,
        cards=found.cards,
        more=found.more,
        is_first=page_request.is_first,
        shows_day=period.kind != "date",
        topic=ALL,
        **_links_to_other_lists(listed_days, period),
    )


def _links_to_other_lists(listed_days: ListedDays, period: Period) -> dict[str, object]:
    """Return values for links to other lists: of the periods before, after and around this one, and of single days."""
    before, after = listed_days.before(period.first), listed_days.after(period.last)
    return {
        "previous": period_around(period.kind, before) if before else None,
        "following": period_around(period.kind, after) if after else None,
        "nearest": [(day_of(day), listed_days.counts[day]) for day in (before, after) if day],
        "wider": [period_around(kind, period.first) for kind in {"date": ("week", "month")}.get(period.kind, ())],
        "calendar": month_calendar(listed_days, period.first),
        "newest": listed_days.newest,
    }


def _no_list(site: Site, list_request: ListRequest, path: str = "", kind: str = "") -> HTMLResponse:
    """Say that there is no such day, week or month, or that a list at `path` has no such page."""
    listed_days = site.listed_days.get(site.engine, site.clock())
    newest = period_around(kind, listed_days.newest) if kind and listed_days.newest else None
    return page(
        site,
        "no_list",
        HTTPStatus.NOT_FOUND,
        **signed_in(site, list_request.visitor),
        kind=kind,
        path=path,
        newest=newest,
    )
