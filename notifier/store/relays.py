"""How each way out stands: one row for each, shared by all senders and kept over restarts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from notifier.models import RelayState
from notifier.store.statements import rows_of, run
from notifier.store.tables import relay

# Said for each group of mails: made once, since making a statement costs more than running it.
_FIELDS = [each.name for each in fields(RelayState)]
_THIS_ONE = relay.c.name == bindparam("relay_name")
_READ = select(*(relay.c[each] for each in _FIELDS)).where(_THIS_ONE)
_LOCK = _READ.with_for_update()
_WRITE = update(relay).where(_THIS_ONE).values({each: bindparam(f"new_{each}") for each in _FIELDS})


def read(connection: Connection, name: str) -> RelayState:
    """How a relay stands; one that was never used stands well."""
    return _found(connection, _READ, name) or RelayState()


def lock(connection: Connection, name: str) -> RelayState:
    """How a relay stands, which no other sender can change until this transaction ends."""
    if (state := _found(connection, _LOCK, name)) is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(relay).values(name=name, **asdict(RelayState())).on_conflict_do_nothing())
        state = _found(connection, _LOCK, name)
    assert state is not None
    return state


def write(connection: Connection, name: str, state: RelayState) -> None:
    """Keep how a relay stands from now on; it was locked before."""
    run(connection, _WRITE, {"relay_name": name, **{f"new_{each}": getattr(state, each) for each in _FIELDS}})


def renew_probe(connection: Connection, owner: str, until: datetime) -> None:
    """Keep the right to probe for longer, where this owner has it."""
    connection.execute(update(relay).where(relay.c.probe_owner == owner).values(probe_until=until))


def end_probes(connection: Connection, owners: Collection[str]) -> None:
    """Let others probe: these owners are gone, or did not come to it."""
    ended = {"probe_owner": None, "probe_until": None}
    connection.execute(update(relay).where(relay.c.probe_owner.in_(owners)).values(ended))


def probe_owners(connection: Connection) -> set[str]:
    """Every sender that may be probing."""
    return set(connection.scalars(select(relay.c.probe_owner).where(relay.c.probe_owner.is_not(None))))


def _found(connection: Connection, statement: Select[Any], name: str) -> RelayState | None:
    rows = rows_of(connection, statement, {"relay_name": name})
    return RelayState(*rows[0]) if rows else None
