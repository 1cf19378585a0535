"""Coming and going: what subscribe and unsubscribe do to a subscriber, from the command line or anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from notifier import calendars, queries
from notifier.addresses import parse_address
from notifier.config import Config, DigestConfig
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.store import outbox, papers, subscribers
from notifier.store.engine import writing
from notifier.text import TEXT_VERSION
from notifier.topics import TRENDING, Catalogue, catalogue_of

# How far back the first digest looks: nobody gets the backlog.
FIRST_LOOK_BACK = {
    Cadence.INSTANT: timedelta(0),
    Cadence.DAILY: timedelta(hours=24),
    Cadence.WEEKDAYS: timedelta(hours=24),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=30),
}


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
class _Wish:
    """One query or topic, checked: its label, and its canonical form or slug."""

    label: str
    canonical: str | None = None
    topic: str | None = None


def subscribe(engine: Engine, config: Config, sign_up: SignUp, now: datetime) -> Subscriber:
    """Sign somebody up, or add to what a known subscriber asks for; returns the subscriber as it stands then.

    Raises UsageError or QueryError before anything is written.
    """
    email = parse_address(sign_up.email)
    catalogue = catalogue_of(config)
    wishes = [*map(_query_wish, sign_up.queries), *(_topic_wish(slug, catalogue) for slug in sign_up.topics)]
    settings = _settings(sign_up)
    with writing(engine) as connection:
        known = subscribers.find(connection, email)
        subscriber_id = known.id if known else _insert(connection, email, config.digest, now)
        if settings:
            subscribers.update_subscriber(connection, subscriber_id, settings)
        for wish in wishes or _default_wishes(known, catalogue):
            _add(connection, subscriber_id, wish)
        if sign_up.confirmed:
            _confirm(connection, _found(connection, email), now)
        elif settings:
            _reschedule(connection, _found(connection, email), now)
        return _found(connection, email)


def unsubscribe(engine: Engine, email: str, now: datetime) -> Subscriber:
    """Write to this address no more, from the moment that this returns; what waits in the outbox is withdrawn."""
    with writing(engine) as connection:
        known = subscribers.find(connection, parse_address(email))
        if known is None:
            raise UsageError(f"{email} is not a subscriber; `notifier subscribers` lists them")
        left = {"state": SubscriberState.UNSUBSCRIBED, "next_due": None}
        subscribers.update_subscriber(connection, known.id, left)
        outbox.cancel_for(connection, known.id, now)
        return _found(connection, known.email)


def _query_wish(text: str) -> _Wish:
    return _Wish(label=text.strip(), canonical=queries.canonical(queries.parse(text)))


def _topic_wish(slug: str, catalogue: Catalogue) -> _Wish:
    return _Wish(label=catalogue.title(slug), topic=slug)


def _default_wishes(known: Subscriber | None, catalogue: Catalogue) -> Sequence[_Wish]:
    return [] if known and known.subscriptions else [_topic_wish(TRENDING, catalogue)]


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


def _insert(connection: Connection, email: str, defaults: DigestConfig, now: datetime) -> int:
    values = {
        "email": email,
        "state": SubscriberState.PENDING,
        "cadence": defaults.cadence,
        "hour": defaults.hour,
        "timezone": defaults.timezone,
        "weekday": 0,
        "cursor": papers.head(connection),
        "created_at": now,
    }
    return subscribers.insert_subscriber(connection, values)


def _add(connection: Connection, subscriber_id: int, wish: _Wish) -> None:
    if wish.topic is not None:
        subscribers.add_topic(connection, subscriber_id, wish.topic, wish.label)
    elif wish.canonical is not None:
        subscribers.add_query(connection, subscriber_id, wish.canonical, TEXT_VERSION, wish.label)


def _confirm(connection: Connection, subscriber: Subscriber, now: datetime) -> None:
    """Start, or start again, to write to somebody; one who is written to already goes on as before."""
    if subscriber.state is SubscriberState.ACTIVE:
        _reschedule(connection, subscriber, now)
        return
    look_back = FIRST_LOOK_BACK[subscriber.cadence]
    cursor = papers.cursor_before(connection, now - look_back) if look_back else papers.head(connection)
    started = {"state": SubscriberState.ACTIVE, "confirmed_at": now, "cursor": max(cursor, _told(subscriber))}
    subscribers.update_subscriber(connection, subscriber.id, started)
    _reschedule(connection, _found(connection, subscriber.email), now)


def _told(subscriber: Subscriber) -> int:
    """What a subscriber who comes back was told before is not told again."""
    return subscriber.cursor if subscriber.confirmed_at else 0


def _reschedule(connection: Connection, subscriber: Subscriber, now: datetime) -> None:
    if subscriber.state is SubscriberState.ACTIVE:
        due = calendars.next_due(calendars.schedule_of(subscriber), now, calendars.used_by(subscriber))
        subscribers.update_subscriber(connection, subscriber.id, {"next_due": due})


def _found(connection: Connection, email: str) -> Subscriber:
    found = subscribers.find(connection, email)
    assert found is not None, "the row was written in this transaction"
    return found
