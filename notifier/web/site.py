"""Render pages, with the store, templates and settings that every page needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from sqlalchemy import Engine

from notifier.config import Config, secret_key
from notifier.curation import is_admin, is_curator
from notifier.feeds import LINK_TYPES
from notifier.mail import MailSettings
from notifier.models import Clock, Paper, Subscriber
from notifier.pipeline import read_trending_of_days
from notifier.search import (
    ListedDays,
    RecentPapers,
    Trending,
    read_listed_days,
    read_recent,
    read_trending,
)
from notifier.templates import environment, render
from notifier.topics import Catalogue
from notifier.web.arrivals import Arrivals, ArrivalsCache
from notifier.web.dump_cache import DumpCache
from notifier.web.feeds.files import FeedFiles
from notifier.web.feeds.made_feeds import MadeFeeds
from notifier.web.rankings import Rankings
from notifier.web.topics_in_use import TopicsInUse

DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class Site:
    """The store, the templates, the sender of the mails, and the URL of the pages.

    `topics` holds the topics in use, as they are for one request. `recent` holds the papers that previews
    search, and `feed_files` the feeds that were published. Other feeds are made on request: `made_feeds` holds those
    that were requested last, and `trending_of_days` holds the papers for the feeds of the topic `trending`.
    `listed_days` holds the days of lists, `trending` the trending papers, and `rankings` the rankings that are read.
    `arrivals` holds what the footer of each page says about the arrival of papers. `key` signs and checks links. It is
    None if there is neither a base URL nor a secret key, because then no link was ever made. `origin` is the origin of
    the base URL (RFC 6454) and `root` its path without a final slash; both are empty without a base URL. `late_loops`
    returns the names of the service's loops whose last round was too long ago.
    """

    engine: Engine
    config: Config
    topics: TopicsInUse
    templates: Environment
    recent: DumpCache[RecentPapers]
    listed_days: DumpCache[ListedDays]
    trending: DumpCache[Trending]
    rankings: Rankings
    feed_files: FeedFiles
    made_feeds: MadeFeeds
    trending_of_days: DumpCache[Sequence[Paper]]
    arrivals: ArrivalsCache
    key: bytes | None = field(repr=False)
    origin: str
    root: str
    clock: Clock
    late_loops: Callable[[], Sequence[str]]

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the topics in use."""
        return self.topics.catalogue

    @property
    def mail(self) -> MailSettings:
        """The settings with which pages show papers as the mails do."""
        return self.topics.mail

    @property
    def is_open(self) -> bool:
        """Whether people can sign up and sign in: only with a base URL, because both need a link in a mail."""
        return bool(self.origin)


def site_of(engine: Engine, config: Config, clock: Clock, late_loops: Callable[[], Sequence[str]]) -> Site:
    """Make the site from the config. Raises ConfigError if templates or the secret key are missing."""
    folder = config.mail.templates
    has_links = bool(config.web.base_url) or config.path(config.secret_file).exists()
    return Site(
        engine=engine,
        config=config,
        topics=TopicsInUse(engine, config, _mail_settings(config)),
        templates=environment(config.path(folder) if folder else None),
        recent=DumpCache(read_recent),
        listed_days=DumpCache(read_listed_days),
        trending=DumpCache(read_trending, follows_votes=True),
        rankings=Rankings(),
        feed_files=FeedFiles(config.path(config.feeds.folder)),
        made_feeds=MadeFeeds(),
        trending_of_days=DumpCache(lambda connection, _today: read_trending_of_days(connection), follows_votes=True),
        arrivals=ArrivalsCache(),
        key=secret_key(config) if has_links else None,
        origin=_origin(config.web.base_url),
        root=urlsplit(config.web.base_url).path,
        clock=clock,
        late_loops=late_loops,
    )


def _mail_settings(config: Config) -> MailSettings:
    return MailSettings(
        sender=config.mail.sender,
        envelope_sender=config.mail.envelope_sender,
        unsubscribe_mailbox=config.mail.address,
        brand=config.mail.brand,
        title_search=config.mail.title_search,
    )


def _origin(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(DEFAULT_PORTS[parts.scheme])}"


def _site(request: Request) -> Site:
    """Return the site for one request, with the topics that are in use now."""
    site: Site = request.app.state.site
    return replace(site, topics=site.topics.anew())


SiteDependency = Annotated[Site, Depends(_site)]


def page(site: Site, name: str, status: int = 200, **values: object) -> HTMLResponse:
    """Render a template in `web/` with `values` and what all pages share."""
    shared = {
        "brand": site.config.mail.brand,
        "mailbox": site.config.mail.address,
        "root": site.root,
        "is_open": site.is_open,
        "is_signed_in": False,
        "can_curate": False,
        "can_administer": False,
        "arrivals": _arrivals(site, status),
    }
    return HTMLResponse(render(site.templates, f"web/{name}.html.j2", **{**shared, **values}), status)


def signed_in(site: Site, visitor: Subscriber | None) -> dict[str, bool]:
    """Return the values that decide which links the navigation of a page has for a visitor."""
    return {
        "is_signed_in": visitor is not None,
        "can_curate": is_curator(site.config, visitor),
        "can_administer": is_admin(site.config, visitor),
    }


def _arrivals(site: Site, status: int) -> Arrivals:
    """Return what the footer of a page says about papers; nothing if the page reports an error of the server."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Arrivals()
    return site.arrivals.get(site.engine, site.config, site.clock())


def feed_links(site: Site, slug: str) -> Sequence[tuple[str, str]]:
    """Return the media type and the path of each feed of a topic that was published."""
    return [
        (link_type, f"{site.root}/feeds/{slug}.{ending}")
        for ending, link_type in LINK_TYPES.items()
        if site.feed_files.get(f"{slug}.{ending}")
    ]
