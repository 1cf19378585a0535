"""The values of access tokens, with which programs use the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """The scopes of access tokens: what a program may do with one."""

    READ_PAPERS = "read:papers"  # search and list papers and topics, and preview queries
    READ_SUBSCRIBERS = "read:subscribers"  # see addresses, settings, subscriptions, votes and feedback
    WRITE_SUBSCRIBERS = "write:subscribers"  # ask addresses to confirm a sign-up; change and erase subscribers
    CONFIRM_SUBSCRIBERS = "confirm:subscribers"  # with write:subscribers: add people who have agreed already
    WRITE_VOTES = "write:votes"  # vote and give feedback for subscribers
    READ_DELIVERIES = "read:deliveries"  # see what was sent to whom, and the replies
    WRITE_DUMPS = "write:dumps"  # upload dumps of papers
    READ_STATUS = "read:status"  # see the status of the service and of its sources


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A stored access token, without its secret. `last_used_at` is exact to an hour; None if it was never used."""

    id: int
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
