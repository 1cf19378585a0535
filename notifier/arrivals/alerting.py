"""Tell the operator when a source becomes stale or broken, and when it is well again: once for each change.

The last state that the operator was told of is stored with the source. It is stored in one transaction with the mails,
so only one process tells of a change.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from notifier.arrivals.source_health import Judged, judged_sources
from notifier.arrivals.wording import number_of_papers
from notifier.config import Config
from notifier.digests.details import encode_alert_details
from notifier.digests.items import NO_ITEMS
from notifier.models import AlertDetails, DeliveryKind, Health
from notifier.store import outbox, reading, retried, source_alerts, writing
from notifier.store.source_alerts import ReportedTrouble


@dataclass(frozen=True, slots=True)
class SourceAlert:
    """A change in the health of a source, and what the operator is told of it."""

    health: Health
    details: AlertDetails

    @property
    def text(self) -> str:
        """The sentence that says what has happened, and the cure if there is one."""
        said = f"source {self.details.source}: {self.details.what}"
        return f"{said}. {self.details.cure}" if self.details.cure else said

    @property
    def level(self) -> int:
        """The level at which the change is logged."""
        return logging.INFO if self.details.is_well else logging.WARNING


def alert_changes(engine: Engine, config: Config, now: datetime) -> list[SourceAlert]:
    """Return what has changed since the operator was last told of each source, and queue mails that say so.

    The caller logs or prints the changes. A second call returns nothing new.
    """
    if not config.sources:
        return []
    now = now.astimezone(UTC)
    with reading(engine) as connection:
        judged = judged_sources(connection, config, now)
        reported = source_alerts.reported_troubles(connection)
    changes = [(each, reported[each.history.name]) for each in judged if each.history.name in reported]
    return [alert for each, before in changes if (alert := _tell(engine, config, each, before, now))]


def _tell(engine: Engine, config: Config, judged: Judged, before: ReportedTrouble, now: datetime) -> SourceAlert | None:
    """Store and return the alert about a source; None if nothing has changed, or if another process has sent it."""
    verdict = judged.verdict
    if verdict.health.is_trouble and verdict.health != before.health:
        details = AlertDetails(judged.history.name, f"it is {verdict.sentence}", verdict.cure)
        since = min(day for day in (verdict.since, before.since) if day)
        after = ReportedTrouble(verdict.health, since)
    elif before.health and not verdict.health.is_trouble and verdict.health is not Health.NEW:
        details = AlertDetails(judged.history.name, _well_again(judged, before, now), is_well=True)
        after = ReportedTrouble()
    else:
        return None
    alert = SourceAlert(verdict.health, details)
    return alert if _store(engine, config, alert, (before, after), now) else None


@retried
def _store(
    engine: Engine, config: Config, alert: SourceAlert, change: tuple[ReportedTrouble, ReportedTrouble], now: datetime
) -> bool:
    with writing(engine) as connection:
        if not source_alerts.remember(connection, alert.details.source, *change):
            return False
        _queue(connection, config, alert, now)
    return True


def _queue(connection: Connection, config: Config, alert: SourceAlert, now: datetime) -> None:
    """Put a mail to each address of `[alerts] mail` into the outbox. These mails are sent before all digests."""
    outbox.add(connection, list(_rows(config, alert, now)))


def _rows(config: Config, alert: SourceAlert, now: datetime) -> Iterable[dict[str, Any]]:
    state = "well again" if alert.details.is_well else str(alert.health)
    for recipient in config.alerts.mail:
        yield {
            "subscriber_id": None,
            "kind": DeliveryKind.ALERT,
            "period": f"source:{alert.details.source}",
            "recipient": recipient,
            "message_id": outbox.new_message_id(config.mail.sender),
            "subject": f"{config.mail.brand}: the source {alert.details.source} is {state}",
            "items": NO_ITEMS,
            "details": encode_alert_details(alert.details),
            "planned_at": now,
            **outbox.AWAITED,
        }


def _well_again(judged: Judged, before: ReportedTrouble, now: datetime) -> str:
    """Say how long the trouble lasted, and how many papers came for its first day and all days after it."""
    if before.since is None:
        return "it is well again"
    days = (now.date() - before.since).days
    lasted = "on the same day" if days < 1 else "after a day" if days == 1 else f"after {days} days"
    came = sum(count.papers for day, count in judged.history.days.items() if day >= before.since)
    return f"it is well again {lasted}; {number_of_papers(came)} came"
