"""Check quickly whether claims are still valid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Engine, Select, or_

from notifier.store.engine import fresh_reads
from notifier.store.outbox.claims import Claim
from notifier.store.outbox.rows import is_unwanted, leases
from notifier.store.tables import delivery


@cache
def _leases_to_send(dialect: str) -> Select[Any]:
    """Return the query of `leases` without the deliveries to subscribers who left."""
    return leases(dialect).where(or_(delivery.c.subscriber_id.is_(None), ~is_unwanted()))


class ClaimCheck(Protocol):
    """A function that `checking_claims` yields."""

    def __call__(self, claim: Claim, next_ones: Iterable[Claim] = ()) -> bool:
        """Return whether a claim is still valid; `next_ones` are the claims that the caller will ask about next."""
        ...


@contextmanager
def checking_claims(engine: Engine) -> Iterator[ClaimCheck]:
    """Yield a function that returns whether a claim is still valid and its subscriber has not left.

    The answer takes into account everything that was committed before the call. On SQLite, the claims in `next_ones`
    are looked up together with the one that is asked about. Their answers are cached, and used for as long as the
    database's data version shows that nobody has committed anything since.
    """
    cached_version: int | None = None
    cached: dict[tuple[int, int], bool] = {}
    query = _leases_to_send(engine.dialect.name)
    with fresh_reads(engine) as reads:

        def is_still_held(claim: Claim, next_ones: Iterable[Claim] = ()) -> bool:
            nonlocal cached_version, cached
            key = claim.id, claim.epoch
            version = reads.version()
            if version is None or version != cached_version or key not in cached:
                keys = [key] if version is None else [key, *((each.id, each.epoch) for each in next_ones)]
                held = set(reads.rows(query, {"row_ids": [row_id for row_id, _ in keys]}))
                cached_version, cached = version, {each: each in held for each in keys}
            return cached[key]

        yield is_still_held
