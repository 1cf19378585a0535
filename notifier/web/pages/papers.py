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
from notifier.store import paper_lists, reading
from notifier.text.counting import counted
from notifier.text.harmless import shortened_to_columns
from notifier.topics import ALL, TRENDING
from notifier.web.about_page import about_page
from notifier.web.forms import AskedForm, Form
from notifier.web.list_orders import AskedPage, asked_page
from notifier.web.list_pages import ListPage, list_response, read_page, read_trending_page
from notifier.web.list_periods import Period, day_of, period_around, period_of
from notifier.web.month_calendar import month_calendar
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page

GET = ["GET", "HEAD"]
DESCRIPTION = 155  # columns; search engines cut a longer description
NAMED = 3  # papers that a description names
TRENDING_PATH = "/papers/trending"
PERIOD_ORDERS = (ListOrder.TRENDING, ListOrder.NEWEST)  # the first is the usual one

router = APIRouter()


@dataclass(frozen=True, slots=True)
class AskedList:
    """What a request says about the list that it asks for."""

    request: Request
    form: Form
    is_signed_in: bool


def _asked_list(request: Request, asked: AskedForm, visitor: Visitor) -> AskedList:
    return AskedList(request, asked, visitor is not None)


Asked = Annotated[AskedList, Depends(_asked_list)]


@router.api_route("/papers", methods=GET)
def show_newest(site: SiteDependency, asked: Asked) -> Response:
    """Show the papers of the newest day, or lead to the day that somebody has chosen in a calendar."""
    if day := asked.form.one("day"):
        return RedirectResponse(f"{site.root}/papers/date/{quote(day, safe='')}", HTTPStatus.SEE_OTHER)
    listed = site.listed_days.get(site.engine, site.clock())
    return _list(site, asked, listed, day_of(listed.newest or site.clock().date()), "/papers")


@router.api_route("/papers/date/{day}", methods=GET)
def show_day(site: SiteDependency, asked: Asked, day: str) -> Response:
    """Show the papers of a day, such as `2025-09-11`."""
    return _period(site, asked, "date", day)


@router.api_route("/papers/week/{week}", methods=GET)
def show_week(site: SiteDependency, asked: Asked, week: str) -> Response:
    """Show the papers of a week, such as `2025-W37`."""
    return _period(site, asked, "week", week)


@router.api_route("/papers/month/{month}", methods=GET)
def show_month(site: SiteDependency, asked: Asked, month: str) -> Response:
    """Show the papers of a month, such as `2025-09`."""
    return _period(site, asked, "month", month)


@router.api_route(TRENDING_PATH, methods=GET)
def show_trending(site: SiteDependency, asked: Asked) -> Response:
    """Show the trending papers of the last weeks."""
    asked_for = asked_page(asked.form, f"{site.root}{TRENDING_PATH}", [ListOrder.TRENDING])
    found = read_trending_page(site, asked_for)
    if found is None:
        return _no_list(site, asked, TRENDING_PATH)
    opening = f"The best papers of {TRENDING_DAYS} days, by upvotes and place"
    described_list = described(opening, found)
    about = about_page(site, "Trending papers", described_list, TRENDING_PATH, TRENDING, is_indexed=asked_for.is_first)
    return list_response(
        site,
        asked.request,
        "trending",
        is_signed_in=asked.is_signed_in,
        about=about,
        days=TRENDING_DAYS,
        until=site.trending.get(site.engine, site.clock()).until,
        topic=TRENDING,
        cards=found.cards,
        more=found.more,
        is_first=asked_for.is_first,
        shows_day=True,
    )


def described(opening: str, found: ListPage) -> str:
    """Return the description of a list: its opening, and the first papers."""
    titles = "; ".join(card.plain_title for card in found.cards[:NAMED])
    return shortened_to_columns(f"{opening}: {titles}" if titles else opening, DESCRIPTION)


def _period(site: Site, asked: AskedList, kind: str, name: str) -> Response:
    listed = site.listed_days.get(site.engine, site.clock())
    period = period_of(kind, name)
    return _list(site, asked, listed, period, period.path) if period else _no_list(site, asked, kind=kind)


def _list(site: Site, asked: AskedList, listed: ListedDays, period: Period, path: str) -> Response:
    """Show a page of the papers of a period at `path`."""
    asked_for = asked_page(asked.form, f"{site.root}{path}", PERIOD_ORDERS)
    found = read_page(
        site, period, AskedPage(f"{site.root}{period.path}", PERIOD_ORDERS, asked_for.order, asked_for.after)
    )
    if found is None:
        return _no_list(site, asked, period.path)
    with reading(site.engine) as connection:
        number = paper_lists.count_between(connection, period.first, period.last)
    opening = f"{counted(number, 'paper')} of {period.words}"
    is_indexed = bool(found.cards) and asked_for.is_first
    about = about_page(site, f"Papers of {period.words}", described(opening, found), path, ALL, is_indexed=is_indexed)
    return list_response(
        site,
        asked.request,
        "papers",
        is_signed_in=asked.is_signed_in,
        about=about,
        period=period,
        number=number,
        order=asked_for.order,
        orders=asked_for.links,
        cards=found.cards,
        more=found.more,
        is_first=asked_for.is_first,
        shows_day=period.kind != "date",
        topic=ALL,
        **_ways(listed, period),
    )


def _ways(listed: ListedDays, period: Period) -> dict[str, object]:
    """Return where a list leads: to the periods before and after it, to those that it is part of, and to the days."""
    before, after = listed.before(period.first), listed.after(period.last)
    return {
        "previous": period_around(period.kind, before) if before else None,
        "following": period_around(period.kind, after) if after else None,
        "nearest": [(day_of(day), listed.counts[day]) for day in (before, after) if day],
        "wider": [period_around(kind, period.first) for kind in {"date": ("week", "month")}.get(period.kind, ())],
        "calendar": month_calendar(listed, period.first),
        "newest": listed.newest,
    }


def _no_list(site: Site, asked: AskedList, path: str = "", kind: str = "") -> HTMLResponse:
    """Say that there is no such day, week or month, or that a list at `path` has no such page."""
    listed = site.listed_days.get(site.engine, site.clock())
    newest = period_around(kind, listed.newest) if kind and listed.newest else None
    return page(
        site,
        "no_list",
        HTTPStatus.NOT_FOUND,
        is_signed_in=asked.is_signed_in,
        kind=kind,
        path=path,
        newest=newest,
    )
