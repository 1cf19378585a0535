"""Step 4: outbox rows become bytes, are handed over, and are settled.

One task claims rows and composes their mails, ahead of the lanes by COMPOSED at most; one for each lane in use sends
them; one settles what came of them, in groups. A sender holds a lock for as long as its process lives, and renews its
leases; a lease whose owner is gone is taken over at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from threading import Event
from typing import Any, NamedTuple, TypeVar

from notifier.delivery import Outcome, RelayCondition, StillWanted, Transport, TransportPool
from notifier.errors import ComposeError, NotifierError, TemplateError
from notifier.files import owner_lock, remove_owner_lock
from notifier.garbage import collecting_seldom
from notifier.models import DeliveryState, Mail
from notifier.sending import claims
from notifier.sending.claims import TimedClaim
from notifier.sending.composing import KnownPapers, known_papers, mails_of
from notifier.sending.outbox_writer import OutboxWriter
from notifier.sending.report import DeliveryReport
from notifier.sending.results import Result
from notifier.sending.sender import Sender
from notifier.sending.settling import Settler
from notifier.store.outbox import Claim, StillHeld, holding

COMPOSED = 50  # mails at once: what the lanes wait for meanwhile
PATIENCE_SECONDS = 90  # how long to wait for rows in other senders' hands, or for the relay's short pause to end
POLL_SECONDS = 0.2
GRACE_SECONDS = 60  # for the mail on the wire, once told to stop

T = TypeVar("T")


class _Job(NamedTuple):
    """A mail that is ready to go, and how to ask whether it still should."""

    turn: TimedClaim
    mail: Mail
    still_wanted: StillWanted


log = logging.getLogger(__name__)


async def send_due(sender: Sender, stopping: Event | None = None, done: DeliveryReport | None = None) -> DeliveryReport:
    """Send what is due, and wait a while for what is in other senders' hands; returns what became of it all.

    It ends early when told to stop, and where the relay is paused for longer than it would wait. `done` may be given to
    watch the run by. Raises NotifierError where nothing more can be sent or settled.
    """
    done = done or DeliveryReport()
    async with _sending(sender, stopping or Event(), done) as run:
        waiting_since = time.monotonic()
        while not run.stopping.is_set():
            if await run.drain():
                waiting_since = time.monotonic()
            elif time.monotonic() - waiting_since > PATIENCE_SECONDS:
                break
            if not await asyncio.to_thread(claims.is_worth_waiting, sender):
                break
            await asyncio.sleep(POLL_SECONDS)
        done.waits = await asyncio.to_thread(claims.why_it_waits, sender)
    return done


async def keep_sending(sender: Sender, stopping: Event) -> None:
    """Send what is due as it becomes due, until told to stop; the mail on the wire is finished then."""
    done = DeliveryReport()
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
        self, sender: Sender, books: OutboxWriter, still_held: StillHeld, known: KnownPapers, stopping: Event
    ) -> None:
        self.sender = sender
        self.stopping = stopping
        self._books = books
        self._still_held = still_held
        self._lanes = TransportPool(sender.lanes)
        self._settler = Settler(books.settle, len(sender.lanes))
        self._ready: deque[_Job] = deque()
        self._few_wait = asyncio.Event()  # or a lane is no longer in use
        self._known = known
        self._failure: NotifierError | None = None
        self._is_slow: bool | None = None  # whether templates make it slow to compose; finding out takes a while
        self._goes_well = False  # the last mail was accepted: the next is likely to be, and may be begun before

    async def drain(self) -> bool:
        """Send all that is due; ends early where the relay is paused or when told to. Says whether anything was done.

        Raises NotifierError where the store or the templates fail; the mail on the wire is finished first.
        """
        done = self._books.done.states
        before = done.total()
        self._books.is_relay_open = True
        await self._books.tidy()
        settling = asyncio.create_task(self._settler.run())
        try:
            with collecting_seldom():
                async with asyncio.TaskGroup() as on_the_wire:
                    await self._send_all(on_the_wire)
        finally:
            self._settler.finish()
            all_settled = await settling
            self._ready.clear()
        await self._books.give_back_rest(in_doubt=not all_settled)
        if failure := self._failure or self._settler.failure:
            raise failure
        return done.total() > before

    def _is_over(self) -> bool:
        return self._is_stopped or self.stopping.is_set()

    @property
    def _is_stopped(self) -> bool:
        """Whether even an envelope that is on its way is not to be followed by its mail."""
        return not self._books.is_relay_open or self._failure is not None or self._settler.failure is not None

    async def _send_all(self, on_the_wire: asyncio.TaskGroup) -> None:
        try:
            while not self._is_over() and (turns := await self._books.take()):
                for first in range(0, len(turns), COMPOSED):
                    await self._send_some(turns[first : first + COMPOSED], on_the_wire)
        except NotifierError as failure:
            self._failure = failure

    async def _send_some(self, turns: list[TimedClaim], on_the_wire: asyncio.TaskGroup) -> None:
        if self._is_over():
            return
        mails = await self._composed([turn.claim for turn in turns])
        for turn, mail in zip(turns, mails, strict=True):
            await self._offer(turn, mail, on_the_wire)
        while len(self._ready) > len(self.sender.lanes) and not self._is_over():
            self._few_wait.clear()
            await self._few_wait.wait()

    async def _composed(self, claims: list[Claim]) -> list[Mail | ComposeError]:
        """The mails of these claims; from templates that make it slow, in a thread, so that replies are heard.

        Else right here: a thread that computes makes each lane wait for the interpreter after each system call, which
        costs more than the composing.
        """
        compose = partial(mails_of, self.sender, claims, self._known)
        if self._is_slow is None:
            self._is_slow = await asyncio.to_thread(lambda: bool(self.sender.composer.why_slow))
        if self._is_slow:
            return await asyncio.to_thread(compose)
        mails = compose()
        await asyncio.sleep(0)  # what came meanwhile goes first
        return mails

    async def _offer(self, turn: TimedClaim, mail: Mail | ComposeError, on_the_wire: asyncio.TaskGroup) -> None:
        """Let the lanes have a mail, once its turn has come; one that could not be made is done with."""
        if self._is_over():
            return
        if isinstance(mail, ComposeError):
            state = DeliveryState.DEFERRED if isinstance(mail, TemplateError) else DeliveryState.FAILED
            await self._settler.room()
            self._settler.put(Result(turn, Outcome(state, str(mail), RelayCondition.UNTRIED)))
            return
        if self.sender.rates.per_second:
            await self._wait_for(turn)
        self._ready.append(_Job(turn, mail, partial(self._is_wanted, turn.claim)))
        self._use_lanes(on_the_wire)

    async def _wait_for(self, turn: TimedClaim) -> None:
        while (wait := (turn.at - self.sender.clock()).total_seconds()) > 0 and not self._is_over():
            await asyncio.sleep(min(wait, POLL_SECONDS))

    def _use_lanes(self, on_the_wire: asyncio.TaskGroup) -> None:
        """Use as many lanes as there are mails for, and as the relay bears."""
        while self._ready and self._lanes.are_free and not self._is_over():
            on_the_wire.create_task(self._carry(self._lanes.borrow(), self._ready.popleft(), on_the_wire))

    async def _carry(self, lane: Transport, first: _Job, on_the_wire: asyncio.TaskGroup) -> None:
        """Send this mail over a lane, and those that are ready after it."""
        jobs = deque([first])

        def following() -> tuple[Mail, StillWanted] | None:
            if ahead := self._next() if self._goes_well else None:
                jobs.append(ahead)
            return (ahead.mail, ahead.still_wanted) if ahead else None

        try:
            while jobs:
                is_connected = False
                job = jobs.popleft()
                await self._settler.room()
                outcome = self._lanes.learn(await lane.send(job.mail, job.still_wanted, following))
                self._goes_well = outcome.state is DeliveryState.ACCEPTED
                settled = self._settler.put(Result(job.turn, outcome))
                if not self._goes_well:
                    await settled.wait()  # before the next mail: it may have paused the relay
                is_connected = not outcome.is_relay_fault
                self._use_lanes(on_the_wire)
                if self._is_stopped:
                    jobs.clear()
                elif not jobs and (another := self._next()):
                    jobs.append(another)
        except NotifierError as failure:
            self._failure = failure
        finally:
            self._lanes.give_back(lane, is_connected=is_connected)
            self._few_wait.set()
        self._use_lanes(on_the_wire)

    def _next(self) -> _Job | None:
        """The next mail for a lane in use, if it may have one more."""
        if not self._ready or self._lanes.are_too_many or self._is_over():
            return None
        job = self._ready.popleft()
        if len(self._ready) <= len(self.sender.lanes):
            self._few_wait.set()
        return job

    async def _is_wanted(self, claim: Claim) -> bool:
        """Asked of the store right here, not in a thread: nothing may come between the answer and MAIL."""
        return self._still_held(claim, (job.turn.claim for job in self._ready))


@asynccontextmanager
async def _sending(sender: Sender, stopping: Event, done: DeliveryReport) -> AsyncIterator[_Run]:
    """A sender at work; whatever it still holds at the end is free again."""
    with (
        owner_lock(sender.owners_folder) as owner,
        ThreadPoolExecutor(1, "outbox") as writer,
        holding(sender.engine) as still_held,
        known_papers(sender.engine) as known,
    ):
        books = OutboxWriter(sender, owner, done, writer)
        alive = asyncio.create_task(books.keep_alive())
        try:
            async with AsyncExitStack() as lanes:
                for lane in sender.lanes:
                    await lanes.enter_async_context(lane)
                yield _Run(sender, books, still_held, known, stopping)
        except BaseException:
            await books.give_back(in_doubt=True)
            remove_owner_lock(sender.owners_folder, owner)
            raise
        finally:
            alive.cancel()
            with suppress(asyncio.CancelledError):
                await alive
