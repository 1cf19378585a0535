"""Step 4: outbox rows become bytes, are handed over, and are settled right after the answer.

One mail at a time. A sender holds a lock for as long as its process lives, and renews its leases while a relay is slow;
a lease whose owner is gone is taken over at once.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from notifier import shelf
from notifier.delivery.outcomes import Outcome, Relay
from notifier.digests import items
from notifier.digests.compose import compose
from notifier.errors import ComposeError
from notifier.models import DeliveryState, Digest, Mail
from notifier.pipeline.posting import Sender
from notifier.pipeline.settling import settlement
from notifier.store import outbox, papers, subscribers
from notifier.store.engine import reading, writing
from notifier.store.outbox import Claim

RENEW_SECONDS = 20
PATIENCE_SECONDS = 90  # how long to wait for rows in other senders' hands
POLL_SECONDS = 0.2
BUSY_ANSWERS = 3  # in a row; then the relay is left alone


@dataclass(slots=True)
class Delivered:
    """How many messages ended this run in each state; `trouble` is why the relay was left alone, if it was."""

    states: Counter[DeliveryState] = field(default_factory=Counter)
    trouble: str | None = None


async def deliver(sender: Sender) -> Delivered:
    """Send what is due, and wait a while for what is in other senders' hands; returns what became of it all.

    It ends early where the relay is at fault, so that one broken relay does not defer every mail there is.
    """
    done = Delivered()
    with _owner(sender) as owner:
        async with sender.transport, _renewing(sender, owner):
            await _send_all(sender, owner, done)
    return done


async def _send_all(sender: Sender, owner: str, done: Delivered) -> None:
    busy = 0
    async for claim in _claims(sender, owner, done):
        outcome = await _attempt(sender, claim)
        _settle(sender, claim, outcome, done)
        busy = busy + 1 if outcome.relay is Relay.BUSY else 0
        if outcome.relay in (Relay.DOWN, Relay.REFUSING) or busy == BUSY_ANSWERS:
            done.trouble = outcome.reply
            return


async def _claims(sender: Sender, owner: str, done: Delivered) -> AsyncIterator[Claim]:
    """Every row that is or becomes free to send, until none is due or in other hands, or patience ends."""
    waiting_since = time.monotonic()
    while True:
        _tidy(sender, owner, done)
        while claim := _claim(sender, owner):
            yield claim
            waiting_since = time.monotonic()
        with reading(sender.engine) as connection:
            busy = outbox.is_busy(connection, sender.clock())
        if not busy or time.monotonic() - waiting_since > PATIENCE_SECONDS:
            return
        await asyncio.sleep(POLL_SECONDS)


def _claim(sender: Sender, owner: str) -> Claim | None:
    with writing(sender.engine) as connection:
        return outbox.claim(connection, owner, sender.clock())


def _tidy(sender: Sender, owner: str, done: Delivered) -> None:
    """Free the rows of senders that died, and withdraw those of readers who left."""
    with reading(sender.engine) as connection:
        others = outbox.owners(connection) - {owner}
    gone = [other for other in others if shelf.is_gone(sender.owners_folder, other)]
    with writing(sender.engine) as connection:
        outbox.release(connection, gone)
        done.states[DeliveryState.CANCELLED] += outbox.cancel_unwanted(connection, sender.clock())
    for owner_gone in gone:
        shelf.forget(sender.owners_folder, owner_gone)


async def _attempt(sender: Sender, claim: Claim) -> Outcome:
    try:
        mail = _mail(sender, claim)
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


@contextmanager
def _owner(sender: Sender) -> Iterator[str]:
    """This sender's name while it runs; whatever it still holds at the end is free again."""
    with shelf.owner_lock(sender.owners_folder) as owner:
        try:
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
