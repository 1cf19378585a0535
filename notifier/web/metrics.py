"""The metrics for Prometheus, which are not for the public: their route checks who asks."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address

from fastapi import APIRouter, HTTPException, Request, Response

from notifier.web.site import SiteDependency

# A proxy sets one of these for a request that it passes on.
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
TEXT = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter()


@router.api_route("/metrics", methods=["GET", "HEAD"])
def metrics(site: SiteDependency, request: Request) -> Response:
    """Return the metrics to whoever has the token; without a token in the config, only to a client on this machine.

    Requests that a proxy passes on come from this machine too, and may have no header that shows it. So if the pages
    have a public address, there are no metrics without a token.
    """
    read: Callable[[], bytes] = request.app.state.metrics
    token: str | None = request.app.state.metrics_token
    if token is None and not _is_local(site.config.web.is_public, request):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if token is not None and not _has_token(request, token):
        raise HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return Response(read(), media_type=TEXT)


def _is_local(is_public: bool, request: Request) -> bool:
    peer = request.client.host if request.client else ""
    return not is_public and _is_loopback(peer) and not any(name in request.headers for name in FORWARDED)


def _is_loopback(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _has_token(request: Request, token: str) -> bool:
    given = request.headers.getlist("authorization")
    return len(given) == 1 and hmac.compare_digest(given[0].encode(), f"Bearer {token}".encode())
