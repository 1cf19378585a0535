"""The cookie of a session, and the subscriber whose session a request belongs to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response

from notifier.models import Subscriber
from notifier.subscribers import SESSION_LIFETIME, subscriber_of_session
from notifier.web.site import Site, SiteDependency

# Browsers take a cookie with the prefix `__Secure-` or `__Host-` only over https. A cookie with `__Host-` must also be
# for all paths of one host; then no other host can set it (RFC 6265bis, section 4.1.3).
PLAIN_NAME = "session"
SECURE_NAME = "__Secure-session"
HOST_NAME = "__Host-session"


class NotSignedInError(Exception):
    """A request without a session for a page that needs one. The response redirects to the page for signing in."""


def open_session(site: Site, response: Response, token: str) -> None:
    """Let the browser keep the secret of a session."""
    response.set_cookie(
        _name(site),
        token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path=_path(site),
        secure=_is_secure(site),
        httponly=True,
        samesite="lax",
    )


def clear_session(site: Site, response: Response) -> None:
    """Let the browser delete the secret of its session."""
    response.delete_cookie(_name(site), path=_path(site), secure=_is_secure(site), httponly=True, samesite="lax")


def session_token(site: SiteDependency, request: Request) -> str:
    """Return the secret that the browser sent; empty if it sent none."""
    return request.cookies.get(_name(site), "")


SessionToken = Annotated[str, Depends(session_token)]


def visitor(site: SiteDependency, token: SessionToken) -> Subscriber | None:
    """Return the subscriber who is signed in; None if nobody is."""
    return subscriber_of_session(site.engine, token, site.clock()) if token else None


Visitor = Annotated[Subscriber | None, Depends(visitor)]


def signed_in_subscriber(found: Visitor) -> Subscriber:
    """Return the subscriber who is signed in. Raises NotSignedInError if nobody is."""
    if found is None:
        raise NotSignedInError
    return found


SignedIn = Annotated[Subscriber, Depends(signed_in_subscriber)]


def _is_secure(site: Site) -> bool:
    return site.origin.startswith("https://")


def _name(site: Site) -> str:
    if not _is_secure(site):
        return PLAIN_NAME
    return SECURE_NAME if site.root else HOST_NAME


def _path(site: Site) -> str:
    return site.root or "/"
