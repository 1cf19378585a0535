"""Guard every page: add security headers, limit request bodies, and check where a form comes from."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notifier.web.site import SiteDependency

AnyResponse = TypeVar("AnyResponse", bound=Response)

MAX_BODY = 64 * 1024  # bytes

# Nothing is cached, because the URL of a page may hold a signed id; a page that may be cached sets the header itself.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


# For pages with a script of our own: a preview, and the time zone of the browser.
WITH_SCRIPTS = "script-src 'self'; connect-src 'self'; "


FRAMED = "framed"  # a value of X-Frame-Options that is used only here; `secure_responses` then removes the header


def scripted(response: AnyResponse) -> AnyResponse:
    """Let a page run the scripts of this site."""
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = policy.replace("style-src", WITH_SCRIPTS + "style-src", 1)
    return response


def framed(response: AnyResponse, origins: Sequence[str]) -> AnyResponse:
    """Let the pages of these origins show a page in a frame."""
    policy = response.headers.get("Content-Security-Policy", SECURITY_HEADERS["Content-Security-Policy"])
    response.headers["Content-Security-Policy"] = policy.replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
    )
    response.headers["X-Frame-Options"] = FRAMED
    return response


def secure_responses(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that every response has the SECURITY_HEADERS."""

    async def secured(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if headers["X-Frame-Options"] == FRAMED:
                    del headers[
                        "X-Frame-Options"
                    ]  # it cannot name origins; browsers that know frame-ancestors do not need it
            await send(message)

        await app(scope, receive, send_secured)

    return secured


def limit_bodies(app: ASGIApp, others: Sequence[str] = ()) -> ASGIApp:
    """Wrap `app` so that it gets no body larger than MAX_BODY.

    Paths that begin with one of `others` are left alone, because the routes there have limits of their own.

    The whole body is read first, because the Content-Length of a request may be missing or wrong.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(tuple(others)):
            await app(scope, receive, send)
            return
        try:
            body = await whole_body(receive)
        except ClientDisconnect:
            return  # the client is gone, and a form that was cut off must not be processed
        if body is None:
            await _too_large(scope, receive, send)
        else:
            await app(scope, _replayed(body, receive), send)

    return limited


async def whole_body(receive: Receive, limit: int = MAX_BODY) -> bytes | None:
    """Read the body of a request; return None as soon as it has more than `limit` bytes.

    Raises ClientDisconnect if the client ends the connection before the end of the body.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    unread: list[Message] = [{"type": "http.request", "body": body}]

    async def replay() -> Message:
        return unread.pop() if unread else await receive()

    return replay


# The connection is closed without waiting for the rest of the body.
_too_large = PlainTextResponse(
    f"The body of this request is larger than {MAX_BODY} bytes, which is the limit.\n",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    headers={"Connection": "close"},
)


def _from_our_own_pages(site: SiteDependency, request: Request) -> None:
    """Refuse a form that a browser submits from the page of another site.

    If Sec-Fetch-Site is sent, it decides, since no page can change it. Browsers that do not send it send Origin. From
    our own pages, they send our origin, because the `<meta name="referrer">` of our pages asks for that. Older pages,
    pages of other sites and sandboxed frames may send `null`, which is refused unless Sec-Fetch-Site is sent and allows
    the form. Mail providers and other programs send neither header, and are let through. A header that comes twice, or
    with a value that no browser sends for our own pages, is refused.
    """
    origins, sites = (request.headers.getlist(name) for name in ("origin", "sec-fetch-site"))
    if sites == ["same-origin"]:
        is_own = len(origins) <= 1  # the pages may also be reached at another name than that of [web] base_url
    else:
        is_own = sites in ([], ["none"]) and origins in ([], [site.origin])
    if not is_own:
        raise HTTPException(HTTPStatus.FORBIDDEN)


# The dependencies of a route that takes a form.
FROM_OWN_PAGES = [Depends(_from_our_own_pages)]
