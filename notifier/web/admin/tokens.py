"""The access tokens of the API: create, list and revoke them, as `notifier token` does."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

from notifier.errors import UsageError
from notifier.models import Scope, Subscriber
from notifier.operations import create_token, list_tokens, revoke_token
from notifier.web.admin.access import Admin, admin_page, record, row_id, to_admin_page
from notifier.web.fields import sentence
from notifier.web.forms import SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency

DONE = {"revoked": "The token is revoked: no program can use it any more."}

# What each scope allows, in the words of the form.
SCOPES = {
    Scope.READ_PAPERS: "search and list papers and topics, and preview queries",
    Scope.READ_SUBSCRIBERS: "see addresses, settings and subscriptions",
    Scope.WRITE_SUBSCRIBERS: "ask addresses to confirm a sign-up; change and erase subscribers",
    Scope.CONFIRM_SUBSCRIBERS: "with write:subscribers: add people who have agreed already",
    Scope.READ_DELIVERIES: "see what was sent to whom, and the replies",
    Scope.WRITE_DUMPS: "upload dumps of papers",
    Scope.READ_STATUS: "see the status of the service and of its sources",
}

router = APIRouter()


@router.api_route("/admin/tokens", methods=["GET", "HEAD"])
def show_tokens(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """List the tokens, without their secrets."""
    return _page(site, who, done=DONE.get(form.one("done"), ""))


@router.post("/admin/tokens", dependencies=FROM_OWN_PAGES)
def create(site: SiteDependency, who: Admin, form: SubmittedForm) -> HTMLResponse:
    """Create a token, and show its secret: once, because only a hash of it is stored."""
    scopes = [each for each in Scope if each in form.many("scope")]
    name = form.one("name")
    try:
        new = record(
            site,
            who,
            "create",
            "a token",
            lambda: create_token(site.engine, name, scopes, site.clock()),
            details=f"{name}: {' '.join(scopes)}" if name else " ".join(scopes),
            describe=lambda created: f"token {created.id}",
        )
    except UsageError as error:
        return _page(site, who, error=sentence(error))
    return _page(site, who, secret=new.secret, done=f"Token {new.id} is created.")


@router.post("/admin/tokens/{token_id}/revoke", dependencies=FROM_OWN_PAGES)
def revoke(site: SiteDependency, who: Admin, token_id: str) -> Response:
    """Revoke a token."""
    number = row_id(token_id)
    if number not in {each.id for each in list_tokens(site.engine)}:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    record(site, who, "revoke", f"token {number}", lambda: revoke_token(site.engine, number))
    return to_admin_page(site, "tokens", "revoked")


def _page(site: Site, who: Subscriber, *, secret: str = "", done: str = "", error: str = "") -> HTMLResponse:
    values = {"tokens": list_tokens(site.engine), "scopes": SCOPES, "secret": secret}
    return admin_page(site, who, "tokens", values, done=done, error=error)
