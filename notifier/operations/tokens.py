"""Create, list, find and revoke access tokens, with which programs use the API."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine

from notifier.errors import UsageError
from notifier.models import AccessToken, Scope
from notifier.store import reading, retried, tokens, writing
from notifier.text.harmless import without_controls

PREFIX = "notifier_"  # secret scanners recognise a leaked token by it
SECRET_BYTES = 32
USE_INTERVAL = timedelta(hours=1)  # the use of a token is stored at most once in this time
MAX_NAME_LENGTH = 100  # characters

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just created; its secret is not stored, so it can be shown only now."""

    id: int
    secret: str


@retried
def create_token(engine: Engine, name: str, scopes: Collection[Scope], now: datetime) -> NewToken:
    """Create a token with these scopes. Raises UsageError if there is no scope, or if the name is too long."""
    if not scopes:
        raise UsageError(f"a token needs a scope; give one or more of {', '.join(Scope)}")
    shown = " ".join(without_controls(name).split())
    if len(shown) > MAX_NAME_LENGTH:
        raise UsageError(f"a name may have at most {MAX_NAME_LENGTH} characters, but this has {len(shown):,}")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    in_order = [each for each in Scope if each in scopes]
    with writing(engine) as connection:
        return NewToken(tokens.add(connection, _hash(secret), shown, in_order, now), secret)


def list_tokens(engine: Engine) -> list[AccessToken]:
    """Return all tokens, the oldest first."""
    with reading(engine) as connection:
        return tokens.all_tokens(connection)


@retried
def revoke_token(engine: Engine, token_id: int) -> None:
    """Delete a token, so that it allows nothing any more. Raises UsageError if there is none with this id."""
    with writing(engine) as connection:
        if not tokens.remove(connection, token_id):
            raise UsageError(f"there is no token {token_id}; `notifier token list` lists them")


def find_token(engine: Engine, secret: str, now: datetime) -> AccessToken | None:
    """Return the token with this secret, and store its use if the last use that is stored is an hour old.

    Returns None if there is no such token.
    """
    if not _SECRET.fullmatch(secret):
        return None
    with reading(engine) as connection:
        found = tokens.find(connection, _hash(secret))
    if found and not (found.last_used_at and timedelta() <= now - found.last_used_at < USE_INTERVAL):
        _note_use(engine, found.id, now)
    return found


@retried
def _note_use(engine: Engine, token_id: int, now: datetime) -> None:
    with writing(engine) as connection:
        tokens.set_used(connection, token_id, now)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
