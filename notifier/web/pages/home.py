"""The first page: the box for signing up, above the papers of the newest day."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from notifier.store.paper_lists import ListOrder
from notifier.topics import TRENDING
from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.guards import scripted
from notifier.web.list_pages import read_page
from notifier.web.list_periods import day_of
from notifier.web.pages.papers import described
from notifier.web.sessions import Visitor
from notifier.web.site import SiteDependency, page

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
def home(site: SiteDependency, request: Request, visitor: Visitor) -> Response:
    """Show the box for signing up, and the first page of the papers of the newest day."""
    listed = site.listed_days.get(site.engine, site.clock())
    period = day_of(listed.newest or site.clock().date())
    found = read_page(site, period, ListOrder.TRENDING, "")
    assert found is not None, "only a token can lead nowhere"
    opening = "New research papers in your email inbox once a day, or as a feed"
    shown = page(
        site,
        "home",
        is_signed_in=visitor is not None,
        about=about_page(site, "Trending papers", described(opening, found), "/", TRENDING),
        day=period.first,
        cards=found.cards,
        more=f"{site.root}{period.path}?after={found.more}" if found.more else "",
        number=listed.counts.get(period.first, 0),
        shows_day=False,
        topic=TRENDING,
    )
    return conditional(request, scripted(shown))
