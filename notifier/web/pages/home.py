"""The first page: the box for signing up, above the papers of the newest day."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from notifier.topics import TRENDING
from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.guards import scripted
from notifier.web.list_orders import PageRequest
from notifier.web.list_pages import reaction_rows_of, read_page
from notifier.web.list_periods import day_of
from notifier.web.pages.papers import PERIOD_ORDERS, describe_list
from notifier.web.sessions import Visitor
from notifier.web.site import SiteDependency, page, signed_in

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
def home(site: SiteDependency, request: Request, visitor: Visitor) -> Response:
    """Show the box for signing up, and the first page of the papers of the newest day."""
    listed = site.listed_days.get(site.engine, site.clock())
    period = day_of(listed.newest or site.clock().date())
    found = read_page(site, period, PageRequest(f"{site.root}{period.path}", PERIOD_ORDERS, PERIOD_ORDERS[0], ""))
    assert found is not None, "a page without a mark always exists"
    opening = "New research papers in your email inbox once a day, or as a feed"
    shown = page(
        site,
        "home",
        **signed_in(site, visitor),
        about=about_page(site, "Trending papers", describe_list(opening, found), "/", TRENDING),
        day=period.first,
        cards=found.cards,
        more=found.more,
        reactions=reaction_rows_of(site, request, visitor, found.cards),
        number=listed.counts.get(period.first, 0),
        shows_day=False,
        topic=TRENDING,
    )
    return conditional(request, scripted(shown))
