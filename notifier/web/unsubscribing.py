"""The way out: a page with one button, for all mail or for one subscription, and the same by one click (RFC 8058)."""

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

PATH = UNSUBSCRIBE_PATH + "{token}"

router = APIRouter()


def _granted(site: SiteDependency, token: str) -> Grant:
    """What a link allows. A wrong token is refused before the store is asked: it tells nothing of who is in there."""
    grant = verify(site.key, token) if site.key else None
    if grant is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return grant


Granted = Annotated[Grant, Depends(_granted)]


@router.api_route(PATH, methods=["GET", "HEAD"])
def ask(site: SiteDependency, grant: Granted) -> HTMLResponse:
    """What leaving means, and the button; who has left is told so. Nothing is changed: scanners follow links too."""
    subscriber = _holder(site, grant)
    if subscriber is None or subscriber.state is SubscriberState.UNSUBSCRIBED:
        return _left(site, grant, subscriber)
    label, others = _subscription(grant, subscriber)
    return page(site, "unsubscribe", address=_masked(subscriber.email), label=label, others=others)


@router.post(PATH, dependencies=[Depends(from_our_own_pages)])
def leave(site: SiteDependency, grant: Granted) -> HTMLResponse:
    """Leave; asked again, or when the row is gone, the answer is the same: it is done.

    A mail provider's request and our own form's are one and the same (RFC 8058, section 3.1), and whatever else a body
    says, nobody is kept for a matter of form.
    """
    end = unsubscribe_from_all if grant.purpose is LinkPurpose.UNSUBSCRIBE_ALL else unsubscribe_from_one
    return _left(site, grant, end(site.engine, grant.row_id, site.clock()))


def _holder(site: Site, grant: Grant) -> Subscriber | None:
    """The subscriber whom a link is about; None where they, or the one subscription, are gone."""
    with reading(site.engine) as connection:
        if grant.purpose is LinkPurpose.UNSUBSCRIBE_ONE:
            return subscribers.asking(connection, grant.row_id)
        return subscribers.again(connection, [grant.row_id]).get(grant.row_id)


def _left(site: Site, grant: Grant, before: Subscriber | None) -> HTMLResponse:
    """The page for somebody who has left, by what they were before."""
    label, others = _subscription(grant, before)
    has_others = before is None or (others > 0 and before.state is not SubscriberState.UNSUBSCRIBED)
    if grant.purpose is LinkPurpose.UNSUBSCRIBE_ONE and has_others:
        return page(site, "ended", label=label, others=others)
    return page(site, "unsubscribed")


def _subscription(grant: Grant, subscriber: Subscriber | None) -> tuple[str, int]:
    """What the one subscription is called that a link is about, and how many others there are; else nothing."""
    if subscriber is None or grant.purpose is LinkPurpose.UNSUBSCRIBE_ALL:
        return "", 0
    labels = [each.label for each in subscriber.subscriptions if each.id == grant.row_id]
    return inert(labels[0]), len(subscriber.subscriptions) - 1


def _masked(address: str) -> str:
    """Enough of an address for its owner to know it, and too little for whoever is forwarded the mail's link."""
    local, _, domain = address.rpartition("@")
    return f"{local[0]}…@{domain}"
