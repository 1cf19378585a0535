"""Coming and going: what subscribe and unsubscribe do to a subscriber, from the command line or anywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from notifier import queries
from notifier.config import Config, DigestConfig
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.store import erasing, outbox, subscribers, subscriptions, writing
from notifier.store.subscriptions import NewSubscription
from notifier.subscribers import calendars, starting
from notifier.text.addresses import address_key, parse_address
from notifier.text.words import TEXT_VERSION
from notifier.topics import RESERVED, TRENDING, Catalogue, catalogue_of


@dataclass(frozen=True, slots=True)
class SignUp:
    """What somebody asks for. None leaves a known subscriber's setting as it is, and a new one's to the config."""

    email: str
    queries: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    cadence: Cadence | None = None
    hour: str | None = None
    timezone: str | None = None
    weekday: str | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class CheckedSignUp:
    """A sign-up, checked: `settings` holds the columns that it names; `confirmed` says that the reader has agreed."""

    email: str
    wishes: tuple[NewSubscription, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    confirmed: bool = False


def subscribe(engine: Engine, config: Config, sign_up: SignUp, now: datetime) -> Subscriber:
    """Sign somebody up, or add to what a known subscriber asks for; returns the subscriber as it stands then.

    Raises UsageError or QueryError before anything is written.
    """
    request = check(sign_up, catalogue_of(config))
    with writing(engine) as connection:
        sign_up_all(connection, [request], config.digest, now)
        return known(connection, request.email)


def unsubscribe(engine: Engine, email: str, now: datetime) -> Subscriber:
    """Write to this address no more, from the moment that this returns; what waits in the outbox is withdrawn."""
    with writing(engine) as connection:
        leave(connection, known(connection, email), SubscriberState.UNSUBSCRIBED, now)
        return known(connection, email)


def unsubscribe_from_all(engine: Engine, subscriber_id: int, now: datetime) -> Subscriber | None:
    """As `unsubscribe`, by id; returns the subscriber as it was before, None where it is gone."""
    with writing(engine) as connection:
        found = subscribers.again(connection, [subscriber_id]).get(subscriber_id)
        if found:
            leave(connection, found, SubscriberState.UNSUBSCRIBED, now)
        return found


def unsubscribe_from_one(engine: Engine, subscription_id: int, now: datetime) -> Subscriber | None:
    """End one subscription; returns its subscriber as it was before, None where the subscription is gone.

    With the last one a reader leaves altogether; like everyone who does, they find it again if they come back.
    """
    with writing(engine) as connection:
        found = subscribers.asking(connection, subscription_id)
        if found and len(found.subscriptions) > 1:
            subscriptions.remove(connection, next(each for each in found.subscriptions if each.id == subscription_id))
        elif found:
            leave(connection, found, SubscriberState.UNSUBSCRIBED, now)
        return found


def erase(engine: Engine, email: str, now: datetime) -> int:
    """Forget a reader: settings, subscriptions and every message are deleted; returns how many messages.

    A fingerprint of the address stays, so that no import brings it back. A sign-up does, as for anyone new.
    """
    with writing(engine) as connection:
        return erasing.erase(connection, known(connection, email), now)


def known(connection: Connection, email: str) -> Subscriber:
    """The subscriber with this address. Raises UsageError where there is none."""
    found = subscribers.find(connection, parse_address(email))
    if found is None:
        raise UsageError(f"{email} is not a subscriber; `notifier subscribers` lists them")
    return found


def check(sign_up: SignUp, catalogue: Catalogue) -> CheckedSignUp:
    """A sign-up whose address, queries, topics and settings are all right. Raises UsageError or QueryError."""
    wishes = [*map(_query_wish, sign_up.queries), *(_topic_wish(slug, catalogue) for slug in sign_up.topics)]
    return CheckedSignUp(parse_address(sign_up.email), tuple(wishes), _settings(sign_up), sign_up.confirmed)


def sign_up_all(
    connection: Connection, requests: Sequence[CheckedSignUp], defaults: DigestConfig, now: datetime
) -> int:
    """Sign up all of these different readers, known or not; returns how many subscriptions are new."""
    found = _found(connection, requests, defaults, now)
    pairs = [(each, _set(connection, found[address_key(each.email)], each.settings)) for each in requests]
    agreed = [one for request, one in pairs if request.confirmed and one.state is not SubscriberState.ACTIVE]
    starting.confirm(connection, agreed, now)
    starting.reschedule(connection, [one for request, one in pairs if request.settings], now)
    return subscriptions.add(connection, {one.id: each.wishes or _default(one) for each, one in pairs}, TEXT_VERSION)


def leave(connection: Connection, subscriber: Subscriber, state: SubscriberState, now: datetime) -> None:
    """Write to a subscriber no more, for the reason that `state` says; what waits in the outbox is withdrawn."""
    subscribers.update_subscriber(connection, subscriber.id, {"state": state, "next_due": None})
    outbox.cancel_for(connection, subscriber.id, now)


def _query_wish(text: str) -> NewSubscription:
    return NewSubscription(label=text.strip(), canonical=queries.canonical(queries.parse(text)))


def _topic_wish(slug: str, catalogue: Catalogue) -> NewSubscription:
    return NewSubscription(label=catalogue.title(slug), topic=slug)


def _default(subscriber: Subscriber) -> tuple[NewSubscription, ...]:
    return () if subscriber.subscriptions else (NewSubscription(RESERVED[TRENDING], topic=TRENDING),)


def _settings(sign_up: SignUp) -> dict[str, Any]:
    """The columns that a sign-up names, checked."""
    settings: dict[str, Any] = {}
    if sign_up.cadence is not None:
        settings["cadence"] = sign_up.cadence
    if sign_up.hour is not None:
        settings["hour"] = f"{calendars.parse_hour(sign_up.hour):%H:%M}"
    if sign_up.timezone is not None:
        settings["timezone"] = calendars.parse_timezone(sign_up.timezone)
    if sign_up.weekday is not None:
        settings["weekday"] = calendars.parse_weekday(sign_up.weekday)
    return settings


def _found(
    connection: Connection, requests: Sequence[CheckedSignUp], defaults: DigestConfig, now: datetime
) -> dict[str, Subscriber]:
    """The readers of these requests, by addresses.same_reader; who is new has a row from now on."""
    found = subscribers.by_address(connection, [each.email for each in requests])
    new = [each for each in requests if address_key(each.email) not in found]
    subscribers.add(connection, [_row(each, defaults, now) for each in new])
    emails = [each.email for each in new]
    erasing.forget(connection, emails)
    return found | subscribers.by_address(connection, emails)


def _row(request: CheckedSignUp, defaults: DigestConfig, now: datetime) -> dict[str, Any]:
    return {
        "email": request.email,
        "state": SubscriberState.PENDING,
        "cadence": defaults.cadence,
        "hour": defaults.hour,
        "timezone": defaults.timezone,
        "weekday": 0,
        "cursor": 0,
        "created_at": now,
        **request.settings,
    }


def _set(connection: Connection, subscriber: Subscriber, settings: Mapping[str, Any]) -> Subscriber:
    """The subscriber with these settings, which are written down where they differ."""
    changed = replace(subscriber, **settings)
    if changed != subscriber:
        subscribers.update_subscriber(connection, subscriber.id, dict(settings))
    return changed
