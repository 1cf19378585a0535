"""Step 4: outbox rows become bytes, are handed over, and are settled.

One task claims rows and composes their mail, ahead of the lanes by one; a task for each mail on the wire; one settles
what came of them, in groups. A sender holds a lock for as long as its process lives, and renews its leases; a lease
whose owner is gone is taken over at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any, TypeVar

from notifier.delivery.outcomes import Outcome, Relay
from notifier.delivery.transport import Transport
from notifier.errors import ComposeError, NotifierError, StoreError, TemplateError
from notifier.models import DeliveryState, Mail
from notifier.pipeline import claiming
from notifier.pipeline.claiming import Turn
from notifier.pipeline.composing import mail_of
from notifier.pipeline.grouping import Settler
from notifier.pipeline.lanes import Lanes
from notifier.pipeline.posting import Sender
from notifier.pipeline.settling import Result, settle
from notifier.shelf import owners
from notifier.store import outbox
from notifier.store.engine import reading
from notifier.store.outbox import Claim

RENEW_SECONDS = 20
PATIENCE_SECONDS = 90  # how long to wait for rows in other senders' hands, or for the relay's short pause to end
POLL_SECONDS = 0.2
GRACE_SECONDS = 60  # for the mail on the wire, once told to stop
REASONS = 1000

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Delivered:
    """How many messages ended this run in each state; `trouble` is why it paused the relay, if it did.

    `reasons` counts what was said of those that were not accepted: the first REASONS different ones.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    trouble: str | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one message."""
        self.states[outcome.state] += 1
        reason = f"{outcome.state}: {outcome.reply}"
        if outcome.state is not DeliveryState.ACCEPTED and (reason in self.reasons or len(self.reasons) < REASONS):
            self.reasons[reason] += 1


async def deliver(sender: Sender, stopping: Event | None = None, done: Delivered | None = None) -> Delivered:
    """Send what is due, and wait a while for what is in other senders' hands; returns what became of it all.

    It ends early when told to stop, and where the relay is paused for longer than it would wait. `done` may be given to
    watch the run by. Raises NotifierError where nothing more can be sent or settled.
    """
    done = done or Delivered()
    async with _sending(sender, stopping or Event(), done) as run:
        waiting_since = time.monotonic()
        while not run.stopping.is_set():
            if await run.drain():
                waiting_since = time.monotonic()
            elif time.monotonic() - waiting_since > PATIENCE_SECONDS:
                break
            if not await asyncio.to_thread(claiming.is_worth_waiting, sender):
                break
            await asyncio.sleep(POLL_SECONDS)
    return done


async def keep_delivering(sender: Sender, stopping: Event) -> None:
    """Send what is due as it becomes due, until told to stop; the mail on the wire is finished then."""
    done = Delivered()
    async with _sending(sender, stopping, done) as run:
        while not stopping.is_set():
            if await run.drain():
                log.info("mail: %s", ", ".join(f"{n} {state}" for state, n in done.states.items() if n))
                done.states.clear()
                done.reasons.clear()
            await asyncio.sleep(POLL_SECONDS)


async def within_grace(sending: Coroutine[Any, Any, T], stopping: Event) -> T | None:
    """Send until told to stop; the mail then on the wire has GRACE_SECONDS, after which its connection is cut.

    None where it was cut: that mail will be sent again.
    """
    task = asyncio.ensure_future(sending)
    while not stopping.is_set() and not task.done():
        await asyncio.wait([task], timeout=POLL_SECONDS)
    _, late = await asyncio.wait([task], timeout=GRACE_SECONDS)
    if not late:
        return task.result()
    log.warning("the relay did not answer in %d s; the mail on the wire will be sent again", GRACE_SECONDS)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None


class _Run:
    """One sender at work: what it holds, what it has on the wire, and what became of it."""

    def __init__(self, sender: Sender, owner: str, stopping: Event, done: Delivered, writer: ThreadPoolExecutor):
        self.sender = sender
        self.owner = owner
        self.stopping = stopping
        self.done = done
        self._writer = writer
        self._lanes = Lanes(sender.lanes)
        self._settler = Settler(self._settle, len(sender.lanes))
        self._in_hand = 0  # claims without a committed result
        self._failure: NotifierError | None = None
        self._relay_open = True

    async def drain(self) -> bool:
        """Send all that is due; ends early where the relay is paused or when told to. Says whether anything was done.

        Raises NotifierError where the store or the templates fail; the mail on the wire is finished first.
        """
        before = self.done.states.total()
        self._relay_open = True
        await self._tidy()
        settling = asyncio.create_task(self._settler.run())
        try:
            async with asyncio.TaskGroup() as on_the_wire:
                await self._send_all(on_the_wire)
        finally:
            self._settler.finish()
            all_settled = await settling
        if self._in_hand:
            await self.write(partial(claiming.give_back, self.sender, self.owner, in_doubt=not all_settled))
            self._in_hand = 0
        if failure := self._failure or self._settler.failure:
            raise failure
        return self.done.states.total() > before

    async def write(self, work: Callable[[], T]) -> T:
        """Do a write transaction, one at a time: no two of one sender wait for each other's locks."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def keep_alive(self) -> None:
        """Renew the leases, and clear away what others left, for as long as this sender is at work."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.write(partial(claiming.renew, self.sender, self.owner))
                await self._tidy()
            except StoreError as error:
                log.warning("the leases were not renewed: %s", error)

    def _is_over(self) -> bool:
        failed = self._failure is not None or self._settler.failure is not None
        return self.stopping.is_set() or failed or not self._relay_open

    async def _tidy(self) -> None:
        tidied = await self.write(partial(claiming.tidy, self.sender, self.owner))
        self.done.states[DeliveryState.CANCELLED] += tidied.cancelled
        self.done.states[DeliveryState.EXPIRED] += tidied.expired

    async def _send_all(self, on_the_wire: asyncio.TaskGroup) -> None:
        try:
            while turns := await self._take():
                for turn in turns:
                    await self._send(turn, on_the_wire)
        except NotifierError as failure:
            self._failure = failure

    async def _take(self) -> list[Turn]:
        if self._is_over():
            return []
        turns = await self.write(partial(claiming.take, self.sender, self.owner))
        self._in_hand += len(turns)
        return turns

    async def _send(self, turn: Turn, on_the_wire: asyncio.TaskGroup) -> None:
        """Compose a mail and give it to the next free lane, once its turn has come."""
        if self._is_over():
            return
        try:
            mail = await asyncio.to_thread(mail_of, self.sender, turn.claim)
        except ComposeError as error:
            state = DeliveryState.DEFERRED if isinstance(error, TemplateError) else DeliveryState.FAILED
            await self._settler.room()
            self._settler.put(Result(turn, Outcome(state, str(error), Relay.UNTRIED)))
            return
        await self._wait_for(turn)
        if lane := await self._lanes.borrow(self._is_over):
            on_the_wire.create_task(self._carry(lane, turn, mail))

    async def _wait_for(self, turn: Turn) -> None:
        while (wait := (turn.at - self.sender.clock()).total_seconds()) > 0 and not self._is_over():
            await asyncio.sleep(min(wait, POLL_SECONDS))

    async def _carry(self, lane: Transport, turn: Turn, mail: Mail) -> None:
        outcome = None
        try:
            await self._settler.room()
            outcome = self._lanes.judged(await lane.send(mail, partial(self._is_wanted, turn.claim)))
            settled = self._settler.put(Result(turn, outcome))
            if outcome.state is not DeliveryState.ACCEPTED:
                await settled.wait()  # before the next mail: it may have paused the relay
        except NotifierError as failure:
            self._failure = failure
        finally:
            await self._lanes.give_back(lane, outcome)

    async def _is_wanted(self, claim: Claim) -> bool:
        """Asked of the store right here, not in a thread: nothing may come between the answer and MAIL."""
        with reading(self.sender.engine) as connection:
            return outbox.is_held(connection, claim)

    async def _settle(self, results: list[Result]) -> None:
        settled = await self.write(partial(settle, self.sender, results))
        self._in_hand -= len(results)
        self._relay_open = settled.is_open
        for outcome in settled.outcomes:
            self.done.add(outcome)
        self.done.trouble = settled.pause or self.done.trouble


@asynccontextmanager
async def _sending(sender: Sender, stopping: Event, done: Delivered) -> AsyncIterator[_Run]:
    """A sender at work; whatever it still holds at the end is free again."""
    with owners.owner_lock(sender.owners_folder) as owner, ThreadPoolExecutor(1, "outbox") as writer:
        run = _Run(sender, owner, stopping, done, writer)
        alive = asyncio.create_task(run.keep_alive())
        try:
            async with AsyncExitStack() as lanes:
                for lane in sender.lanes:
                    await lanes.enter_async_context(lane)
                yield run
        except BaseException:
            await run.write(partial(claiming.give_back, sender, owner, in_doubt=True))
            owners.forget(sender.owners_folder, owner)
            raise
        finally:
            alive.cancel()
            with suppress(asyncio.CancelledError):
                await alive
