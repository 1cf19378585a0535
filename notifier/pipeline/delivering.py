"""Step 4: the messages that wait in the outbox are sent and settled. `notifier.sending` does the work."""

from __future__ import annotations

import asyncio
from threading import Event

from sqlalchemy import Engine

from notifier.config import Config
from notifier.models import Clock
from notifier.sending import DeliveryReport, send_due, sender_for, within_grace


def deliver(
    engine: Engine,
    config: Config,
    clock: Clock,
    stopping: Event | None = None,
    report: DeliveryReport | None = None,
) -> DeliveryReport:
    """Send the mail that is due, and return how many messages ended in each state.

    When `stopping` is set, the mail on the wire is finished and the rest stays in the outbox. `report` may be given in
    order to watch the progress. Raises NotifierError if nothing can be sent or settled.
    """
    stopping, report = stopping or Event(), report or DeliveryReport()
    sender = sender_for(engine, config, clock)
    asyncio.run(within_grace(send_due(sender, stopping, report), stopping))
    return report
