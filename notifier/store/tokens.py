"""Store access tokens. Only a hash of each token's secret is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from notifier.models import AccessToken, Scope
from notifier.store.tables import LARGEST_ID, access_token

_SHOWN = tuple(access_token.c[name] for name in ("id", "name", "scopes", "created_at", "last_used_at"))


def add(connection: Connection, secret_hash: str, name: str, scopes: Sequence[Scope], now: datetime) -> int:
    """Add a token, and return its id."""
    values = {"secret_hash": secret_hash, "name": name, "scopes": tuple(scopes), "created_at": now}
    added: int = connection.execute(insert(access_token).values(values).returning(access_token.c.id)).scalar_one()
    return added


def find(connection: Connection, secret_hash: str) -> AccessToken | None:
    """Return the token with this secret; None if there is none."""
    row = connection.execute(select(*_SHOWN).where(access_token.c.secret_hash == secret_hash)).one_or_none()
    return _token(row) if row else None


def all_tokens(connection: Connection) -> list[AccessToken]:
    """Return all tokens, the oldest first."""
    return [_token(row) for row in connection.execute(select(*_SHOWN).order_by(access_token.c.id))]


def set_used(connection: Connection, token_id: int, now: datetime) -> None:
    """Store that a token is used at `now`."""
    connection.execute(update(access_token).where(access_token.c.id == token_id).values(last_used_at=now))


def remove(connection: Connection, token_id: int) -> bool:
    """Delete a token and the answers that are stored for it, and return whether there was one with this id."""
    wanted = access_token.c.id == min(max(token_id, 0), LARGEST_ID)
    return connection.execute(delete(access_token).where(wanted)).rowcount > 0


def _token(row: Row[Any]) -> AccessToken:
    known = tuple(Scope(each) for each in row.scopes if each in list(Scope))
    return AccessToken(row.id, row.name, known, row.created_at, row.last_used_at)
