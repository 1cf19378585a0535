"""Tell the operator of each trouble once when it begins, and once when it is over.

An alert and its mails are stored in one transaction. If several processes find the same change, only one stores it.
If an alert opens again less than FLAPPING after it was closed, it flaps. The operator is told once more, and the alert
is closed only after FLAPPING without trouble.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from notifier.alerting.conditions import PATIENCE_OF_SERVICE, Patience, all_keys, findings, source_of
from notifier.alerting.findings import AlertFinding
from notifier.config import Config
from notifier.digests.details import encode_alert_details
from notifier.digests.items import NO_ITEMS
from notifier.models import AlertDetails, DeliveryKind, EventType
from notifier.store import alerts, events, outbox, reading, retried, writing
from notifier.store.alerts import StoredAlert

FLAPPING = timedelta(hours=20)  # less than a day, so that the runs of a daily cron are not at this limit


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert that has opened, has become worse, or is closed, and what the operator is told of it."""

    key: str
    title: str
    details: AlertDetails

    @property
    def text(self) -> str:
        """The sentence that says what has happened, and the cure if there is one."""
        said = f"{self.details.about}: {self.details.what}"
        return f"{said}. {self.details.cure}" if self.details.cure else said

    @property
    def level(self) -> int:
        """The level at which the change is logged."""
        return logging.INFO if self.details.is_well else logging.WARNING


def alert_changes(
    engine: Engine, config: Config, now: datetime, patience: Patience = PATIENCE_OF_SERVICE
) -> list[AlertChange]:
    """Return what has changed since the operator was last told, and queue mails that say so.

    `patience` says how long mail may wait. The caller logs or prints the changes. A second call returns nothing new.
    """
    now = now.astimezone(UTC)
    with reading(engine) as connection:
        stored = alerts.all_alerts(connection)
        found = findings(connection, config, stored, now, patience)
    _forget(engine, config, stored, now)
    changes = [_tell(engine, config, each, stored.get(each.key), now) for each in found]
    return [change for change in changes if change]


def alert_after(finding: AlertFinding, before: StoredAlert | None, now: datetime) -> StoredAlert | None:
    """Return the alert to store after a finding, or None if nothing has to be stored."""
    if before and not before.is_open and _is_forgotten(before, now):
        before = None
    if finding.is_trouble:
        return _after_trouble(finding, before, now)
    if before is None or not before.is_open:
        return None
    if not before.flaps or (before.well_since and now - before.well_since >= FLAPPING):
        return replace(before, closed_at=now, well_since=None)
    if before.well_since is None or before.well_since > now:  # later than now: the clock was set back
        return replace(before, well_since=now)
    return None


def _after_trouble(finding: AlertFinding, before: StoredAlert | None, now: datetime) -> StoredAlert | None:
    words = {name: getattr(finding, name) for name in ("key", "state", "title", "what", "cure", "since")}
    if before is None or not before.is_open:
        return StoredAlert(**words, opened_at=now, flaps=before is not None)
    if before.state in finding.worse_than:
        return replace(before, **words, well_since=None)
    return replace(before, well_since=None) if before.well_since else None


def _tell(
    engine: Engine, config: Config, finding: AlertFinding, before: StoredAlert | None, now: datetime
) -> AlertChange | None:
    """Store the alert after a finding, and return what the operator is told; None if they are told nothing new."""
    after = alert_after(finding, before, now)
    if after is None:
        return None
    is_told = before is None or (after.closed_at, after.state, after.opened_at) != (
        before.closed_at,
        before.state,
        before.opened_at,
    )
    flaps = after.flaps and after.is_open
    details = AlertDetails(finding.about, finding.what, finding.cure, is_well=not after.is_open, flaps=flaps)
    change = AlertChange(finding.key, finding.title, details) if is_told else None
    return change if _store(engine, config, (before, after), change, now) else None


@retried
def _store(
    engine: Engine,
    config: Config,
    states: tuple[StoredAlert | None, StoredAlert],
    change: AlertChange | None,
    now: datetime,
) -> bool:
    """Store an alert and the mails about it. Return False if another process has changed it in the meantime."""
    with writing(engine) as connection:
        if not alerts.replace(connection, *states):
            return False
        if change:
            _queue(connection, config, change, now)
            _tell_endpoints(connection, change, states[1], now)
    return True


def _queue(connection: Connection, config: Config, change: AlertChange, now: datetime) -> None:
    """Put a mail to each address of `[alerts] mail` into the outbox. These mails are sent before all digests."""
    outbox.add(connection, list(_rows(config, change, now)))


def _tell_endpoints(connection: Connection, change: AlertChange, after: StoredAlert, now: datetime) -> None:
    """Tell the endpoints if the change is that no papers come from a source any more."""
    name = source_of(change.key)
    if name is not None and after.is_open:
        entry = {"name": name, "state": after.state, "reason": after.what}
        events.record(connection, EventType.SOURCE_STALE, [entry], now)


def _rows(config: Config, change: AlertChange, now: datetime) -> Iterable[dict[str, Any]]:
    for recipient in config.alerts.mail:
        yield {
            "subscriber_id": None,
            "kind": DeliveryKind.ALERT,
            "period": change.key,
            "recipient": recipient,
            "message_id": outbox.new_message_id(config.mail.sender),
            "subject": f"{config.mail.brand}: {change.title}",
            "items": NO_ITEMS,
            "details": encode_alert_details(change.details),
            "planned_at": now,
            **outbox.AWAITED,
        }


@retried
def _forget(engine: Engine, config: Config, stored: dict[str, StoredAlert], now: datetime) -> None:
    """Delete the alerts that were closed long ago, and those about sources that the config does not have any more."""
    known = all_keys(config)
    old = [each for each in stored.values() if each.key not in known or _is_forgotten(each, now)]
    if old:
        with writing(engine) as connection:
            for each in old:
                alerts.remove(connection, each)
    for each in old:
        del stored[each.key]


def _is_forgotten(each: StoredAlert, now: datetime) -> bool:
    return each.closed_at is not None and abs(now - each.closed_at) >= FLAPPING
