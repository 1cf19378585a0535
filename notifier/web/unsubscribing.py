"""Unsubscribing: a page with one button, for all mail or for one subscription, and one-click POST (RFC 8058)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse

from notifier.models import Subscriber, SubscriberState
from notifier.signing import UNSUBSCRIBE_PATH, Grant, LinkPurpose, verify
from notifier.store import reading, subscribers
from notifier.subscribers import unsubscribe_from_all, unsubscribe_from_one
from notifier.text.harmless import inert
from notifier.web.guards import from_our_own_pages
from notifier.web.site import Site, SiteDependency, page

PATH = UNSUBSCRIBE_PATH + "{signed_id}"
PURPOSES = (LinkPurpose.UNSUBSCRIBE_ALL, LinkPurpose.UNSUBSCRIBE_ONE)

router = APIRouter()


def _grant(site: SiteDependency, signed_id: str) -> Grant:
    """Return what a link allows. A wrong link is refused before the store is read, so the answer reveals nothing."""
    grant = verify(site.key, signed_id) if site.key else None
    if grant is None or grant.purpose not in PURPOSES:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return grant


GrantDependency = Annotated[Grant, Depends(_grant)]


@router.api_route(PATH, methods=["GET", "HEAD"])
def ask(site: SiteDependency, grant: GrantDependency) -> HTMLResponse:
    """Show what unsubscribing means, and a button. Nothing changes yet, because link scanners follow links too."""
    subscriber = _subscriber_of(site, grant)
    if subscriber is None or subscriber.state is SubscriberState.UNSUBSCRIBED:
        return _unsubscribed_page(site, grant, subscriber)
    label, others = _subscription(grant, subscriber)
    return page(site, "unsubscribe", address=_masked(subscriber.email), label=label, others=others)


@router.post(PATH, dependencies=[Depends(from_our_own_pages)])
def unsubscribe(site: SiteDependency, grant: GrantDependency) -> HTMLResponse:
    """Unsubscribe; a repeated request, or a request for a row that is gone, gets the same answer.

    A mail provider's one-click request and our own form are handled alike (RFC 8058, section 3.1). The body is not
    parsed, so that nobody stays subscribed because of a malformed request.
    """
    end = unsubscribe_from_all if grant.purpose is LinkPurpose.UNSUBSCRIBE_ALL else unsubscribe_from_one
    return _unsubscribed_page(site, grant, end(site.engine, grant.row_id, site.clock()))


def _subscriber_of(site: Site, grant: Grant) -> Subscriber | None:
    """Return the subscriber whom a link is for; None if they, or the one subscription, are gone."""
    with reading(site.engine) as connection:
        if grant.purpose is LinkPurpose.UNSUBSCRIBE_ONE:
            return subscribers.of_subscription(connection, grant.row_id)
        return subscribers.by_ids(connection, [grant.row_id]).get(grant.row_id)


def _unsubscribed_page(site: Site, grant: Grant, before: Subscriber | None) -> HTMLResponse:
    """Render the page for somebody who has unsubscribed; `before` is the subscriber as they were before."""
    label, others = _subscription(grant, before)
    has_others = before is None or (others > 0 and before.state is not SubscriberState.UNSUBSCRIBED)
    if grant.purpose is LinkPurpose.UNSUBSCRIBE_ONE and has_others:
        return page(site, "ended", label=label, others=others)
    return page(site, "unsubscribed")


def _subscription(grant: Grant, subscriber: Subscriber | None) -> tuple[str, int]:
    """Return the label of the subscription that a link is for, and how many others the subscriber has.

    Returns `"", 0` if the link is for all mail, or if the subscriber is gone.
    """
    if subscriber is None or grant.purpose is LinkPurpose.UNSUBSCRIBE_ALL:
        return "", 0
    labels = [each.label for each in subscriber.subscriptions if each.id == grant.row_id]
    return inert(labels[0]), len(subscriber.subscriptions) - 1


def _masked(address: str) -> str:
    """Shorten an address: its owner still recognises it, and someone to whom the mail was forwarded learns little."""
    local, _, domain = address.rpartition("@")
    return f"{local[0]}…@{domain}"
