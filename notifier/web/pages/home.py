"""The first page: the box for signing up, above the trending papers of the newest day."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from notifier.search import best_of
from notifier.store import reading
from notifier.topics import TRENDING
from notifier.web.guards import scripted
from notifier.web.previews import paper_card
from notifier.web.sessions import Visitor
from notifier.web.site import SiteDependency, feed_links, page

CARDS = 10  # as many as a digest of trending papers has

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
def home(site: SiteDependency, visitor: Visitor) -> HTMLResponse:
    """Show the box for signing up, and the trending papers of the newest day."""
    recent = site.recent.papers(site.engine, site.clock())
    newest = [paper for paper in recent.papers if paper.listed_on == recent.until]
    with reading(site.engine) as connection:
        best = best_of(connection, newest, recent.until, CARDS)
    return scripted(
        page(
            site,
            "home",
            is_signed_in=visitor is not None,
            day=recent.until,
            cards=[paper_card(site, paper) for paper in best],
            others=len(newest) - len(best),
            trending=TRENDING,
            feeds=feed_links(site, TRENDING),
        )
    )
