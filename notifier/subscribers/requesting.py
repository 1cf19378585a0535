"""Store the requests of people who are not signed in: to sign up, and to sign in.

The caller sees the same whether the address is known, unknown, suppressed or erased. Only the mail to the address
differs.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.errors import NotifierError, UsageError
from notifier.models import Cadence, NoticeDetails, RequestKind, Subscriber, SubscriberState
from notifier.signing import LinkPurpose
from notifier.store import reading, requests, retried, subscribers, topics, writing
from notifier.store.requests import NewRequest
from notifier.store.subscriptions import NewSubscription
from notifier.store.topics import catalogue_in_use
from notifier.subscribers.notices import check_pages, queue_notice
from notifier.subscribers.stored_queries import update_stored_queries
from notifier.subscribers.subscribing import (
    CheckedSignUp,
    SignUp,
    check_papers,
    check_settings,
    check_sign_up,
    check_weekday,
    get_subscriber,
    new_query,
    new_topic,
    parse_name,
    sign_up_all,
)
from notifier.text.addresses import parse_address, parse_new_address
from notifier.text.counting import counted
from notifier.topics import Catalogue

SIGN_UP_LIFETIME = timedelta(days=7)
SIGN_IN_LIFETIME = timedelta(hours=1)
MAX_SUBSCRIPTIONS = 100  # of one subscriber who signs up by the pages

# How long after a mail no other mail of its kind goes to the same address. Nobody may use this service to fill
# somebody's mailbox, or to try an address again and again that has refused mail.
CONFIRMATION_INTERVAL = timedelta(days=1)
SUPPRESSED_INTERVAL = timedelta(days=7)
SIGN_IN_INTERVAL = timedelta(minutes=2)

GETTING_MAIL = (SubscriberState.ACTIVE, SubscriberState.PAUSED)


def check_request(catalogue: Catalogue, sign_up: SignUp) -> None:
    """Raise UsageError or QueryError if somebody's own sign-up is not valid. Nothing is read from the database."""
    parse_new_address(sign_up.email)
    check_asked(catalogue, sign_up)


def check_asked(catalogue: Catalogue, sign_up: SignUp) -> None:
    """Raise UsageError or QueryError if a sign-up, which an operator may have made for a channel, is not valid."""
    check_sign_up(sign_up, catalogue)
    if len(sign_up.queries) + len(sign_up.topics) > MAX_SUBSCRIPTIONS:
        raise UsageError(f"this asks for more than {MAX_SUBSCRIPTIONS} things at once; choose fewer")


def request_sign_up(engine: Engine, config: Config, sign_up: SignUp, now: datetime) -> None:
    """Store a sign-up until it is confirmed, and queue the mail that asks for this.

    At most one such mail goes to an address in CONFIRMATION_INTERVAL, unless its owner has used the link in between. A
    later sign-up replaces the one that waits, so the link in a mail always confirms what was asked last. Raises
    UsageError, QueryError or ConfigError, whatever the address, if the sign-up is not valid or there are no pages.
    """
    check_pages(config)
    check_request(catalogue_in_use(engine, config), sign_up)
    _store_sign_up(engine, config, sign_up, now)


@retried
def _store_sign_up(engine: Engine, config: Config, sign_up: SignUp, now: datetime) -> None:
    with writing(engine) as connection:
        ask_to_confirm(connection, config, sign_up, now)


def ask_to_confirm(connection: Connection, config: Config, sign_up: SignUp, now: datetime) -> None:
    """Store a valid sign-up until it is confirmed, and queue a mail with the link unless there was one recently."""
    email = parse_new_address(sign_up.email)
    known = subscribers.find(connection, email)
    request = requests.replace_request(
        connection, NewRequest(RequestKind.SIGN_UP, email, SIGN_UP_LIFETIME, asdict(sign_up)), now
    )
    is_suppressed = known is not None and known.state is SubscriberState.SUPPRESSED
    interval = SUPPRESSED_INTERVAL if is_suppressed else CONFIRMATION_INTERVAL
    if not _is_recent(request.mailed_at, interval, now):
        details = NoticeDetails(
            LinkPurpose.CONFIRM,
            request.id,
            _asked(sign_up, topics.catalogue(connection, config)),
            is_getting_mail(known),
        )
        queue_notice(connection, config, details, known.email if known else email, now)


@retried
def subscribe_or_send_confirmation(engine: Engine, config: Config, sign_up: SignUp, now: datetime) -> Subscriber:
    """Sign up or change a subscriber as `subscribe` does; if they get no mail yet, also ask them to confirm by mail.

    The mail is queued in the same transaction. None is queued if there are no pages that its link could lead to. Raises
    UsageError or QueryError, and changes nothing, if the sign-up is not valid.
    """
    request = check_sign_up(sign_up, catalogue_in_use(engine, config))
    update_stored_queries(engine)
    with writing(engine) as connection:
        check_weekday(connection, request, config.digest)
        check_papers(connection, request.subscriptions)
        sign_up_all(connection, [request], config.digest, now)
        stored = get_subscriber(connection, request.email)
        if config.web.base_url and not is_getting_mail(stored):
            ask_to_confirm(connection, config, sign_up, now)
        return stored


def confirmation_mailed_at(engine: Engine, email: str) -> datetime | None:
    """Return when the newest confirmation mail to an address was queued; None if no sign-up of it waits."""
    with reading(engine) as connection:
        return requests.last_mailed(connection, RequestKind.SIGN_UP, parse_address(email))


def request_sign_in(engine: Engine, config: Config, email: str, now: datetime) -> None:
    """Queue a mail with a link that signs in the subscriber with this address; for an unknown address do nothing.

    An address that has refused mail gets no such mail either. Its owner has to sign up again: a sign-up sends a mail to
    such an address, but only one in SUPPRESSED_INTERVAL. Raises UsageError if the text is no address, and ConfigError
    if there are no pages.
    """
    check_pages(config)
    _store_sign_in(engine, config, parse_address(email), now)


@retried
def _store_sign_in(engine: Engine, config: Config, email: str, now: datetime) -> None:
    with writing(engine) as connection:
        known = subscribers.find(connection, email)
        if known is None or known.state is SubscriberState.SUPPRESSED:
            return
        new = NewRequest(RequestKind.SIGN_IN, email, SIGN_IN_LIFETIME, {}, known.id)
        request = requests.replace_request(connection, new, now)
        if not _is_recent(request.mailed_at, SIGN_IN_INTERVAL, now):
            queue_notice(connection, config, NoticeDetails(LinkPurpose.SIGN_IN, request.id), known.email, now)


def stored_sign_up(payload: dict[str, Any]) -> SignUp:
    """Return the sign-up that `request_sign_up` has stored."""
    cadence = payload["cadence"]
    lists = {name: tuple(payload[name]) for name in ("queries", "topics")}
    return SignUp(**{**payload, **lists, "cadence": Cadence(cadence) if cadence else None})


def still_valid(sign_up: SignUp, catalogue: Catalogue) -> CheckedSignUp:
    """Return a stored sign-up checked again, without topics and queries that have been refused since.

    The operator may have removed a topic, or a new version of notifier may refuse a query.
    """
    subscriptions: list[NewSubscription] = []
    for text in sign_up.queries:
        with suppress(NotifierError):
            subscriptions.append(new_query(text, catalogue))
    for slug in sign_up.topics:
        with suppress(NotifierError):
            subscriptions.append(new_topic(slug, catalogue))
    if sign_up.name is not None:
        subscriptions = [replace(each, name=parse_name(sign_up.name)) for each in subscriptions]
    return CheckedSignUp(parse_new_address(sign_up.email), tuple(subscriptions), check_settings(sign_up))


def _asked(sign_up: SignUp, catalogue: Catalogue) -> tuple[str, ...]:
    """Return what a sign-up asks for, in words.

    Queries and names are only counted. Whoever signs up may not be the owner of the address, so their own words must
    not reach its mailbox.
    """
    titles = [catalogue.title(slug) for slug in sign_up.topics]
    number = len(sign_up.queries)
    searches = [counted(number, "search", "searches")] if number else []
    return (*titles, *searches) or (catalogue.title("trending"),)


def _is_recent(mailed_at: datetime | None, interval: timedelta, now: datetime) -> bool:
    """Return whether a mail was queued less than `interval` ago. A time far in the future does not count as recent."""
    return mailed_at is not None and abs(now - mailed_at) < interval


def is_getting_mail(subscriber: Subscriber | None) -> bool:
    """Return whether digests go to a subscriber, or will again after a pause."""
    return subscriber is not None and subscriber.state in GETTING_MAIL
