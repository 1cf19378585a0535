"""Private feeds: `/feeds/private/SIGNED_ID.atom` for all subscriptions, `/feeds/private/SIGNED_ID/17.atom` for one."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse

from notifier.feeds import FORMATS, Feed
from notifier.models import Subscription
from notifier.signing import PRIVATE_FEED_PATH, LinkPurpose, verify
from notifier.store import curation, reading, votes
from notifier.subscribers import subscriber_of_private_feed
from notifier.topics import TRENDING
from notifier.web.feeds.on_request import entries_for, feed_representation, private_feed
from notifier.web.feeds.representation import PRIVATE, Representation, response_to
from notifier.web.site import Site, SiteDependency

router = APIRouter()


@router.api_route(PRIVATE_FEED_PATH + "{signed_id}.{ending}", methods=["GET", "HEAD"])
def feed_of_all(site: SiteDependency, request: Request, signed_id: str, ending: str) -> Response:
    """Serve the papers of all subscriptions of one subscriber."""
    return _feed(site, request, signed_id, None, ending)


@router.api_route(PRIVATE_FEED_PATH + "{signed_id}/{subscription_id}.{ending}", methods=["GET", "HEAD"])
def feed_of_one(site: SiteDependency, request: Request, signed_id: str, subscription_id: str, ending: str) -> Response:
    """Serve the papers of one subscription."""
    return _feed(site, request, signed_id, subscription_id, ending)


def _feed(site: Site, request: Request, signed_id: str, subscription_id: str | None, ending: str) -> Response:
    """Serve a private feed, or return 410 if it has ended, so that feed readers stop asking for it.

    A wrong URL is refused before the store is read, so it reveals nothing.
    """
    grant = verify(site.key, signed_id) if site.key and ending in FORMATS else None
    if grant is None or grant.purpose is not LinkPurpose.FEED:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    subscriber = subscriber_of_private_feed(site.engine, grant)
    if subscriber is None:
        return _gone_response()
    if subscription_id is None:
        feed, shown = private_feed(signed_id), subscriber.subscriptions
    else:
        shown = tuple(each for each in subscriber.subscriptions if str(each.id) == subscription_id)
        if not shown:
            return _gone_response()
        feed = private_feed(signed_id, shown[0])
    return response_to(request.method, request.headers, _content(site, feed, shown, ending), PRIVATE)


def _content(site: Site, feed: Feed, shown: tuple[Subscription, ...], ending: str) -> Representation:
    """Return the content of this feed, which has no entries yet, for these subscriptions."""
    now = site.clock()
    with reading(site.engine) as connection:
        state = curation.papers_state(connection)
        votes_state = votes.state(connection) if any(map(_follows_votes, shown)) else 0
    name = (feed.slug, shown, ending, votes_state)
    found = site.made_feeds.get(name, state, now)
    if found is None:
        found = feed_representation(site, replace(feed, entries=entries_for(site, shown)), ending)
        site.made_feeds.keep(name, state, now, found)
    return found


def _follows_votes(subscription: Subscription) -> bool:
    """Return whether votes may change the papers of a subscription; the tags of topics change at the next planning."""
    return subscription.topic == TRENDING or "votes:" in (subscription.canonical or "")


def _gone_response() -> Response:
    return PlainTextResponse("This feed has ended.\n", HTTPStatus.GONE)
