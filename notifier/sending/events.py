"""Send the events and the digests for channels that are due. Each endpoint has a sender of its own.

So none waits for another endpoint. Each message is a row of the same outbox as mail, and the functions that claim,
lease, settle and retry mails do the same with it. An endpoint that is down is paused as a relay is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Event

from notifier.config import Config
from notifier.delivery.breaker import RelayAccess, relay_access
from notifier.models import Endpoint, EndpointKind
from notifier.sending.channels import ChannelTransport
from notifier.sending.pacing import Rates
from notifier.sending.report import DeliveryReport
from notifier.sending.run import POLL_SECONDS, send_round
from notifier.sending.sender import Sender
from notifier.sending.webhooks import WebhookTransport
from notifier.store import endpoints, reading, relays

MOST_ENDPOINTS = 4  # endpoints that are sent to at once; each takes two connections to the database
ROUND_SECONDS = 1.0  # between two looks for events that are due

log = logging.getLogger(__name__)


async def send_due_events(sender: Sender, config: Config, stopping: Event, report: DeliveryReport) -> None:
    """Send all events that are due, and count them in `report`. An endpoint that fails is left for a later run."""
    places = asyncio.Semaphore(MOST_ENDPOINTS)
    found = await asyncio.to_thread(_open_endpoints, sender)
    rounds = [_send_round(sender_to(endpoint, sender, config), stopping, report, places) for endpoint in found]
    for failure in await asyncio.gather(*rounds, return_exceptions=True):
        if failure:
            raise failure


async def keep_sending_events(
    sender: Sender, config: Config, stopping: Event, on_round: Callable[[], None] = lambda: None
) -> None:
    """Send events as they become due until `stopping` is set, then finish the requests under way.

    `on_round` is called after each look for events that are due.
    """
    report, places = DeliveryReport(), asyncio.Semaphore(MOST_ENDPOINTS)
    under_way: dict[int, asyncio.Task[None]] = {}
    try:
        while not stopping.is_set():
            for task in [task for task in under_way.values() if task.done()]:
                task.result()  # raises an error of the store; the service then starts this task again
            under_way = {key: task for key, task in under_way.items() if not task.done()}
            for endpoint in await asyncio.to_thread(_open_endpoints, sender):
                if endpoint.id not in under_way:
                    round_ = _send_round(sender_to(endpoint, sender, config), stopping, report, places)
                    under_way[endpoint.id] = asyncio.create_task(round_)
            on_round()
            _log(report)
            await _rest(stopping)
    finally:
        await asyncio.gather(*under_way.values(), return_exceptions=True)


async def _rest(stopping: Event) -> None:
    for _ in range(int(ROUND_SECONDS / POLL_SECONDS)):
        if not stopping.is_set():
            await asyncio.sleep(POLL_SECONDS)


async def _send_round(sender: Sender, stopping: Event, report: DeliveryReport, places: asyncio.Semaphore) -> None:
    async with places:
        await send_round(sender, stopping, report)


def _open_endpoints(sender: Sender) -> list[Endpoint]:
    """Return the endpoints for which something is due, and which are not paused."""
    now = sender.clock()
    with reading(sender.engine) as connection:
        return [
            endpoint
            for endpoint in endpoints.has_waiting(connection, now)
            if relay_access(relays.read(connection, endpoints.relay_name(endpoint.id)), now) is not RelayAccess.CLOSED
        ]


def sender_to(endpoint: Endpoint, sender: Sender, config: Config) -> Sender:
    """Return a sender of what is for an endpoint; `sender` sends the mail."""
    transport = ChannelTransport if endpoint.kind is EndpointKind.CHANNEL else WebhookTransport
    return replace(
        sender,
        relay=endpoints.relay_name(endpoint.id),
        transports=[transport(endpoint, config, sender.clock)],
        rates=Rates(),
        bounces=None,
        endpoint_id=endpoint.id,
    )


def _log(report: DeliveryReport) -> None:
    if report.states.total():
        counts = ", ".join(f"{number} {state}" for state, number in report.states.items() if number)
        log.info("events and channels: %s", counts)
        report.states.clear()
        report.reasons.clear()
