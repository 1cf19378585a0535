"""The feed of any search: `/feeds/search.atom?q=QUERY`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse

from notifier import queries
from notifier.errors import QueryError, UsageError
from notifier.feeds import FORMATS
from notifier.store import curation, papers, reading, votes
from notifier.subscribers import Action, within_limits
from notifier.topics import check_topics
from notifier.web.clients import ClientAddress
from notifier.web.feeds.on_request import feed_representation, search_feed
from notifier.web.feeds.representation import PUBLIC, response_to
from notifier.web.fields import sentence
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/feeds/search.{ending}", methods=["GET", "HEAD"])
def search(
    site: SiteDependency,
    request: Request,
    client: ClientAddress,
    ending: str,
    text: Annotated[str, Query(alias="q")] = "",
) -> Response:
    """Serve the feed of a query. For a refused query, the response is the reason, which feed readers show.

    A request for a feed that is cached does not count towards the limit of searches.
    """
    if ending not in FORMATS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    try:
        query = queries.parse(text)
        check_topics(query, site.catalogue)
        with reading(site.engine) as connection:
            papers.check_keys(connection, queries.papers_named(query))
    except QueryError as error:
        return PlainTextResponse(f"{sentence(error.reason)}\n", HTTPStatus.BAD_REQUEST)
    except UsageError as error:
        return PlainTextResponse(f"{sentence(error)}\n", HTTPStatus.BAD_REQUEST)
    now = site.clock()
    with reading(site.engine) as connection:
        state = curation.papers_state(connection)
        votes_state = votes.state(connection) if queries.votes_named(query) else 0
    name = ("search", text.strip(), ending, votes_state)
    found = site.made_feeds.get(name, state, now)
    if found is None:
        if not within_limits(site.engine, Action.PREVIEW, "", client, now):
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)
        found = feed_representation(site, search_feed(site, text.strip(), query), ending)
        site.made_feeds.keep(name, state, now, found)
    return response_to(request.method, request.headers, found, PUBLIC)
