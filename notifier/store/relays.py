"""How each way out stands: one row for each, shared by all senders and kept over restarts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from notifier.models import RelayState
from notifier.store.tables import relay

_COLUMNS = [relay.c[each.name] for each in fields(RelayState)]


def read(connection: Connection, name: str) -> RelayState:
    """How a relay stands; one that was never used stands well."""
    return _state(connection.execute(select(*_COLUMNS).where(relay.c.name == name)).one_or_none())


def lock(connection: Connection, name: str) -> RelayState:
    """How a relay stands, which no other sender can change until this transaction ends."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(relay).values(name=name, **asdict(RelayState())).on_conflict_do_nothing())
    return _state(connection.execute(select(*_COLUMNS).where(relay.c.name == name).with_for_update()).one())


def write(connection: Connection, name: str, state: RelayState) -> None:
    """Keep how a relay stands from now on; it was locked before."""
    connection.execute(update(relay).where(relay.c.name == name).values(**asdict(state)))


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


def _state(row: Row[tuple[object, ...]] | None) -> RelayState:
    return RelayState(**row._mapping) if row else RelayState()
