"""Turn rows of a merged paper into JSON and back; delete a subscriber's votes and feedback from that JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from notifier.store.tables import dump_facts, feedback, vote

REACTIONS = {vote: "voted_on", feedback: "given_at"}  # each table, and its column for the time of the reaction


def encode_rows(connection: Connection, table: Table, paper_id: int) -> list[dict[str, Any]]:
    """Return the rows of a paper in a table, in a form that JSON holds."""
    found = connection.execute(select(table).where(table.c.paper_id == paper_id)).mappings()
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in each.items()}
        for each in found
    ]


def decode_row(table: Table, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row from what `encode_rows` has made of it."""
    return {name: _value(table, name, value) for name, value in kept.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type.python_type if name in ("day", "voted_on") else None
    if kind is date:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if name.endswith("_at") else value


def forget_subscriber(connection: Connection, subscriber_id: int) -> None:
    """Delete the votes and the feedback of a subscriber from what is kept of merged papers."""
    row = dump_facts.c
    for paper_id, text in connection.execute(select(row.paper_id, row.kept).where(row.kept != "")).all():
        kept = json.loads(text)
        for table in REACTIONS:
            for rows in kept[table.name].values():
                rows[:] = [each for each in rows if each["subscriber_id"] != subscriber_id]
        if (without := json.dumps(kept)) != text:
            connection.execute(update(dump_facts).where(row.paper_id == paper_id).values(kept=without))
