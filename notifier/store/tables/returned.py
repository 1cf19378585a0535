"""The tables of the messages that came back, and of the mailbox that they are read from."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, instant


class ReturnedRow(Table, table=True):
    """A message that came back, and what became of it.

    `fingerprint` is the same for all copies of a message, so that it counts once. `kind` is a ReturnedKind. `day` is
    the day on which the returned mail was planned. `sender`, `subject` and `text` are those of a message that is shown
    to the operator, or `text` is the answer of a mail server; they are empty for most messages.
    """

    __tablename__ = "returned"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str = Field(unique=True)
    at: datetime = Field(sa_column=instant(index=True))
    kind: str = Field(index=True)
    subscriber_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)
    )
    delivery_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("delivery.id", ondelete="SET NULL"), index=True)
    )
    day: date | None = None
    sender: str = ""
    subject: str = ""
    text: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class InboxRow(Table, table=True):
    """The state of the mailbox that returned messages are read from.

    `error` says why it could not be read since `failing_since`. For IMAP, `uid` is that of the newest message that was
    read, and counts as long as the mailbox has the same `uid_validity`.
    """

    __tablename__ = "inbox"

    name: str = Field(primary_key=True)
    read_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    error: str = ""
    failing_since: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    uid_validity: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    uid: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
