"""What search engines are told: `/robots.txt`, and the sitemaps of all lists and papers (sitemaps.org).

A sitemap holds the papers of a range of ids, so each takes the same time, however many papers are stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import PlainTextResponse

from notifier.search import ListedDays
from notifier.store import paper_lists, papers, reading
from notifier.topics import ALL
from notifier.web.list_periods import day_of, month_of, week_of
from notifier.web.site import Site, SiteDependency

GET = ["GET", "HEAD"]
PAPERS = 10_000  # ids in one sitemap; the format allows 50,000 URLs
DAYS = 30_000  # at most this many days, the newest, are listed; with weeks and months, under 50,000 URLs
MAX_DIGITS = 9  # of the number of a sitemap
CACHED = {"Cache-Control": "public, max-age=3600"}
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
# The paths of pages that belong to one subscriber, or that are computed for each query that somebody types.
PRIVATE = (
    "manage",
    "digests",
    "confirm/",
    "unsubscribe/",
    "vote/",
    "sign-in",
    "feeds/private/",
    "feeds/search",
    "search",
    "admin/",
    "curation",
)
PUBLIC = ("/", "/papers", "/papers/trending", "/topics", "/feeds", "/help/queries")

router = APIRouter()


@router.api_route("/robots.txt", methods=GET)
def robots(site: SiteDependency) -> Response:
    """Name the sitemap, and the paths that search engines must not read."""
    lines = ["User-agent: *", *(f"Disallow: {site.root}/{path}" for path in PRIVATE)]
    if site.origin:
        lines += ["", f"Sitemap: {site.origin}{site.root}/sitemap.xml"]
    return PlainTextResponse("\n".join([*lines, ""]), headers=CACHED)


@router.api_route("/sitemap.xml", methods=GET)
def index(site: SiteDependency) -> Response:
    """List the sitemaps."""
    with reading(site.engine) as connection:
        highest = papers.newest_id(connection)
    numbers = range(1, highest // PAPERS + 2) if highest else ()
    paths = ["/sitemap/lists.xml", *(f"/sitemap/papers-{number}.xml" for number in numbers)]
    return _xml(site, "sitemapindex", "sitemap", paths)


@router.api_route("/sitemap/lists.xml", methods=GET)
def lists(site: SiteDependency) -> Response:
    """List the pages for everybody, the topics, and the days, weeks and months with papers."""
    listed_days = site.listed_days.get(site.engine, site.clock())
    signing_up = ("/subscribe",) if site.is_open else ()
    topics = [f"/topics/{slug}" for slug in (ALL, *site.catalogue.topics)]
    return _xml(site, "urlset", "url", [*PUBLIC, *signing_up, *topics, *_paths(listed_days)])


@router.api_route("/sitemap/papers-{number}.xml", methods=GET)
def papers_in_range(site: SiteDependency, number: str) -> Response:
    """List the papers of a range of ids."""
    if not (number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS and number[0] != "0"):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    last = int(number) * PAPERS - 1
    with reading(site.engine) as connection:
        keys = paper_lists.keys_between(connection, last - PAPERS + 1, last)
    if not keys:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return _xml(site, "urlset", "url", (f"/paper/{quote(key)}" for key in keys))


def _paths(listed_days: ListedDays) -> Iterable[str]:
    """Yield the paths of the lists of days, weeks and months, each once."""
    days = listed_days.days[-DAYS:]
    periods = (make(day) for make in (day_of, week_of, month_of) for day in days)
    return dict.fromkeys(period.path for period in periods)


def _xml(site: Site, root: str, element: str, paths: Iterable[str]) -> Response:
    """Return a sitemap. Its URLs must be absolute, so there is none without a base URL."""
    if not site.origin:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    start = escape(site.origin + site.root)
    urls = "".join([f"<{element}><loc>{start}{path}</loc></{element}>\n" for path in paths])
    content = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {NAMESPACE}>\n{urls}</{root}>\n'
    return Response(content, media_type="application/xml", headers=CACHED)
