"""Confirm a sign-up or a change of address, by a page with one button, since link scanners follow links too."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState
from notifier.pipeline import plan_welcomes
from notifier.signing import Grant, LinkPurpose
from notifier.subscribers import OpenRequest, confirm, manage_grant, open_request, sign_in
from notifier.web.background import in_background
from notifier.web.clients import ClientAddress
from notifier.web.fields import sentence
from notifier.web.grants import require_grant
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.sessions import Visitor, open_session
from notifier.web.site import Site, SiteDependency, page, signed_in
from notifier.web.used_links import AGAIN, send_new_link, used_link
from notifier.web.wording import schedule_in_words

PATH = "/confirm/{signed_id}"
PURPOSES = (LinkPurpose.CONFIRM, LinkPurpose.ADDRESS_OLD, LinkPurpose.ADDRESS_NEW)

router = APIRouter()

ConfirmGrant = Annotated[Grant, Depends(require_grant(PURPOSES))]


@router.api_route(PATH, methods=["GET", "HEAD"])
def ask(site: SiteDependency, grant: ConfirmGrant, visitor: Visitor) -> HTMLResponse:
    """Show what the link confirms, and a button."""
    waiting_request = open_request(site.engine, site.config, grant, site.clock())
    if waiting_request is None:
        return used_link(site, grant, visitor)
    if grant.purpose is LinkPurpose.CONFIRM:
        return page(site, "confirm", waiting_request=waiting_request, schedule=_schedule(waiting_request))
    return page(
        site, "confirm_address", waiting_request=waiting_request, is_old=grant.purpose is LinkPurpose.ADDRESS_OLD
    )


@router.post(PATH, dependencies=FROM_OWN_PAGES)
def confirm_request(site: SiteDependency, grant: ConfirmGrant, visitor: Visitor) -> HTMLResponse:
    """Confirm, and say what happens next. A welcome mail is queued after the response to a sign-up."""
    now = site.clock()
    waiting_request = open_request(site.engine, site.config, grant, now)
    try:
        subscriber = confirm(site.engine, site.config, grant, now)
    except UsageError as error:
        return page(site, "nothing_changed", HTTPStatus.CONFLICT, reason=sentence(error))
    if subscriber is None or waiting_request is None:
        return used_link(site, grant, visitor)
    if grant.purpose is LinkPurpose.CONFIRM:
        return _sign_in_and_welcome(site, subscriber, is_addition=waiting_request.is_addition)
    is_done = (
        subscriber.email != waiting_request.email
        if grant.purpose is LinkPurpose.ADDRESS_OLD
        else subscriber.email == waiting_request.email
    )
    return page(site, "address_confirmed", subscriber=subscriber, is_done=is_done)


@router.post(PATH + AGAIN, dependencies=FROM_OWN_PAGES)
def send_again(site: SiteDependency, grant: ConfirmGrant, client: ClientAddress) -> HTMLResponse:
    """Send a new mail in place of one whose link was used or has expired."""
    return send_new_link(site, grant, client)


def _sign_in_and_welcome(site: Site, subscriber: Subscriber, *, is_addition: bool) -> HTMLResponse:
    """Return the page after a confirmed sign-up, and open a session, because the link was mailed to the subscriber."""
    response = page(
        site,
        "confirmed",
        subscriber=subscriber,
        is_addition=is_addition,
        is_active=subscriber.state is SubscriberState.ACTIVE,
        schedule=schedule_in_words(subscriber.cadence, subscriber.hour, subscriber.timezone, subscriber.weekday),
        **signed_in(site, subscriber),
    )
    token = sign_in(site.engine, manage_grant(subscriber, site.clock()), site.clock())
    if token:
        open_session(site, response, token)
    return in_background(response, plan_welcomes, site.engine, site.config, site.clock())


def _schedule(waiting_request: OpenRequest) -> str:
    return schedule_in_words(
        waiting_request.cadence, waiting_request.hour, waiting_request.timezone, waiting_request.weekday
    )
