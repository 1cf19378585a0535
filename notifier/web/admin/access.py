"""What all pages of administrators share: who may see them, their frame, and the log of what is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier.curation import is_admin
from notifier.models import AdminEntry, Subscriber
from notifier.operations import logged
from notifier.operations.admin_log import DONE
from notifier.subscribers import was_asked_for
from notifier.web.forms import is_id
from notifier.web.sessions import SessionToken, Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

PER_PAGE = 50

T = TypeVar("T")


class ForwardableSessionError(Exception):
    """A request of an administrator whose session was opened by the link in a digest.

    Digests are forwarded, and their links work again and again. So such a session does not open these pages.
    """

    def __init__(self, email: str) -> None:
        self.email = email


def admin(site: SiteDependency, visitor: Visitor, token: SessionToken) -> Subscriber:
    """Return the administrator who is signed in. For everybody else, the page does not exist.

    Raises ForwardableSessionError if the session was opened by the link in a digest.
    """
    if visitor is None or not is_admin(site.config, visitor):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if not was_asked_for(site.engine, token):
        raise ForwardableSessionError(visitor.email)
    return visitor


def ask_to_sign_in(request: Request, error: Exception) -> Response:
    """Return the page on which an administrator asks for a link for signing in."""
    assert isinstance(error, ForwardableSessionError)
    site: Site = request.app.state.site
    values = {"is_signed_in": True, "can_administer": True, "email": error.email}
    return page(site, "admin/sign_in", HTTPStatus.FORBIDDEN, **values)


Admin = Annotated[Subscriber, Depends(admin)]


def admin_page(  # noqa: PLR0913 - what the frame of each page shows
    site: Site, who: Subscriber, name: str, values: Mapping[str, object], *, done: str = "", error: str = ""
) -> HTMLResponse:
    """Render a template in `web/admin/`; `done` says what was done, and `error` why nothing was changed."""
    status = HTTPStatus.CONFLICT if error else HTTPStatus.OK
    return page(site, f"admin/{name}", status, **{**signed_in(site, who), "done": done, "error": error, **values})


def to_admin_page(site: Site, path: str, done: str) -> RedirectResponse:
    """Redirect to a page of administrators after a change; the page says what the key `done` means there."""
    return RedirectResponse(f"{site.root}/admin/{path}?done={done}", HTTPStatus.SEE_OTHER)


def row_id(text: str) -> int:
    """Return the id in a path. Raises HTTPException with 404 if the text is none."""
    if not is_id(text):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return int(text)


@contextmanager
def not_found_as(missing: type[Exception]) -> Iterator[None]:
    """Turn an exception, which says that there is no such thing, into an HTTPException with 404."""
    try:
        yield
    except missing:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None


def record(  # noqa: PLR0913 - what an entry of the log says
    site: Site,
    who: Subscriber,
    action: str,
    subject: str,
    change: Callable[[], T],
    *,
    details: str = "",
    describe: Callable[[T], str] = lambda _: DONE,
) -> T:
    """Make a change, and log who made it, when, and how it ended. A change that raises UsageError is not logged."""
    entry = AdminEntry(at=site.clock(), actor=who.email, action=action, subject=subject, details=details)
    return logged(site.engine, entry, change, describe)
