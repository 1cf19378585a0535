"""Limit the requests of each token, and those without a token of each network; all services count together.

The database counts the requests, as it does for the limits of the pages. So that few requests write to it, a service
counts a block of requests in the database at once, and then uses the block up in memory. The first block of a client is
one request, and each next block is twice as large. So a client that sends one request is counted once. When the service
or the window ends, what is left of a block is lost.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine

from notifier.store import limits, retried, writing
from notifier.store.limits import Limit

HOUR = timedelta(hours=1)
BY_TOKEN, BY_NETWORK = 6_000, 600  # requests an hour
LARGEST_SHARE = 20  # a block is at most the limit divided by this, because many services may share it
KEPT = 10_000  # tokens and networks


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many requests a client may still make in the current window.

    The window ends in `seconds`, and allows `most` requests in all. `is_allowed` says whether this request is within
    the limit.
    """

    is_allowed: bool
    most: int
    remaining: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell the client (draft-ietf-httpapi-ratelimit-headers, and Retry-After of RFC 9110)."""
        told = {
            "RateLimit-Policy": f'"hour";q={self.most};w={int(HOUR.total_seconds())}',
            "RateLimit": f'"hour";r={self.remaining};t={self.seconds}',
        }
        return told if self.is_allowed else {**told, "Retry-After": str(self.seconds)}


@dataclass(slots=True)
class _Block:
    """The newest block of a client in a window; `unspent` is the number of its requests that were not made yet.

    `untaken` is how many requests of the limit no service has taken. `is_used_up` says that no more can be taken.
    """

    ends_at: datetime
    size: int = 0
    unspent: int = 0
    untaken: int = 0
    is_used_up: bool = False


@dataclass(slots=True)
class Allowances:
    """The blocks of the clients that made requests last."""

    _blocks: OrderedDict[str, _Block] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def use(self, engine: Engine, client: str, most: int, now: datetime) -> Allowance:
        """Count one request of a client, who may make `most` in each hour."""
        with self._lock:
            block = self._current_block(client, now)
            if not block.unspent and not block.is_used_up:
                _take(engine, Limit(f"api {client}", most, HOUR), block, now)
            is_allowed = block.unspent > 0
            block.unspent -= is_allowed
            seconds = max(1, int((block.ends_at - now).total_seconds()))
            return Allowance(is_allowed, most, block.untaken + block.unspent, seconds)

    def _current_block(self, client: str, now: datetime) -> _Block:
        block = self._blocks.get(client)
        if block is None or block.ends_at != limits.end_of_window(HOUR, now):
            block = self._blocks[client] = _Block(limits.end_of_window(HOUR, now))
        self._blocks.move_to_end(client)
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)
        return block


def _take(engine: Engine, limit: Limit, block: _Block, now: datetime) -> None:
    """Take the next block of requests, or as many as are left of the limit."""
    block.size = min(max(2 * block.size, 1), limit.most // LARGEST_SHARE)
    taken = _add(engine, limit, block.size, now)
    block.unspent = min(block.size, max(limit.most - (taken - block.size), 0))
    block.untaken = max(limit.most - taken, 0)
    block.is_used_up = block.unspent < block.size


@retried
def _add(engine: Engine, limit: Limit, number: int, now: datetime) -> int:
    with writing(engine) as connection:
        return limits.add(connection, limit, number, now)
