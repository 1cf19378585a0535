"""Sign in by a link in a mail, and sign out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier.models import Subscriber, SubscriberState
from notifier.signing import Grant, LinkPurpose
from notifier.subscribers import (
    Action,
    end_session,
    open_request,
    request_sign_in,
    sign_in,
    sign_out_everywhere,
    within_limits,
)
from notifier.web.background import in_background
from notifier.web.clients import ClientAddress
from notifier.web.fields import read_address
from notifier.web.forms import SubmittedForm
from notifier.web.grants import require_grant
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.sessions import SessionToken, Visitor, clear_session, open_session
from notifier.web.site import Site, SiteDependency, page
from notifier.web.used_links import AGAIN, send_new_link, used_link
from notifier.web.wording import mask_address

FORM_PATH = "/sign-in"
LINK_PATH = "/sign-in/{signed_id}"
MANAGE_LINK_PATH = "/manage/{signed_id}"
SIGN_OUT_PATH = "/sign-out"

# What happens to somebody's mail after they have signed out.
STATES = {
    SubscriberState.ACTIVE: "Your digests go on.",
    SubscriberState.PAUSED: "Your digests stay paused.",
    SubscriberState.PENDING: "You get no digests.",
    SubscriberState.UNSUBSCRIBED: "You get no digests.",
    SubscriberState.SUPPRESSED: "You get no digests.",
}

router = APIRouter()

SignInGrant = Annotated[Grant, Depends(require_grant([LinkPurpose.SIGN_IN]))]
ManageGrant = Annotated[Grant, Depends(require_grant([LinkPurpose.MANAGE]))]


@router.api_route(FORM_PATH, methods=["GET", "HEAD"])
def show_form(site: SiteDependency, visitor: Visitor) -> Response:
    """Ask for the address to which a link is sent; redirect somebody who is signed in to their settings."""
    if not site.is_open:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if visitor:
        return to_settings(site)
    return page(site, "sign_in", email="", errors={})


@router.post(FORM_PATH, dependencies=FROM_OWN_PAGES)
def send_link(site: SiteDependency, form: SubmittedForm, client: ClientAddress) -> HTMLResponse:
    """Return the same page for every address, and queue the mail with the link after the response."""
    if not site.is_open:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    email, errors = read_address(form)
    if errors:
        return page(site, "sign_in", HTTPStatus.UNPROCESSABLE_ENTITY, email=email, errors=errors)
    now = site.clock()
    if not within_limits(site.engine, Action.SIGN_IN, email, client, now):
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS)
    response = page(site, "sign_in_sent", email=email)
    return in_background(response, request_sign_in, site.engine, site.config, email, now)


@router.api_route(LINK_PATH, methods=["GET", "HEAD"])
def ask_to_sign_in(site: SiteDependency, grant: SignInGrant, visitor: Visitor) -> HTMLResponse:
    """Show a button, because link scanners follow links too, and this link works only once."""
    return _button(site, grant, visitor)


@router.api_route(MANAGE_LINK_PATH, methods=["GET", "HEAD"])
def ask_to_manage(site: SiteDependency, grant: ManageGrant, visitor: Visitor) -> Response:
    """Show a button, or redirect to the settings if the subscriber of the link is signed in already."""
    if visitor and visitor.id == grant.row_id:
        return to_settings(site)
    return _button(site, grant, visitor)


@router.post(LINK_PATH, dependencies=FROM_OWN_PAGES)
def sign_in_by_mail(site: SiteDependency, grant: SignInGrant, visitor: Visitor) -> Response:
    """Open a session for the subscriber to whom the link was sent."""
    return _sign_in(site, grant, visitor)


@router.post(MANAGE_LINK_PATH, dependencies=FROM_OWN_PAGES)
def sign_in_by_digest(site: SiteDependency, grant: ManageGrant, visitor: Visitor) -> Response:
    """Open a session for the subscriber whose mail has the link."""
    return _sign_in(site, grant, visitor)


@router.post(LINK_PATH + AGAIN, dependencies=FROM_OWN_PAGES)
def send_again(site: SiteDependency, grant: SignInGrant, client: ClientAddress) -> HTMLResponse:
    """Send a new link in place of one that was used or has expired."""
    return send_new_link(site, grant, client)


@router.post(MANAGE_LINK_PATH + AGAIN, dependencies=FROM_OWN_PAGES)
def send_instead(site: SiteDependency, grant: ManageGrant, client: ClientAddress) -> HTMLResponse:
    """Send a new link in place of that in a digest, if the subscriber has signed out everywhere."""
    return send_new_link(site, grant, client)


@router.post(SIGN_OUT_PATH, dependencies=FROM_OWN_PAGES)
def sign_out(site: SiteDependency, form: SubmittedForm, token: SessionToken, visitor: Visitor) -> HTMLResponse:
    """End the session of this browser, or end all sessions and disable the links in mails that open a session."""
    if visitor and form.one("everywhere"):
        sign_out_everywhere(site.engine, visitor.id, site.clock())
    if token:
        end_session(site.engine, token)
    state = STATES[visitor.state] if visitor else ""
    gets_mail = visitor is None or visitor.state in (SubscriberState.ACTIVE, SubscriberState.PAUSED)
    is_everywhere = bool(visitor and form.one("everywhere"))
    response = page(site, "signed_out", is_everywhere=is_everywhere, state=state, gets_mail=gets_mail)
    clear_session(site, response)
    return response


def to_settings(site: Site, done: str = "", place: str = "") -> RedirectResponse:
    """Redirect to the settings, with the name of the change that was made, and the place on the page."""
    query = f"?done={done}" if done else ""
    fragment = f"#{place}" if place else ""
    return RedirectResponse(f"{site.root}/manage{query}{fragment}", HTTPStatus.SEE_OTHER)


def _button(site: Site, grant: Grant, visitor: Subscriber | None) -> HTMLResponse:
    waiting_request = open_request(site.engine, site.config, grant, site.clock())
    if waiting_request is None:
        return used_link(site, grant, visitor)
    return page(site, "sign_in_button", address=mask_address(waiting_request.email))


def _sign_in(site: Site, grant: Grant, visitor: Subscriber | None) -> Response:
    token = sign_in(site.engine, grant, site.clock())
    if token is None:
        return used_link(site, grant, visitor)
    response = to_settings(site)
    open_session(site, response, token)
    return response
