"""Step 4: outbox rows become bytes, are handed over, and are settled right after the answer.

One mail at a time. A sender holds a lock for as long as its process lives, and renews its leases while a relay is slow;
a lease whose owner is gone is taken over at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from threading import Event

from notifier.delivery.outcomes import Outcome, Relay
from notifier.digests import items
from notifier.digests.compose import compose
from notifier.errors import ComposeError, TemplateError
from notifier.models import DeliveryState, Digest, Mail
from notifier.pipeline.posting import Sender
from notifier.pipeline.settling import settlement
from notifier.shelf import owners
from notifier.store import outbox, papers, subscribers
from notifier.store.engine import reading, writing
from notifier.store.outbox import Claim

RENEW_SECONDS = 20
PATIENCE_SECONDS = 90  # how long to wait for rows in other senders' hands
POLL_SECONDS = 0.2
RELAY_PAUSE_SECONDS = 60
BUSY_ANSWERS = 3  # in a row; then the relay is left alone

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Delivered:
    """How many messages ended this run in each state; `trouble` is why the relay was left alone, if it was.

    `reasons` counts what was said of those that were not accepted.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    trouble: str | None = None


async def deliver(sender: Sender) -> Delivered:
    """Send what is due, and wait a while for what is in other senders' hands; returns what became of it all.

    It ends early where the relay is at fault, so that one broken relay does not defer every mail there is.
    """
    done = Delivered()
    async with _sending(sender) as owner:
        waiting_since = time.monotonic()
        while not done.trouble:
            if await _drain(sender, owner, done, Event()):
                waiting_since = time.monotonic()
            elif not _is_busy(sender) or time.monotonic() - waiting_since > PATIENCE_SECONDS:
                break
            else:
                await asyncio.sleep(POLL_SECONDS)
    return done


async def keep_delivering(sender: Sender, stopping: Event) -> None:
    """Send what is due as it becomes due, until told to stop; the mail on the wire is finished then."""
    async with _sending(sender) as owner:
        while not stopping.is_set():
            done = Delivered()
            if await _drain(sender, owner, done, stopping):
                log.info("mail: %s", ", ".join(f"{n} {state}" for state, n in done.states.items() if n))
            if done.trouble:
                log.warning("the relay is left alone for %d s: %s", RELAY_PAUSE_SECONDS, done.trouble)
            await _pause(RELAY_PAUSE_SECONDS if done.trouble else POLL_SECONDS, stopping)


async def _pause(seconds: float, stopping: Event) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stopping.is_set():
        await asyncio.sleep(POLL_SECONDS)


async def _drain(sender: Sender, owner: str, done: Delivered, stopping: Event) -> bool:
    """Send all that is due; ends early where the relay is at fault or when told to. Says whether anything was done."""
    before = done.states.total()
    _tidy(sender, owner, done)
    busy = 0
    while not stopping.is_set() and (claim := _claim(sender, owner)):
        outcome = await _attempt(sender, claim)
        _settle(sender, claim, outcome, done)
        busy = busy + 1 if outcome.relay is Relay.BUSY else 0
        if outcome.relay in (Relay.DOWN, Relay.REFUSING) or busy == BUSY_ANSWERS:
            done.trouble = outcome.reply
            break
    return done.states.total() > before


def _is_busy(sender: Sender) -> bool:
    with reading(sender.engine) as connection:
        return outbox.is_busy(connection, sender.clock())


def _claim(sender: Sender, owner: str) -> Claim | None:
    """The next row to send; the write lock is asked for only where there is one."""
    with reading(sender.engine) as connection:
        if not outbox.is_due(connection, sender.clock()):
            return None
    with writing(sender.engine) as connection:
        return outbox.claim(connection, owner, sender.clock())


def _tidy(sender: Sender, owner: str, done: Delivered) -> None:
    """Free the rows of senders that died, and withdraw those of readers who left."""
    with reading(sender.engine) as connection:
        others = outbox.owners(connection) - {owner}
        unwanted = outbox.has_unwanted(connection)
    gone = [other for other in others if owners.is_gone(sender.owners_folder, other)]
    if not gone and not unwanted:
        return
    with writing(sender.engine) as connection:
        outbox.release(connection, gone)
        done.states[DeliveryState.CANCELLED] += outbox.cancel_unwanted(connection, sender.clock())
    for owner_gone in gone:
        owners.forget(sender.owners_folder, owner_gone)


async def _attempt(sender: Sender, claim: Claim) -> Outcome:
    try:
        mail = _mail(sender, claim)
    except TemplateError as error:
        return Outcome(DeliveryState.DEFERRED, str(error))
    except ComposeError as error:
        return Outcome(DeliveryState.FAILED, str(error))

    async def still_wanted() -> bool:
        with reading(sender.engine) as connection:
            return outbox.may_be_sent(connection, claim.id)

    return await sender.transport.send(mail, still_wanted)


def _mail(sender: Sender, claim: Claim) -> Mail:
    sections, rest = items.loads(claim.items)
    with reading(sender.engine) as connection:
        named = papers.papers_by_id(connection, items.paper_ids(claim.items))
    digest = Digest(
        recipient=claim.recipient,
        period=claim.period,
        planned_at=claim.planned_at,
        message_id=claim.message_id,
        subject=claim.subject,
        sections=sections,
        rest=rest,
        subscriber_id=claim.subscriber_id,
    )
    return compose(digest, named, sender.mail, sender.templates)


def _settle(sender: Sender, claim: Claim, outcome: Outcome, done: Delivered) -> None:
    now = sender.clock()
    with writing(sender.engine) as connection:
        if not outbox.settle(connection, claim, settlement(claim, outcome, now), now):
            return
        if outcome.state is DeliveryState.REJECTED and claim.subscriber_id is not None:
            subscribers.suppress(connection, claim.subscriber_id)
    done.states[outcome.state] += 1
    if outcome.state is not DeliveryState.ACCEPTED:
        done.reasons[f"{outcome.state}: {outcome.reply}"] += 1


@asynccontextmanager
async def _sending(sender: Sender) -> AsyncIterator[str]:
    """This sender's name while it sends; whatever it still holds at the end is free again."""
    with owners.owner_lock(sender.owners_folder) as owner:
        try:
            async with sender.transport, _renewing(sender, owner):
                yield owner
        finally:
            with writing(sender.engine) as connection:
                outbox.release(connection, [owner])


@asynccontextmanager
async def _renewing(sender: Sender, owner: str) -> AsyncIterator[None]:
    """Renew this sender's leases for as long as the block runs."""

    def renew() -> None:
        with writing(sender.engine) as connection:
            outbox.renew(connection, owner, sender.clock())

    async def renew_regularly() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await asyncio.to_thread(renew)

    task = asyncio.create_task(renew_regularly())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
