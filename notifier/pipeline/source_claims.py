"""Claim sources, so that no two processes fetch the same source at once.

The lock file of a process on this machine shows whether it still runs. A claim from another machine ends with its
lease. Leases use the clock of the machine and not `--now`, because they are about processes and not about papers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from notifier.files import owner_has_finished, owner_is_gone
from notifier.store import reading, retried, sources, writing
from notifier.store.sources import SourceClaim, SourceState

LEASE = timedelta(hours=1)  # longer than one document takes; the claim is renewed after each document


@retried
def claim(engine: Engine, name: str, owner: str, owners: Path) -> SourceState | None:
    """Claim a source, and return its state; None if another process fetches it.

    `owners` is the folder with the lock files of running processes.
    """
    now = datetime.now(UTC)
    with writing(engine) as connection:
        held = sources.lock_claim(connection, name)
        if held is not None and not _is_over(held, owners, now):
            return None
        sources.set_claim(connection, name, SourceClaim(owner, now + LEASE))
        return sources.state(connection, name)


def is_changed(engine: Engine, name: str, fingerprint: str) -> bool:
    """Return whether a source was last fetched with a config that has another fingerprint."""
    with reading(engine) as connection:
        return sources.config_fingerprints(connection).get(name, fingerprint) != fingerprint


@retried
def renew(engine: Engine, name: str, owner: str) -> bool:
    """Prolong a claim, and return whether the owner still has it."""
    with writing(engine) as connection:
        return sources.renew_claim(connection, name, SourceClaim(owner, datetime.now(UTC) + LEASE))


@retried
def finish(engine: Engine, state: SourceState, fingerprint: str, missed: Sequence[date], owner: str) -> None:
    """Store the state of a source, the fingerprint of its config and the days that it missed, and end the claim.

    Do nothing if another process has claimed the source meanwhile.
    """
    with writing(engine) as connection:
        if sources.renew_claim(connection, state.name, SourceClaim(owner, datetime.now(UTC))):
            sources.write_state(connection, state)
            sources.write_missed(connection, state, missed)
            if state.last_tried_at is not None:
                sources.write_config_fingerprint(connection, state.name, fingerprint, state.last_tried_at)
            sources.release(connection, state.name, owner)


@retried
def release(engine: Engine, name: str, owner: str) -> None:
    """End a claim and leave the state of the source as it was."""
    with writing(engine) as connection:
        sources.release(connection, name, owner)


def _is_over(held: SourceClaim, owners: Path, now: datetime) -> bool:
    return (
        abs(held.until - now) > LEASE  # also if the clock was set back
        or held.until <= now
        or owner_has_finished(owners, held.owner)
        or owner_is_gone(owners, held.owner)
    )
