"""Sign up new subscribers, and change the settings of known ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from notifier import queries
from notifier.config import Config, DigestConfig
from notifier.errors import ConflictError, UsageError
from notifier.models import CHANNEL_PREFIX, Cadence, Subscriber, SubscriberState
from notifier.store import endpoints, erasing, papers, retried, subscribers, subscriptions, writing
from notifier.store.subscriptions import NewSubscription
from notifier.store.topics import catalogue_in_use
from notifier.subscribers import activation, calendars
from notifier.subscribers.stored_queries import update_stored_queries
from notifier.text.addresses import address_key, parse_new_address, parse_recipient
from notifier.text.harmless import without_controls
from notifier.text.words import TEXT_VERSION
from notifier.topics import TRENDING, Catalogue, check_topics

MAX_NAME_LENGTH = 100  # characters

# The label of the topic `trending` if a subscriber got it by default. If they chose it, the label is its own title.
DEFAULT_LABEL = "Trending papers"


@dataclass(frozen=True, slots=True)
class SignUp:
    """The sign-up of somebody, not checked yet.

    A setting that is None stays as it is for a known subscriber; for a new one it is taken from the config.
    `confirmed` says that the subscriber has agreed to get mail. `name` names the only query or topic: an empty name
    removes the name that it has, and None keeps it.
    """

    email: str
    queries: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    cadence: Cadence | None = None
    hour: str | None = None
    timezone: str | None = None
    weekday: str | None = None
    confirmed: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedSignUp:
    """A valid sign-up; `settings` holds the values that it sets in the subscriber's row, by column."""

    email: str
    subscriptions: tuple[NewSubscription, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    confirmed: bool = False


@retried
def subscribe(engine: Engine, config: Config, sign_up: SignUp, now: datetime) -> Subscriber:
    """Sign up a new subscriber, or change a known one, and return the subscriber as stored.

    A known subscriber keeps their subscriptions and gets those of the sign-up too. Raises UsageError or QueryError, and
    changes nothing, if the sign-up is not valid.
    """
    request = check_sign_up(sign_up, catalogue_in_use(engine, config))
    update_stored_queries(engine)
    with writing(engine) as connection:
        check_weekday(connection, request, config.digest)
        check_papers(connection, request.subscriptions)
        sign_up_all(connection, [request], config.digest, now)
        return get_subscriber(connection, request.email)


def get_subscriber(connection: Connection, email: str, *, lock: bool = True) -> Subscriber:
    """Return the subscriber with this address. Raises UsageError if there is none.

    The subscriber is locked until this transaction ends. In a read transaction, `lock` must be false.
    """
    found = subscribers.find(connection, parse_recipient(email), lock=lock)
    if found is None:
        raise UsageError(f"{email} is not a subscriber; `notifier subscribers` lists them")
    return found


def check_sign_up(sign_up: SignUp, catalogue: Catalogue) -> CheckedSignUp:
    """Check the address, queries, topics, name and settings of a sign-up that an operator makes.

    In place of an address, it may name a channel, which has nothing to confirm. Raises UsageError or QueryError if
    something is wrong.
    """
    name = _name(sign_up)
    wanted = [new_query(text, catalogue, name) for text in sign_up.queries]
    wanted += [new_topic(slug, catalogue, name) for slug in sign_up.topics]
    email = parse_recipient(sign_up.email, parse_new_address)
    is_confirmed = sign_up.confirmed or email.startswith(CHANNEL_PREFIX)
    return CheckedSignUp(email, tuple(wanted), check_settings(sign_up), is_confirmed)


def sign_up_all(
    connection: Connection, requests: Sequence[CheckedSignUp], defaults: DigestConfig, now: datetime
) -> int:
    """Store the sign-ups of new and known subscribers, and return how many subscriptions were added.

    No two of the sign-ups may have the same address.
    """
    found = _find_or_add(connection, requests, defaults, now)
    pairs = [
        (request, _apply_settings(connection, found[address_key(request.email)], request.settings))
        for request in requests
    ]
    confirmed = [one for request, one in pairs if request.confirmed and not _stays_as_it_is(one)]
    activation.activate_confirmed(connection, confirmed, now)
    activation.reschedule(connection, [one for request, one in pairs if request.settings], now)
    for request, one in pairs:
        if request.subscriptions:
            _end_default(connection, one)
    wanted = {one.id: request.subscriptions or _default_subscriptions(one) for request, one in pairs}
    return subscriptions.add(connection, wanted, TEXT_VERSION)


def _stays_as_it_is(subscriber: Subscriber) -> bool:
    """Return whether a confirmation changes nothing: a channel, which always counts as confirmed, stays paused."""
    is_paused_channel = subscriber.endpoint_id is not None and subscriber.state is SubscriberState.PAUSED
    return subscriber.state is SubscriberState.ACTIVE or is_paused_channel


def check_weekday(connection: Connection, request: CheckedSignUp, defaults: DigestConfig) -> None:
    """Raise UsageError if a sign-up sets the weekday of a subscriber whose digests are not weekly."""
    if "weekday" not in request.settings:
        return
    known = subscribers.find(connection, request.email)
    cadence = request.settings.get("cadence") or (known.cadence if known else defaults.cadence)
    if cadence is not Cadence.WEEKLY:
        cure = "add `--cadence weekly`, or leave the weekday out"
        raise UsageError(f"a weekday is for weekly digests, but {request.email} gets {cadence} ones; {cure}")


def _name(sign_up: SignUp) -> str | None:
    """Return the name that a sign-up gives to its only query or topic.

    Raises UsageError if the name is too long, or if there is not exactly one query or topic.
    """
    if sign_up.name is None:
        return None
    if len(sign_up.queries) + len(sign_up.topics) != 1:
        raise UsageError("a name belongs to one subscription; give exactly one query or topic with it")
    return parse_name(sign_up.name)


def parse_name(text: str) -> str:
    """Return a subscription's name on one line, without control characters. Raises UsageError if it is too long."""
    name = " ".join(without_controls(text).split())
    if len(name) > MAX_NAME_LENGTH:
        message = f"a name may have at most {MAX_NAME_LENGTH} characters, but this has {len(name):,}; shorten it"
        raise UsageError(message)
    return name


def new_query(text: str, catalogue: Catalogue, name: str | None = None) -> NewSubscription:
    """Return the subscription for a query as it was typed.

    Raises QueryError if the query language refuses it, or if it names a topic that does not exist.
    """
    query = queries.parse(text)
    check_topics(query, catalogue)
    return NewSubscription(text.strip(), canonical=queries.canonical(query), name=name)


def check_papers(connection: Connection, wanted: Iterable[NewSubscription]) -> None:
    """Raise UsageError if the query of one of these subscriptions names a paper that does not exist."""
    likes = [each.canonical for each in wanted if each.canonical and "like:" in each.canonical]
    papers.check_keys(connection, {key for text in likes for key in queries.papers_named(queries.parse(text))})


def new_topic(slug: str, catalogue: Catalogue, name: str | None = None) -> NewSubscription:
    """Return the subscription for a topic. Raises UsageError if there is no topic with this slug."""
    return NewSubscription(catalogue.title(slug), topic=slug, name=name)


def _default_subscriptions(subscriber: Subscriber) -> tuple[NewSubscription, ...]:
    return () if subscriber.subscriptions else (NewSubscription(DEFAULT_LABEL, topic=TRENDING),)


def _end_default(connection: Connection, subscriber: Subscriber) -> None:
    """Remove the subscription that a subscriber got by default, before they get the first one of their own choice."""
    if has_default_only(subscriber):
        subscriptions.remove(connection, subscriber.subscriptions[0])


def has_default_only(subscriber: Subscriber) -> bool:
    """Return whether a subscriber has chosen nothing yet, and so has the topic `trending`."""
    return [(each.topic, each.label) for each in subscriber.subscriptions] == [(TRENDING, DEFAULT_LABEL)]


def check_settings(sign_up: SignUp) -> dict[str, Any]:
    """Return the values that a sign-up sets, by column. Raises UsageError if a value is wrong."""
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


def _find_or_add(
    connection: Connection, requests: Sequence[CheckedSignUp], defaults: DigestConfig, now: datetime
) -> dict[str, Subscriber]:
    """Return the subscribers of these requests, by key (see addresses.address_key); new ones are inserted.

    They are locked until this transaction ends. Raises ConflictError if another process has just inserted one of them.
    The caller may have relied on the address being new, so it has to start again. Raises UsageError if a channel does
    not exist.
    """
    channels = {request.email: require_channel(connection, request.email, lock=True) for request in requests}
    found = subscribers.by_address(connection, [request.email for request in requests], lock=True)
    new = [request for request in requests if address_key(request.email) not in found]
    subscribers.add(connection, [_new_row(request, channels[request.email], defaults, now) for request in new])
    emails = [request.email for request in new]
    erasing.delete_fingerprints(connection, emails)
    added = subscribers.by_address(connection, emails, lock=True)
    if any(one.subscriptions or one.state is not SubscriberState.PENDING for one in added.values()):
        raise ConflictError("another process has signed up the same address at the same moment; try again")
    return found | added


def require_channel(connection: Connection, email: str, *, lock: bool = False) -> int | None:
    """Return the id of the channel that an address names; None if it is that of a person.

    Raises UsageError if there is no such channel. With `lock`, it is not removed before this transaction ends.
    """
    if not email.startswith(CHANNEL_PREFIX):
        return None
    name = email.removeprefix(CHANNEL_PREFIX)
    if found := endpoints.channel(connection, name, lock=lock):
        return found.id
    raise UsageError(f"there is no channel {name}; `notifier channel add {name}` adds it")


def _new_row(request: CheckedSignUp, endpoint_id: int | None, defaults: DigestConfig, now: datetime) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint_id,
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


def _apply_settings(connection: Connection, subscriber: Subscriber, settings: Mapping[str, Any]) -> Subscriber:
    """Return the subscriber with these settings, which are stored if they differ."""
    changed = replace(subscriber, **settings)
    if changed != subscriber:
        subscribers.update_subscriber(connection, subscriber.id, dict(settings))
    return changed
