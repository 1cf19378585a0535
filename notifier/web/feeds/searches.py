"""The feed of any search: `/feeds/search.atom?q=QUERY`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse

from notifier import queries
from notifier.errors import QueryError
from notifier.feeds import FORMATS
from notifier.subscribers import Action, within_limits
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
    """Serve the feed of a query. For a refused query, the response is the reason, which feed readers show."""
    if ending not in FORMATS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    try:
        query = queries.parse(text)
    except QueryError as error:
        return PlainTextResponse(f"{sentence(error.reason)}\n", HTTPStatus.BAD_REQUEST)
    if not within_limits(site.engine, Action.PREVIEW, "", client, site.clock()):
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)
    return response_to(
        request.method,
        request.headers,
        feed_representation(site, search_feed(site, text.strip(), query), ending),
        PUBLIC,
    )
