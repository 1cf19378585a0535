"""Declare the tables of the API: access tokens, and answers that are kept for requests that are sent again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, instant, strings


class AccessTokenRow(Table, table=True):
    """An access token; `secret_hash` is the SHA-256 of its secret, and `scopes` say what it allows."""

    __tablename__ = "access_token"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    name: str
    secret_hash: str = Field(unique=True)
    scopes: tuple[str, ...] = Field(default=(), sa_column=strings())
    created_at: datetime = Field(sa_column=instant())
    last_used_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class StoredAnswerRow(Table, table=True):
    """The answer to a request with an Idempotency-Key.

    `key` is the SHA-256 of the key, `fingerprint` that of the request. Until the request is answered, `status` is NULL.
    """

    __tablename__ = "stored_answer"

    token_id: int = Field(
        sa_column=Column(Integer, ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True)
    )
    key: str = Field(sa_column=Column(String, primary_key=True))
    fingerprint: str
    begun_at: datetime = Field(sa_column=instant(index=True))
    status: int | None = None
    media_type: str = ""
    location: str = ""
    body: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
