"""Open and confirm requests by their links. Opening changes nothing; a request can be confirmed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.errors import ConflictError
from notifier.models import Cadence, RequestKind, Subscriber, SubscriberState, Subscription
from notifier.queries import readable
from notifier.signing import Grant, LinkPurpose
from notifier.store import reading, requests, retried, subscribers, subscriptions, topics, writing
from notifier.store.requests import NewRequest, Request
from notifier.store.subscriptions import NewSubscription
from notifier.store.topics import catalogue_in_use
from notifier.subscribers.address_changes import confirm_address
from notifier.subscribers.requesting import SIGN_UP_LIFETIME, is_getting_mail, still_valid, stored_sign_up
from notifier.subscribers.signing_in import opens_session
from notifier.subscribers.subscribing import CheckedSignUp, get_subscriber, sign_up_all
from notifier.topics import RESERVED, TRENDING

REQUEST_KINDS = {
    LinkPurpose.CONFIRM: RequestKind.SIGN_UP,
    LinkPurpose.SIGN_IN: RequestKind.SIGN_IN,
    LinkPurpose.ADDRESS_OLD: RequestKind.ADDRESS_CHANGE,
    LinkPurpose.ADDRESS_NEW: RequestKind.ADDRESS_CHANGE,
}
ADDRESS_PURPOSES = (LinkPurpose.ADDRESS_OLD, LinkPurpose.ADDRESS_NEW)


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """The effect of a link if it were confirmed now.

    `subscriptions` are those that a sign-up asks for, with the id 0, or those that the subscriber has. With
    `is_addition`, only the subscriptions of the sign-up are added, and its settings do not count. `state` is that of
    the subscriber with this address, or None if there is none. `new_email` is the address that a subscriber wants to
    change to; only the link in the mail to the old address shows it.
    """

    purpose: LinkPurpose
    email: str
    subscriptions: tuple[Subscription, ...]
    cadence: Cadence
    hour: str
    timezone: str
    weekday: int
    is_addition: bool = False
    state: SubscriberState | None = None
    new_email: str = ""


def open_request(engine: Engine, config: Config, grant: Grant, now: datetime) -> OpenRequest | None:
    """Return what a link would do, without doing it; None if it was used, has expired, or its subscriber is gone."""
    with reading(engine) as connection:
        if grant.purpose is LinkPurpose.MANAGE:
            found = subscribers.by_ids(connection, [grant.row_id]).get(grant.row_id)
            return _of_subscriber(grant.purpose, found) if found and opens_session(grant, found) else None
        request = _request_of(connection, grant, now)
        if request is None:
            return None
        if grant.purpose is LinkPurpose.CONFIRM:
            return _of_sign_up(connection, config, request)
        person = subscribers.by_ids(connection, [request.subscriber_id or 0]).get(request.subscriber_id or 0)
    if person is None:
        return None
    if grant.purpose not in ADDRESS_PURPOSES:
        return _of_subscriber(grant.purpose, person)
    return _of_address_change(grant.purpose, person, request)


def confirm(engine: Engine, config: Config, grant: Grant, now: datetime) -> Subscriber | None:
    """Confirm a sign-up or a change of address by its link, and return the subscriber as stored.

    Returns None if the link was used, has expired, or its subscriber is gone. A sign-up of somebody who gets no mail
    starts their digests, and lets `plan_welcomes` plan a welcome mail. For somebody who gets mail already, it only adds
    subscriptions. Raises UsageError if the new address has become another subscriber's.
    """
    if grant.purpose in ADDRESS_PURPOSES:
        return confirm_address(engine, grant, now)
    return _confirm_sign_up(engine, config, grant, now) if grant.purpose is LinkPurpose.CONFIRM else None


@retried
def _confirm_sign_up(engine: Engine, config: Config, grant: Grant, now: datetime) -> Subscriber | None:
    with reading(engine) as connection:
        seen = _request_of(connection, grant, now)
    if seen is None:
        return None
    checked = still_valid(stored_sign_up(seen.payload), catalogue_in_use(engine, config))
    with writing(engine) as connection:
        request = requests.get(connection, grant.row_id, now, lock=True)
        if request is None:
            return None
        if request.payload != seen.payload:
            raise ConflictError("the sign-up was changed at the same moment; try again")
        requests.remove(connection, request.id)
        return _apply(connection, config, checked, now)


def _apply(connection: Connection, config: Config, checked: CheckedSignUp, now: datetime) -> Subscriber:
    known = subscribers.find(connection, checked.email, lock=True)
    if is_getting_mail(known):
        sign_up_all(connection, [replace(checked, settings={}, confirmed=False)], config.digest, now)
        return get_subscriber(connection, checked.email)
    if known and known.state is SubscriberState.UNSUBSCRIBED and checked.subscriptions:
        _remove_others(connection, known, checked)
    sign_up_all(connection, [replace(checked, confirmed=True)], config.digest, now)
    subscriber = get_subscriber(connection, checked.email)
    _ask_for_welcome(connection, subscriber, now)
    return subscriber


def _remove_others(connection: Connection, known: Subscriber, checked: CheckedSignUp) -> None:
    """Remove the subscriptions that somebody had before they left, so that only those of the new sign-up count."""
    asked = {(each.canonical, each.topic) for each in checked.subscriptions}
    for each in known.subscriptions:
        if (each.canonical, each.topic) not in asked:
            subscriptions.remove(connection, each)


def _ask_for_welcome(connection: Connection, subscriber: Subscriber, now: datetime) -> None:
    """Let `plan_welcomes` plan a welcome mail, unless the request has expired by then."""
    new = NewRequest(RequestKind.WELCOME, subscriber.email, SIGN_UP_LIFETIME, {}, subscriber.id)
    requests.replace_request(connection, new, now)


def _request_of(connection: Connection, grant: Grant, now: datetime) -> Request | None:
    request = requests.get(connection, grant.row_id, now)
    return request if request and request.kind is REQUEST_KINDS.get(grant.purpose) else None


def _of_sign_up(connection: Connection, config: Config, request: Request) -> OpenRequest:
    sign_up = stored_sign_up(request.payload)
    checked = still_valid(sign_up, topics.catalogue(connection, config))
    known = subscribers.find(connection, checked.email)
    stored = {name: getattr(known, name) for name in ("cadence", "hour", "timezone", "weekday")} if known else {}
    defaults = {"cadence": config.digest.cadence, "hour": config.digest.hour, "timezone": config.digest.timezone}
    is_addition = is_getting_mail(known)
    return OpenRequest(
        purpose=LinkPurpose.CONFIRM,
        email=known.email if known else checked.email,
        subscriptions=tuple(map(_as_subscription, checked.subscriptions)) or _default(known),
        **{"weekday": 0, **defaults, **stored, **({} if is_addition else checked.settings)},
        is_addition=is_addition,
        state=known.state if known else None,
    )


def _as_subscription(new: NewSubscription) -> Subscription:
    label = new.name or (new.label if new.topic else readable(new.label))
    return Subscription(0, label, None, new.canonical, new.topic, None if new.topic else new.label, new.name)


def _default(known: Subscriber | None) -> tuple[Subscription, ...]:
    """Return the subscription of somebody who chose neither a query nor a topic."""
    if known and known.subscriptions:
        return known.subscriptions
    return (Subscription(0, RESERVED[TRENDING], topic=TRENDING),)


def _of_subscriber(purpose: LinkPurpose, subscriber: Subscriber) -> OpenRequest:
    return OpenRequest(
        purpose=purpose,
        email=subscriber.email,
        subscriptions=subscriber.subscriptions,
        cadence=subscriber.cadence,
        hour=subscriber.hour,
        timezone=subscriber.timezone,
        weekday=subscriber.weekday,
        state=subscriber.state,
    )


def _of_address_change(purpose: LinkPurpose, subscriber: Subscriber, request: Request) -> OpenRequest | None:
    """Return what one of the two links of a change of address would do; None if it was used already.

    The link in the mail to the new address shows nothing about the subscriber, because anybody may have that mailbox.
    """
    if purpose in request.payload["confirmed"]:
        return None
    shown, new_email = _of_subscriber(purpose, subscriber), request.payload["new_email"]
    if purpose is LinkPurpose.ADDRESS_OLD:
        return replace(shown, new_email=new_email)
    return replace(shown, email=new_email, subscriptions=(), state=None)
