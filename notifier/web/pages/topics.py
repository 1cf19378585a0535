"""Serve the page that lists all topics with their volume, and a page of each topic: its papers and a weekly plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from notifier.models import ListOrder
from notifier.pipeline import RESERVED_FEEDS
from notifier.queries import readable_whole
from notifier.search.ranking import ranked_ids
from notifier.store import paper_lists, papers, reading, topic_pages
from notifier.store.topic_pages import ListPlace
from notifier.topics import ALL, RESERVED, TRENDING
from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.forms import UrlForm
from notifier.web.list_orders import PageRequest, numbers_of, read_page_request
from notifier.web.list_pages import list_response
from notifier.web.paper_cards import paper_card
from notifier.web.previews import volume
from notifier.web.rankings import PER_PAGE, RankedPage, RankingFunctions, read_ranked_page
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, feed_links, page, signed_in
from notifier.web.weekly_plot import WeeklyPlot, first_day, weekly_plot

ORDERS = (ListOrder.NEWEST, ListOrder.TRENDING)  # the first is the usual one
RANKED_DAYS = 60  # up to the newest day; a week halves a score, so that older papers would come last
RANKED = 300  # at most this many of the newest papers of these days are ranked
WEEKS_OF_VOLUME = 4
ONE_DAY = timedelta(days=1)

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ListedTopic:
    """A topic as the list of topics shows it; `volume` is a phrase such as `about 5 a week`, or empty."""

    slug: str
    title: str
    description: str
    volume: str
    feeds: Sequence[tuple[str, str]]


@router.api_route("/topics", methods=["GET", "HEAD"])
def list_topics(site: SiteDependency, request: Request, visitor: Visitor) -> Response:
    """Show all topics, with how many papers a week each has, and their feeds."""
    volumes = _volumes(site)
    shown = [
        ListedTopic(slug, title, description, volumes.get(slug, ""), feed_links(site, slug))
        for slug, (title, description) in titles_of_topics(site).items()
    ]
    words = f"The {len(site.catalogue.topics)} topics that papers are sorted into, each with its papers and feeds."
    about = about_page(site, "Topics", words, "/topics")
    return conditional(request, page(site, "topics", topics=shown, about=about, **signed_in(site, visitor)))


@router.api_route("/topics/{slug}", methods=["GET", "HEAD"])
def show_topic(site: SiteDependency, request: Request, visitor: Visitor, form: UrlForm, slug: str) -> Response:
    """Show the papers of a topic, newest or trending first."""
    if slug == TRENDING:  # the trending papers have a list, and are no topic of their own
        return RedirectResponse(f"{site.root}/papers/trending", HTTPStatus.PERMANENT_REDIRECT)
    if slug not in titles_of_topics(site):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    title, description = titles_of_topics(site)[slug]
    path = f"/topics/{slug}"
    page_request = read_page_request(form, f"{site.root}{path}", ORDERS)
    tagged = None if slug in RESERVED else slug
    with reading(site.engine) as connection:
        found = read_topic_page(site, connection, slug, page_request)
        plot = _plot(site, connection, tagged) if page_request.is_first else None
    if found is None:
        values = {"kind": "", "path": path, "newest": None, **signed_in(site, visitor)}
        return page(site, "no_list", HTTPStatus.NOT_FOUND, **values)
    about = about_page(site, title, description, path, slug, is_indexed=page_request.is_usual)
    return list_response(
        site,
        request,
        "topic",
        visitor,
        topic=slug,
        about=about,
        feeds=about.feeds,
        query=_query(site, slug),
        order=page_request.order,
        days=RANKED_DAYS,
        orders=page_request.links,
        is_first=page_request.is_first,
        plot=plot,
        cards=[paper_card(site, paper, upvotes=paper.upvotes) for paper in found.papers],
        shows_day=True,
        more=page_request.following(found.following),
    )


def titles_of_topics(site: Site) -> Mapping[str, tuple[str, str]]:
    """Return the title and the description of each topic by slug, those of the reserved slugs first."""
    reserved = {slug: (RESERVED[slug], description) for slug, description in RESERVED_FEEDS.items()}
    return reserved | {slug: (topic.title, topic.description) for slug, topic in site.catalogue.topics.items()}


def read_topic_page(site: Site, connection: Connection, slug: str, page_request: PageRequest) -> RankedPage | None:
    """Return the requested page of the papers of a topic, or of all; None if the mark in its URL is not valid."""
    find = _trending if page_request.order is ListOrder.TRENDING else _newest
    return find(site, connection, None if slug in RESERVED else slug, page_request)


def _query(site: Site, slug: str) -> tuple[str, str] | None:
    """Return the query of a topic in its readable form and as it is written; None for a reserved slug."""
    if slug in RESERVED:
        return None
    written = " ".join(site.catalogue.topics[slug].query.split())
    return readable_whole(written), written


def _newest(_site: Site, connection: Connection, slug: str | None, page_request: PageRequest) -> RankedPage | None:
    """Return the requested page, newest listing day first; None if the mark in its URL is not valid.

    The mark names the listing day and the id of the last paper before.
    """
    place = None if page_request.is_first else _place(page_request.after)
    if place is None and not page_request.is_first:
        return None
    found = topic_pages.newest_listed(connection, slug, PER_PAGE + 1, place)
    shown = papers.papers_by_id(connection, [each.id for each in found[:PER_PAGE]])
    last = found[PER_PAGE - 1] if len(found) > PER_PAGE else None
    return RankedPage(list(shown.values()), (last.listed_on.toordinal(), last.id) if last else None, len(found))


def _place(mark: str) -> ListPlace | None:
    day, paper_id = numbers_of(mark, 2) or (0, 0)
    return ListPlace(date.fromordinal(day), paper_id) if 1 <= day <= date.max.toordinal() else None


def _trending(site: Site, connection: Connection, slug: str | None, page_request: PageRequest) -> RankedPage | None:
    """Return the requested page of the papers of the last RANKED_DAYS days, best first; None as in `_newest`."""
    until = _until(site, connection)
    since = until - timedelta(days=RANKED_DAYS - 1)

    def rank(until_id: int) -> Sequence[int]:
        return ranked_ids(connection, topic_pages.listed_since(connection, slug, since, until_id, RANKED), until)

    trending = RankingFunctions(rank, lambda ids: papers.shown_papers_by_id(connection, ids))
    return read_ranked_page(site.rankings, connection, page_request, site.clock(), trending)


def _until(site: Site, connection: Connection) -> date:
    """Return the newest listing day, which may be one day after today (UTC); today if there are no papers."""
    today = site.clock().date()
    return paper_lists.newest_day(connection, today + ONE_DAY) or today


def _plot(site: Site, connection: Connection, slug: str | None) -> WeeklyPlot | None:
    until = _until(site, connection)
    since = first_day(topic_pages.oldest_day(connection) or until, until)
    return weekly_plot(topic_pages.listed_per_day(connection, slug, since, until), since, until)


def _volumes(site: Site) -> Mapping[str, str]:
    """Return the volume of each topic as a phrase: the average of the last weeks, or of as many as there are."""
    with reading(site.engine) as connection:
        until = _until(site, connection)
        since = max(topic_pages.oldest_day(connection) or until, until - timedelta(weeks=WEEKS_OF_VOLUME) + ONE_DAY)
        counts = topic_pages.listed_by_topic(connection, since, until)
    weeks = max(((until - since).days + 1) / 7, 1)
    return {slug or ALL: volume(count / weeks) for slug, count in counts.items()}
