"""Store the answers to requests with an Idempotency-Key, so that a request that is sent again has the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from notifier.store.statements import insert_into
from notifier.store.tables import stored_answer

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=10)  # a request that is not answered by then was cut off


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The token of a request, and the hashes of its Idempotency-Key and of the request itself."""

    token_id: int
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer; `status` is None while the request is being answered. `fingerprint` is that of its request."""

    fingerprint: str
    status: int | None
    media_type: str
    location: str
    body: bytes


def begin(connection: Connection, request: RequestKey, now: datetime) -> StoredAnswer | None:
    """Store that a request is being answered and return None; return the stored answer if the key was used before.

    An answer older than KEPT no longer counts, nor does an unanswered request that is older than ABANDONED.
    """
    values = {"fingerprint": request.fingerprint, "begun_at": now, "status": None}
    texts = {"media_type": "", "location": "", "body": b""}
    row = {"token_id": request.token_id, "key": request.key, **values, **texts}
    insertion = insert_into(connection.dialect, stored_answer).values(row).on_conflict_do_nothing()
    if connection.execute(insertion.returning(stored_answer.c.key)).first():
        return None
    found = connection.execute(select(stored_answer).where(_is(request)).with_for_update()).one()
    age = now - found.begun_at
    if abs(age) >= (ABANDONED if found.status is None else KEPT):
        connection.execute(update(stored_answer).where(_is(request)).values(**values, **texts))
        return None
    return StoredAnswer(found.fingerprint, found.status, found.media_type, found.location, found.body)


def finish(connection: Connection, request: RequestKey, answer: StoredAnswer) -> None:
    """Store the answer to a request."""
    values = {"status": answer.status, "media_type": answer.media_type, "location": answer.location}
    connection.execute(update(stored_answer).where(_is(request)).values(**values, body=answer.body))


def abandon(connection: Connection, request: RequestKey) -> None:
    """Delete what is stored of a request, so that it may be sent again."""
    connection.execute(delete(stored_answer).where(_is(request)))


def has_old(connection: Connection, now: datetime) -> bool:
    """Return whether any answer is older than KEPT."""
    old = select(stored_answer.c.key).where(stored_answer.c.begun_at <= now - KEPT)
    return connection.execute(old.limit(1)).first() is not None


def delete_old(connection: Connection, now: datetime) -> None:
    """Delete the answers that are older than KEPT."""
    connection.execute(delete(stored_answer).where(stored_answer.c.begun_at <= now - KEPT))


def delete_naming(connection: Connection, email: str) -> None:
    """Delete the answers that name an address, because its owner is erased."""
    row = stored_answer.c
    for token_id, key, body in connection.execute(select(row.token_id, row.key, row.body)).all():
        if email.lower() in body.decode("utf-8", "replace").lower():
            connection.execute(delete(stored_answer).where(row.token_id == token_id, row.key == key))


def _is(request: RequestKey) -> ColumnElement[bool]:
    return (stored_answer.c.token_id == request.token_id) & (stored_answer.c.key == request.key)
