"""Open and end sessions. A link in a mail opens one, and the secret in the browser's cookie is its only proof."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine

from notifier.models import RequestKind, Subscriber
from notifier.signing import Grant, LinkPurpose
from notifier.store import reading, requests, retried, sessions, subscribers, writing
from notifier.text.addresses import address_number

SESSION_LIFETIME = timedelta(days=30)
SECRET_BYTES = 32
USE_INTERVAL = timedelta(hours=1)  # the last use of a session is stored at most this often


def manage_grant(subscriber: Subscriber, mailed_at: datetime) -> Grant:
    """Return the grant of the sign-in link in a mail that was made for a subscriber at `mailed_at`."""
    return Grant(LinkPurpose.MANAGE, subscriber.id, address_number(subscriber.email), int(mailed_at.timestamp()))


def opens_session(grant: Grant, subscriber: Subscriber) -> bool:
    """Return whether the link in a digest still opens a session for this subscriber.

    It does as long as the subscriber has the address to which it was mailed, and has not signed out everywhere since.
    """
    since = subscriber.signed_out_at
    return (
        (grant.purpose, grant.row_id) == (LinkPurpose.MANAGE, subscriber.id)
        and grant.address == address_number(subscriber.email)
        and (since is None or grant.mailed > int(since.timestamp()))
    )


@retried
def sign_in(engine: Engine, grant: Grant, now: datetime) -> str | None:
    """Open a session by the link in a mail, and return its secret, of which only a hash is stored.

    A link that was asked for works once; for the link in a digest, see `opens_session`. Returns None if the link was
    used, has expired, or its subscriber is gone.
    """
    with writing(engine) as connection:
        subscriber_id = _subscriber_of(connection, grant, now)
        subscriber = subscribers.by_ids(connection, [subscriber_id or 0], lock=True).get(subscriber_id or 0)
        if subscriber is None or (grant.purpose is LinkPurpose.MANAGE and not opens_session(grant, subscriber)):
            return None
        secret = secrets.token_urlsafe(SECRET_BYTES)
        asked_for = grant.purpose is LinkPurpose.SIGN_IN
        sessions.add(connection, _hash(secret), subscriber.id, now, SESSION_LIFETIME, asked_for=asked_for)
        return secret


def subscriber_of_session(engine: Engine, secret: str, now: datetime) -> Subscriber | None:
    """Return the subscriber who has signed in with this secret; None if the session has ended or expired."""
    with reading(engine) as connection:
        found = sessions.find(connection, _hash(secret), now)
        if found is None:
            return None
        subscriber_id, last_used_at = found
        subscriber = subscribers.by_ids(connection, [subscriber_id]).get(subscriber_id)
    if now - last_used_at >= USE_INTERVAL:
        _note_use(engine, secret, now)
    return subscriber


def was_asked_for(engine: Engine, secret: str) -> bool:
    """Return whether the session with this secret was opened by a link that was asked for.

    Such a link works once, and for an hour. The link in a digest works again and again, also for somebody to whom the
    digest was forwarded.
    """
    with reading(engine) as connection:
        return sessions.was_asked_for(connection, _hash(secret))


def end_session(engine: Engine, secret: str) -> None:
    """Sign out: end the session with this secret, if there is one."""
    with writing(engine) as connection:
        sessions.end(connection, _hash(secret))


@retried
def sign_out_everywhere(engine: Engine, subscriber_id: int, now: datetime) -> None:
    """End all sessions of a subscriber, and all links mailed until now that open one."""
    with writing(engine) as connection:
        end_access(connection, subscriber_id, now)


def end_access(connection: Connection, subscriber_id: int, now: datetime) -> None:
    """End all sessions of a subscriber, and all links mailed until now that open one."""
    requests.remove_of(connection, RequestKind.SIGN_IN, subscriber_id)
    subscribers.update_subscriber(connection, subscriber_id, {"signed_out_at": now})
    sessions.end_all(connection, subscriber_id)


def _subscriber_of(connection: Connection, grant: Grant, now: datetime) -> int | None:
    if grant.purpose is LinkPurpose.MANAGE:
        return grant.row_id
    if grant.purpose is not LinkPurpose.SIGN_IN:
        return None
    request = requests.get(connection, grant.row_id, now, lock=True)
    if request is None or request.kind is not RequestKind.SIGN_IN:
        return None
    requests.remove(connection, request.id)
    return request.subscriber_id


@retried
def _note_use(engine: Engine, secret: str, now: datetime) -> None:
    with writing(engine) as connection:
        sessions.set_used(connection, _hash(secret), now)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
