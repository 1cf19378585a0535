"""Show past digests on the web, with every paper and its abstract, also those that the mail left out.

A subscriber who is signed in sees all of theirs. The link in a mail shows one, to whoever has the mail: the mail may
have been forwarded, so that page has no links to settings and shows only a part of the address.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from notifier.digests.content import whole_content
from notifier.models import Subscriber
from notifier.signing import DIGEST_PATH, Grant, LinkPurpose
from notifier.subscribers import digest_of, past_digests
from notifier.text.harmless import inert
from notifier.web.forms import UrlForm, is_id
from notifier.web.grants import require_grant
from notifier.web.guards import scripted
from notifier.web.reaction_rows import ShownPaper, path_of, reaction_rows
from notifier.web.sessions import SignedIn
from notifier.web.site import Site, SiteDependency, page, signed_in
from notifier.web.wording import mask_address

PER_PAGE = 50

router = APIRouter()


@router.api_route("/digests", methods=["GET", "HEAD"])
def list_digests(site: SiteDependency, subscriber: SignedIn, form: UrlForm) -> HTMLResponse:
    """List the digests of the subscriber who is signed in, the newest first."""
    before = form.one("before")
    found = past_digests(site.engine, subscriber.id, PER_PAGE + 1, int(before) if is_id(before) else None)
    shown = found[:PER_PAGE]
    older = shown[-1].id if len(found) > PER_PAGE else None
    return page(site, "digests", digests=shown, older=older, zone=subscriber.timezone, **signed_in(site, subscriber))


@router.api_route("/digests/{digest_id}", methods=["GET", "HEAD"])
def show_digest(site: SiteDependency, request: Request, subscriber: SignedIn, digest_id: str) -> HTMLResponse:
    """Show a digest of the subscriber who is signed in."""
    found = digest_of(site.engine, int(digest_id)) if is_id(digest_id) else None
    if found is None or found.digest.subscriber_id != subscriber.id:
        return _no_digest(site, subscriber)
    content = whole_content(found.digest, found.papers, site.mail)
    shown = [ShownPaper(each.id, each.key, inert(each.title)) for each in found.papers.values()]
    reactions = reaction_rows(site, subscriber, shown, path_of(request))
    response = page(site, "digest", content=content, reactions=reactions, **signed_in(site, subscriber))
    return scripted(response) if reactions else response


@router.api_route(DIGEST_PATH + "{signed_id}", methods=["GET", "HEAD"])
def show_web_copy(
    site: SiteDependency, grant: Annotated[Grant, Depends(require_grant([LinkPurpose.DIGEST]))]
) -> HTMLResponse:
    """Show the digest whose mail has this link, without a session, as long as its row exists."""
    found = digest_of(site.engine, grant.row_id)
    if found is None:
        return _no_digest(site, None)
    content = whole_content(found.digest, found.papers, site.mail)
    response = page(site, "digest", content=content, reactions={}, recipient=mask_address(found.digest.recipient))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _no_digest(site: Site, visitor: Subscriber | None) -> HTMLResponse:
    """Return the page in place of a digest that was removed; it does not tell whether the digest is somebody else's."""
    days = site.config.keep.deliveries
    return page(site, "no_digest", HTTPStatus.NOT_FOUND, days=days, **signed_in(site, visitor))
