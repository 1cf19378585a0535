"""The pages of the topics: all of them with their volume, and the papers of one with a plot of papers a week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from notifier.models import Paper
from notifier.pipeline import RESERVED_FEEDS
from notifier.queries import readable_whole
from notifier.search.ranking import rank
from notifier.store import paper_lists, papers, reading, topic_pages
from notifier.topics import ALL, RESERVED, TRENDING
from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.forms import AskedForm
from notifier.web.paper_cards import paper_card
from notifier.web.paper_keys import is_key
from notifier.web.previews import volume
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, feed_links, page
from notifier.web.weekly_plot import WeeklyPlot, first_day, weekly_plot

NEWEST = "newest"  # the usual order of a topic; the other one is TRENDING
PER_PAGE = 30
RANKED_DAYS = 60  # up to the newest day; a week halves a score, so that older papers would come last
RANKED = 300  # of the newest papers of these days, so many are ranked
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
        for slug, (title, description) in _titles(site).items()
    ]
    words = f"The {len(site.catalogue.topics)} topics that papers are sorted into, each with its papers and feeds."
    about = about_page(site, "Topics", words, "/topics")
    return conditional(request, page(site, "topics", topics=shown, about=about, is_signed_in=visitor is not None))


@router.api_route("/topics/{slug}", methods=["GET", "HEAD"])
def show_topic(site: SiteDependency, request: Request, visitor: Visitor, asked: AskedForm, slug: str) -> Response:
    """Show the papers of a topic, newest or trending first, from after the paper whose key is in `after`."""
    if slug == TRENDING:  # the trending papers have a list, and are no topic of their own
        return RedirectResponse(f"{site.root}/papers/trending", HTTPStatus.PERMANENT_REDIRECT)
    if slug not in _titles(site):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    title, description = _titles(site)[slug]
    order = TRENDING if asked.one("order") == TRENDING else NEWEST
    after = asked.one("after")
    tagged = None if slug in RESERVED else slug
    with reading(site.engine) as connection:
        found = (_trending if order == TRENDING else _newest)(site, connection, tagged, after)
        plot = None if after else _plot(site, connection, tagged)
    if found is None:
        path = f"/topics/{slug}"
        return page(site, "no_list", HTTPStatus.NOT_FOUND, kind="", path=path, newest=None, is_signed_in=bool(visitor))
    shown = found[:PER_PAGE]
    is_indexed = order == NEWEST and not after
    about = about_page(site, title, description, f"/topics/{slug}", slug, is_indexed=is_indexed)
    response = page(
        site,
        "topic",
        is_signed_in=visitor is not None,
        topic=slug,
        about=about,
        feeds=about.feeds,
        query=_query(site, slug),
        order=order,
        days=RANKED_DAYS,
        orders=[(each, _url(site, slug, each)) for each in (NEWEST, TRENDING)],
        is_first=not after,
        plot=plot,
        cards=[paper_card(site, paper, upvotes=paper.upvotes) for paper in shown],
        shows_day=True,
        more=_url(site, slug, order, shown[-1].key) if len(found) > PER_PAGE else "",
    )
    return conditional(request, response)


def _url(site: Site, slug: str, order: str, after: str = "") -> str:
    """Return the URL of a page of a topic; the order by newest is not named, because it is the usual one."""
    query = urlencode({**({"order": order} if order == TRENDING else {}), **({"after": after} if after else {})})
    return f"{site.root}/topics/{slug}{'?' if query else ''}{query}"


def _titles(site: Site) -> Mapping[str, tuple[str, str]]:
    """Return the title and the description of each topic by slug, those of the reserved slugs first."""
    reserved = {slug: (title, RESERVED_FEEDS[slug]) for slug, title in RESERVED.items()}
    return reserved | {slug: (topic.title, topic.description) for slug, topic in site.catalogue.topics.items()}


def _query(site: Site, slug: str) -> tuple[str, str] | None:
    """Return the query of a topic in its readable form and as it is written; None for a reserved slug."""
    if slug in RESERVED:
        return None
    written = " ".join(site.catalogue.topics[slug].query.split())
    return readable_whole(written), written


def _newest(_site: Site, connection: Connection, slug: str | None, after: str) -> list[Paper] | None:
    """Return the papers of one page and one more, newest listing day first; None if no paper has the key `after`."""
    place = topic_pages.place_of(connection, after) if is_key(after) else None
    if after and place is None:
        return None
    ids = topic_pages.newest_listed(connection, slug, PER_PAGE + 1, place)
    return list(papers.papers_by_id(connection, ids).values())


def _trending(site: Site, connection: Connection, slug: str | None, after: str) -> list[Paper] | None:
    """Return the papers of one page and one more, best first, of the last RANKED_DAYS days; None as in `_newest`."""
    until = _until(site, connection)
    ids = topic_pages.newest_listed(connection, slug, RANKED, since=until - timedelta(days=RANKED_DAYS - 1))
    newest = list(papers.papers_by_id(connection, ids).values())
    best = [each.paper for each in rank(connection, newest, until)]
    if not after:
        return best[: PER_PAGE + 1]
    place = next((place for place, paper in enumerate(best, 1) if paper.key == after), None)
    return None if place is None else best[place : place + PER_PAGE + 1]


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
