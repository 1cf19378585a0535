"""The page about a link that was used or has expired, with one button that requests a mail with a new link."""

from __future__ import annotations

from http import HTTPStatus

from fastapi.responses import HTMLResponse

from notifier.models import Subscriber
from notifier.signing import PATHS, Grant, LinkPurpose, sign
from notifier.subscribers import Action, ended_link, request_new_link, within_limits
from notifier.web.background import in_background
from notifier.web.site import Site, page, signed_in
from notifier.web.wording import mask_address

AGAIN = "/again"  # the path of a link with this ending asks for a new link


def used_link(site: Site, grant: Grant, visitor: Subscriber | None) -> HTMLResponse:
    """Show that a link is no longer valid, and offer to mail a new one to the same address.

    A visitor who is signed in gets a link to their settings instead.
    """
    ended = ended_link(site.engine, grant)
    return page(
        site,
        "used_link",
        HTTPStatus.GONE,
        recipient=mask_address(ended.recipient) if ended else "",
        is_confirmed=bool(ended and ended.is_getting_mail and grant.purpose is LinkPurpose.CONFIRM),
        is_of_digest=grant.purpose is LinkPurpose.MANAGE,
        again=f"{site.root}{PATHS[grant.purpose]}{sign(site.key or b'', grant)}{AGAIN}",
        **signed_in(site, visitor),
    )


def send_new_link(site: Site, grant: Grant, client: str | None) -> HTMLResponse:
    """Queue a mail with a new link after the response."""
    ended = ended_link(site.engine, grant)
    if ended is None:
        return used_link(site, grant, None)
    now = site.clock()
    action = Action.SIGN_UP if ended.sign_up else Action.SIGN_IN
    if not within_limits(site.engine, action, ended.recipient, client, now):
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS)
    response = page(site, "new_link_sent", recipient=mask_address(ended.recipient))
    return in_background(response, request_new_link, site.engine, site.config, ended, now)
