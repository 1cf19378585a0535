"""Unsubscribe, from all mail or from one subscription: a page with one button, and one-click POST (RFC 8058)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.signing import UNSUBSCRIBE_PATH, Grant, LinkPurpose
from notifier.store import reading, subscribers
from notifier.subscribers import calendars, change_settings, unsubscribe_from_all, unsubscribe_from_one
from notifier.text.harmless import inert
from notifier.web.choices import can_get_fewer_mails
from notifier.web.grants import require_grant
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency, page
from notifier.web.wording import mask_address

PATH = UNSUBSCRIBE_PATH + "{signed_id}"

router = APIRouter()


GrantDependency = Annotated[Grant, Depends(require_grant((LinkPurpose.UNSUBSCRIBE_ALL, LinkPurpose.UNSUBSCRIBE_ONE)))]


@router.api_route(PATH, methods=["GET", "HEAD"])
def ask(site: SiteDependency, grant: GrantDependency, signed_id: str) -> HTMLResponse:
    """Show what unsubscribing does, and a button. Nothing changes yet, because link scanners follow links too."""
    subscriber = _subscriber_of(site, grant)
    if subscriber is None or subscriber.state is SubscriberState.UNSUBSCRIBED:
        return _unsubscribed_page(site, grant, subscriber)
    label, others = _subscription(grant, subscriber)
    values: dict[str, Any] = {"label": label, "others": others, "can_get_fewer_mails": can_get_fewer_mails(subscriber)}
    fewer_path = f"{site.root}{UNSUBSCRIBE_PATH}{signed_id}/fewer"
    return page(site, "unsubscribe", address=mask_address(subscriber.email), fewer_path=fewer_path, **values)


@router.post(PATH, dependencies=FROM_OWN_PAGES)
def unsubscribe(site: SiteDependency, grant: GrantDependency) -> HTMLResponse:
    """Unsubscribe; a repeated request, or a request for a row that is gone, gets the same response.

    A mail provider's one-click request and our own form are handled alike (RFC 8058, section 3.1). The body is not
    parsed, so that nobody stays subscribed because of a malformed request.
    """
    end = unsubscribe_from_all if grant.purpose is LinkPurpose.UNSUBSCRIBE_ALL else unsubscribe_from_one
    return _unsubscribed_page(site, grant, end(site.engine, grant.row_id, site.clock()))


@router.post(f"{PATH}/fewer", dependencies=FROM_OWN_PAGES)
def get_fewer(site: SiteDependency, grant: GrantDependency, signed_id: str) -> HTMLResponse:
    """Change the cadence to weekly. A link that can unsubscribe is trusted to do this too."""
    subscriber = _subscriber_of(site, grant)
    if subscriber is None or not can_get_fewer_mails(subscriber):
        return ask(site, grant, signed_id)
    changed = change_settings(site.engine, subscriber.id, site.clock(), cadence=Cadence.WEEKLY)
    return page(site, "fewer_done", day=calendars.WEEKDAYS[changed.weekday].title(), hour=changed.hour)


def _subscriber_of(site: Site, grant: Grant) -> Subscriber | None:
    """Return the subscriber whom a link is for; None if the subscriber or the subscription does not exist any more."""
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
