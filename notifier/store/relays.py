"""Store the state of each relay that mail is sent through: one row for each, shared by all senders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update

from notifier.models import RelayState
from notifier.store.statements import insert_into, rows_of, run
from notifier.store.tables import relay

_FIELDS = [field.name for field in fields(RelayState)]
# These statements run for each group of messages. They are constructed only once, because constructing a statement
# costs more than running it.
_HAS_NAME = relay.c.name == bindparam("relay_name")
_READ = select(*(relay.c[name] for name in _FIELDS)).where(_HAS_NAME)
_LOCK = _READ.with_for_update()
_WRITE = update(relay).where(_HAS_NAME).values({name: bindparam(f"new_{name}") for name in _FIELDS})


def read(connection: Connection, name: str) -> RelayState:
    """Return the state of a relay; a relay that was never used has the default state."""
    return _find(connection, _READ, name) or RelayState()


def lock(connection: Connection, name: str) -> RelayState:
    """Return the state of a relay, and lock it until this transaction ends."""
    if (state := _find(connection, _LOCK, name)) is None:
        _add_unless_known(connection, {"name": name, **asdict(RelayState())})
        state = _find(connection, _LOCK, name)
    assert state is not None
    return state


def write(connection: Connection, name: str, state: RelayState) -> None:
    """Store the state of a relay, which the caller has locked in this transaction."""
    run(connection, _WRITE, {"relay_name": name, **{f"new_{field}": getattr(state, field) for field in _FIELDS}})


def renew_probe(connection: Connection, owner: str, until: datetime) -> None:
    """Let this owner's right to probe a relay last until `until`, if the owner has such a right."""
    connection.execute(update(relay).where(relay.c.probe_owner == owner).values(probe_until=until))


def end_probes(connection: Connection, owners: Collection[str]) -> None:
    """End the right of these owners to probe a relay, so that other senders can probe it.

    The owners have ended, or have sent no probe.
    """
    ended = {"probe_owner": None, "probe_until": None}
    connection.execute(update(relay).where(relay.c.probe_owner.in_(owners)).values(ended))


def probe_owners(connection: Connection) -> set[str]:
    """Return the senders that have the right to probe a relay."""
    return set(connection.scalars(select(relay.c.probe_owner).where(relay.c.probe_owner.is_not(None))))


def _add_unless_known(connection: Connection, row: dict[str, Any]) -> None:
    """Add the row of a relay, unless another sender has added it in the meantime."""
    connection.execute(insert_into(connection.dialect, relay).values(row).on_conflict_do_nothing())


def _find(connection: Connection, statement: Select[Any], name: str) -> RelayState | None:
    rows = rows_of(connection, statement, {"relay_name": name})
    return RelayState(*rows[0]) if rows else None
