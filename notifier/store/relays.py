"""How each way out stands: one row for each, shared by all senders and kept over restarts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from notifier.models import RelayState
from notifier.store.tables import relay

# Said for each group of mails: made once, since making a statement costs more than running it.
_FIELDS = [each.name for each in fields(RelayState)]
_THIS_ONE = relay.c.name == bindparam("relay_name")
_READ = select(*(relay.c[each] for each in _FIELDS)).where(_THIS_ONE)
_LOCK = _READ.with_for_update()
_WRITE = update(relay).where(_THIS_ONE).values({each: bindparam(f"new_{each}") for each in _FIELDS})


def read(connection: Connection, name: str) -> RelayState:
    """How a relay stands; one that was never used stands well."""
    return _state(connection.execute(_READ, {"relay_name": name}).one_or_none())


def lock(connection: Connection, name: str) -> RelayState:
    """How a relay stands, which no other sender can change until this transaction ends."""
    row = connection.execute(_LOCK, {"relay_name": name}).one_or_none()
    if row is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(relay).values(name=name, **asdict(RelayState())).on_conflict_do_nothing())
        row = connection.execute(_LOCK, {"relay_name": name}).one()
    return _state(row)


def write(connection: Connection, name: str, state: RelayState) -> None:
    """Keep how a relay stands from now on; it was locked before."""
    connection.execute(_WRITE, {"relay_name": name, **{f"new_{each}": getattr(state, each) for each in _FIELDS}})


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
