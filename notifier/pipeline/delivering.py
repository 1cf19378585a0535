"""Step 4: outbox rows become bytes, are handed over, and are settled.

One task claims rows and composes their mails, ahead of the lanes by a batch at most; one for each lane in use sends
them; one settles what came of them, in groups. A sender holds a lock for as long as its process lives, and renews its
leases; a lease whose owner is gone is taken over at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any, TypeVar

from notifier.delivery.outcomes import Outcome, Relay
from notifier.delivery.transport import StillWanted, Transport
from notifier.errors import ComposeError, NotifierError, StoreError, TemplateError
from notifier.models import DeliveryState, Mail
from notifier.pipeline import claiming
from notifier.pipeline.claiming import Turn
from notifier.pipeline.composing import KnownPapers, mails_of
from notifier.pipeline.grouping import Settler
from notifier.pipeline.lanes import Lanes
from notifier.pipeline.posting import Sender
from notifier.pipeline.settling import Result, settle
from notifier.shelf import owners
from notifier.store.holding import StillHeld, holding
from notifier.store.outbox import Claim

RENEW_SECONDS = 20
PATIENCE_SECONDS = 90  # how long to wait for rows in other senders' hands, or for the relay's short pause to end
POLL_SECONDS = 0.2
GRACE_SECONDS = 60  # for the mail on the wire, once told to stop
REASONS = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    """A mail that is ready to go, and how to ask whether it still should."""

    turn: Turn
    mail: Mail
    still_wanted: StillWanted


log = logging.getLogger(__name__)


@dataclass(slots=True)
class Delivered:
    """How many messages ended this run in each state; `trouble` is why it paused the relay, if it did.

    `waits` is what the relay said that is left alone, by this run or an earlier one, if mail waits for that. `reasons`
    counts what was said of those that were not accepted: the first REASONS different ones.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    trouble: str | None = None
    waits: str | None = None

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
        done.waits = await asyncio.to_thread(claiming.why_it_waits, sender)
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

    def __init__(
        self,
        sender: Sender,
        owner: str,
        still_held: StillHeld,
        stopping: Event,
        done: Delivered,
        writer: ThreadPoolExecutor,
    ) -> None:
        self.sender = sender
        self.owner = owner
        self.stopping = stopping
        self.done = done
        self._writer = writer
        self._lanes = Lanes(sender.lanes)
        self._settler = Settler(self._settle, len(sender.lanes))
        self._ready: deque[_Job] = deque()
        self._changed = asyncio.Event()  # fewer are ready, or fewer lanes are in use
        self._known = KnownPapers()
        self._still_held = still_held
        self._in_hand = 0  # claims without a committed result
        self._failure: NotifierError | None = None
        self._relay_open = True
        self._goes_well = False  # the last mail was accepted: the next is likely to be, and may be begun before

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
            self._ready.clear()
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
        return not self._relay_open or self._has_failed or self.stopping.is_set()

    @property
    def _has_failed(self) -> bool:
        return self._failure is not None or self._settler.failure is not None

    async def _tidy(self) -> None:
        tidied = await self.write(partial(claiming.tidy, self.sender, self.owner))
        self.done.states[DeliveryState.CANCELLED] += tidied.cancelled
        self.done.states[DeliveryState.EXPIRED] += tidied.expired

    async def _send_all(self, on_the_wire: asyncio.TaskGroup) -> None:
        try:
            while turns := await self._take():
                claims = [turn.claim for turn in turns]
                mails = await asyncio.to_thread(mails_of, self.sender, claims, self._known)
                for turn, mail in zip(turns, mails, strict=True):
                    await self._offer(turn, mail, on_the_wire)
                await self._until_few_wait()
        except NotifierError as failure:
            self._failure = failure

    async def _take(self) -> list[Turn]:
        if self._is_over():
            return []
        turns = await self.write(partial(claiming.take, self.sender, self.owner))
        self._in_hand += len(turns)
        return turns

    async def _offer(self, turn: Turn, mail: Mail | ComposeError, on_the_wire: asyncio.TaskGroup) -> None:
        """Let the lanes have a mail, once its turn has come; one that could not be made is done with."""
        if self._is_over():
            return
        if isinstance(mail, ComposeError):
            state = DeliveryState.DEFERRED if isinstance(mail, TemplateError) else DeliveryState.FAILED
            await self._settler.room()
            self._settler.put(Result(turn, Outcome(state, str(mail), Relay.UNTRIED)))
            return
        await self._wait_for(turn)
        self._ready.append(_Job(turn, mail, partial(self._is_wanted, turn.claim)))
        self._use_lanes(on_the_wire)

    async def _wait_for(self, turn: Turn) -> None:
        while (wait := (turn.at - self.sender.clock()).total_seconds()) > 0 and not self._is_over():
            await asyncio.sleep(min(wait, POLL_SECONDS))

    async def _until_few_wait(self) -> None:
        while len(self._ready) > len(self.sender.lanes) and not self._is_over():
            self._changed.clear()
            await self._changed.wait()

    def _use_lanes(self, on_the_wire: asyncio.TaskGroup) -> None:
        """Use as many lanes as there are mails for, and as the relay bears."""
        while self._ready and not self._is_over() and (lane := self._lanes.borrow()):
            on_the_wire.create_task(self._carry(lane, self._ready.popleft(), on_the_wire))

    async def _carry(self, lane: Transport, job: _Job | None, on_the_wire: asyncio.TaskGroup) -> None:
        """Send this mail over a lane, and those that are ready after it."""
        is_connected = False
        try:
            while job:
                is_connected = False
                outcome, ahead = await self._hand_over(lane, job)
                is_connected = not outcome.relay_fault
                self._use_lanes(on_the_wire)
                job = ahead or self._next()
        except NotifierError as failure:
            self._failure = failure
        finally:
            self._lanes.give_back(lane, is_connected=is_connected)
            self._changed.set()
        self._use_lanes(on_the_wire)

    async def _hand_over(self, lane: Transport, job: _Job) -> tuple[Outcome, _Job | None]:
        """Send a mail; gives the one whose envelope went along, if it is to be sent."""
        ahead: _Job | None = None

        def following() -> tuple[Mail, StillWanted] | None:
            nonlocal ahead
            ahead = self._next() if self._goes_well else None
            return (ahead.mail, ahead.still_wanted) if ahead else None

        await self._settler.room()
        outcome = self._lanes.learn(await lane.send(job.mail, job.still_wanted, following))
        self._goes_well = outcome.state is DeliveryState.ACCEPTED
        settled = self._settler.put(Result(job.turn, outcome))
        if outcome.state is not DeliveryState.ACCEPTED:
            await settled.wait()  # before the next mail: it may have paused the relay
        return outcome, None if self._has_failed or not self._relay_open else ahead

    def _next(self) -> _Job | None:
        """The next mail for a lane in use, if it may have one more."""
        self._changed.set()
        if not self._ready or self._lanes.are_too_many or self._is_over():
            return None
        return self._ready.popleft()

    async def _is_wanted(self, claim: Claim) -> bool:
        """Asked of the store right here, not in a thread: nothing may come between the answer and MAIL."""
        return self._still_held(claim)

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
    with (
        owners.owner_lock(sender.owners_folder) as owner,
        ThreadPoolExecutor(1, "outbox") as writer,
        holding(sender.engine) as still_held,
    ):
        run = _Run(sender, owner, still_held, stopping, done, writer)
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
