"""Run step 4, delivering: send and settle the messages that wait in the outbox, by `notifier.sending`."""

from __future__ import annotations

import asyncio
from threading import Event

from sqlalchemy import Engine

from notifier.config import Config
from notifier.models import Clock
from notifier.sending import DeliveryReport, Sender, send_due, send_due_events, sender_for, within_grace


def deliver(
    engine: Engine,
    config: Config,
    clock: Clock,
    stopping: Event | None = None,
    report: DeliveryReport | None = None,
) -> DeliveryReport:
    """Send the messages that are due, and return how many ended in each state.

    After `stopping` is set, the messages that are being sent have run.GRACE_SECONDS to finish, and the others stay in
    the outbox. The counts are added to `report` as they come, so that a caller who gives a report can show the
    progress. Raises NotifierError if messages cannot be sent or settled at all.
    """
    stopping, report = stopping or Event(), report or DeliveryReport()
    sender = sender_for(engine, config, clock)
    asyncio.run(within_grace(_send_all(sender, config, stopping, report), stopping))
    return report


async def _send_all(sender: Sender, config: Config, stopping: Event, report: DeliveryReport) -> None:
    """Send mail, and events beside it, so that a slow endpoint delays no mail. If one fails, the other is finished.

    Then the events are sent that tell of this mail.
    """
    report.events = DeliveryReport()
    both = send_due(sender, stopping, report), send_due_events(sender, config, stopping, report.events)
    for failure in await asyncio.gather(*both, return_exceptions=True):
        if isinstance(failure, BaseException):
            raise failure
    await send_due_events(sender, config, stopping, report.events)
