"""Show the feeds: those for everybody, and those of the subscriber who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier import feeds
from notifier.feeds import Feed
from notifier.models import Subscriber, SubscriberState
from notifier.pipeline import RESERVED_FEEDS, publisher_of
from notifier.signing import sign
from notifier.subscribers import private_feeds_grant, remove_private_feed, renew_private_feed
from notifier.topics import FOR_YOU, RESERVED
from notifier.web.feeds.on_request import private_feed
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.sessions import SignedIn, Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

router = APIRouter()


@router.api_route("/feeds", methods=["GET", "HEAD"])
def show_feeds(site: SiteDependency, visitor: Visitor) -> HTMLResponse:
    """Show the feeds that were published."""
    return page(site, "feeds", feeds=list(_existing_feeds(site)), **signed_in(site, visitor))


@router.api_route("/manage/feeds", methods=["GET", "HEAD"])
def show_private_feeds(site: SiteDependency, subscriber: SignedIn) -> HTMLResponse:
    """Show the URLs of the subscriber's private feeds, if there are any."""
    url_of = publisher_of(site.config).feed_url
    own = _private_feeds(site, subscriber)
    shown = [(feed.title, url_of(feed, "atom"), url_of(feed, "rss")) for feed in own]
    is_unsubscribed = subscriber.state is SubscriberState.UNSUBSCRIBED
    return page(site, "private_feeds", feeds=shown, is_unsubscribed=is_unsubscribed, **signed_in(site, subscriber))


@router.post("/manage/feeds", dependencies=FROM_OWN_PAGES)
def renew_feeds(site: SiteDependency, subscriber: SignedIn) -> Response:
    """Make private feeds, or give them new URLs."""
    renew_private_feed(site.engine, subscriber.id, site.clock())
    return RedirectResponse(f"{site.root}/manage/feeds", HTTPStatus.SEE_OTHER)


@router.post("/manage/feeds/remove", dependencies=FROM_OWN_PAGES)
def remove_feeds(site: SiteDependency, subscriber: SignedIn) -> Response:
    """Remove the private feeds, so that their URLs stop working."""
    remove_private_feed(site.engine, subscriber.id)
    return RedirectResponse(f"{site.root}/manage/feeds", HTTPStatus.SEE_OTHER)


@router.api_route("/manage/feeds.opml", methods=["GET", "HEAD"])
def list_private_feeds(site: SiteDependency, subscriber: SignedIn) -> Response:
    """Return the private feeds as OPML, for a feed reader to import."""
    own = _private_feeds(site, subscriber)
    if not own:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    named = {"Content-Disposition": 'attachment; filename="my-feeds.opml"'}
    content = feeds.opml(own, publisher_of(site.config))
    return Response(content, media_type=feeds.MEDIA_TYPES["opml"], headers=named)


def _existing_feeds(site: Site) -> Iterator[tuple[str, str, str]]:
    """Yield the slug, the title and the description of each feed that exists."""
    known = [(slug, RESERVED[slug], description) for slug, description in RESERVED_FEEDS.items()]
    known += [(slug, topic.title, topic.description) for slug, topic in site.catalogue.topics.items()]
    yield from (each for each in known if site.feed_files.get(f"{each[0]}.atom"))


def _private_feeds(site: Site, subscriber: Subscriber) -> list[Feed]:
    """Return the private feeds of a subscriber; empty if there are none, or if they have ended."""
    grant = private_feeds_grant(site.engine, subscriber.id)
    if grant is None or site.key is None or subscriber.state is SubscriberState.UNSUBSCRIBED:
        return []
    signed_id = sign(site.key, grant)
    with_feed = [each for each in subscriber.subscriptions if each.topic != FOR_YOU]
    return [private_feed(signed_id), *[private_feed(signed_id, each) for each in with_feed]]
