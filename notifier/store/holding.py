"""Whether a claim still is to be sent: asked for each mail, right before it is written, and so made cheap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from notifier.store import outbox
from notifier.store.engine import Commits, commits_of, reading
from notifier.store.outbox import Claim


class Holding:
    """What one sender holds, of readers who have not left.

    Where the store can tell whether anything at all was committed, nothing is read again until something was.
    """

    def __init__(self, engine: Engine, owner: str, commits: Commits | None) -> None:
        self._engine = engine
        self.owner = owner
        self._commits = commits
        self._seen: int | None = None
        self._held: set[tuple[int, int]] = set()

    def still_has(self, claim: Claim) -> bool:
        """Whether a claim is still this sender's, and whom it is for has not left, as of this moment."""
        if self._commits is None:
            with reading(self._engine) as connection:
                return outbox.is_held(connection, claim)
        now = self._commits()  # before the rows are read: what is committed in between will be seen the next time
        if now != self._seen:
            with reading(self._engine) as connection:
                self._held = outbox.held_by(connection, self.owner)
            self._seen = now
        return (claim.id, claim.epoch) in self._held


@contextmanager
def holding_of(engine: Engine, owner: str) -> Iterator[Holding]:
    """What `owner` holds, for as long as the block lasts."""
    with commits_of(engine) as commits:
        yield Holding(engine, owner, commits)
