"""Run a delivery: claim outbox rows, compose their mails, send them, and settle the results.

Several tasks share a run. One task claims rows and composes their mails, COMPOSE_BATCH at a time, and waits before each
batch until only a few of the earlier mails are left. For each connection in use, one task sends mails. One task settles
the results in groups. A sender holds a file lock while it runs, and renews its leases. If its process dies, the lock
becomes free, and other senders take its leases over at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
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
from notifier.sending.composing import PaperCache, mails_of, paper_cache
from notifier.sending.outbox_writer import OutboxWriter
from notifier.sending.report import DeliveryReport
from notifier.sending.results import Result
from notifier.sending.sender import Sender
from notifier.sending.settling import Settler
from notifier.store.outbox import Claim, ClaimCheck, checking_claims

COMPOSE_BATCH = 50  # mails composed at once; no reply is read while they are composed
WAIT_SECONDS = 90  # how long to wait for rows that other senders hold, or for the end of a short pause
POLL_SECONDS = 0.2
GRACE_SECONDS = 60  # how long the mail on the wire may take after a request to stop

T = TypeVar("T")


class _Job(NamedTuple):
    """A composed mail, its claim, and the function that says whether the mail is still wanted."""

    timed_claim: TimedClaim
    mail: Mail
    still_wanted: StillWanted


log = logging.getLogger(__name__)


async def send_due(
    sender: Sender, stopping: Event | None = None, report: DeliveryReport | None = None
) -> DeliveryReport:
    """Send all mail that is due, and return the report of the run.

    Waits up to WAIT_SECONDS for rows that other senders hold, or for the end of a short pause. Ends early when
    `stopping` is set, or if sending is paused for longer than claims.LONGEST_AWAITED_PAUSE. `report` may be given in
    order to watch the progress. Raises NotifierError if nothing more can be sent or settled.
    """
    report = report or DeliveryReport()
    async with _open_run(sender, stopping or Event(), report) as run:
        waiting_since = time.monotonic()
        while not run.stopping.is_set():
            if await run.drain():
                waiting_since = time.monotonic()
            elif time.monotonic() - waiting_since > WAIT_SECONDS:
                break
            if not await asyncio.to_thread(claims.is_worth_waiting, sender):
                break
            await asyncio.sleep(POLL_SECONDS)
        report.waiting_reason = await asyncio.to_thread(claims.reason_for_waiting, sender)
    return report


async def keep_sending(sender: Sender, stopping: Event, on_round: Callable[[], None] = lambda: None) -> None:
    """Send mail as it becomes due until `stopping` is set, then finish the mail on the wire.

    `on_round` is called after each round in which all due mail was sent, and often during a long one.
    """
    report = DeliveryReport()
    async with _open_run(sender, stopping, report, on_round) as run:
        while not stopping.is_set():
            was_busy = await run.drain()
            on_round()
            if was_busy:
                log.info("mail: %s", ", ".join(f"{n} {state}" for state, n in report.states.items() if n))
                report.states.clear()
                report.reasons.clear()
            await asyncio.sleep(POLL_SECONDS)


async def send_round(sender: Sender, stopping: Event, report: DeliveryReport) -> None:
    """Send what is due and can be claimed now; wait neither for other senders nor for the end of a pause."""
    async with _open_run(sender, stopping, report) as run:
        while await run.drain() and not stopping.is_set():  # after a probe that was accepted, others can be claimed
            pass


async def within_grace(sending: Coroutine[Any, Any, T], stopping: Event) -> T | None:
    """Await `sending`, but cancel it if it is still running GRACE_SECONDS after `stopping` was set.

    Returns the result of `sending`, or None if it was cancelled. In that case the mail on the wire is sent again later.
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


class _SendingRun:
    """The state of one sender's run: the mails that are ready, the transports in use, and the results."""

    def __init__(
        self, sender: Sender, outbox: OutboxWriter, still_held: ClaimCheck, cache: PaperCache, stopping: Event
    ) -> None:
        self.sender = sender
        self.stopping = stopping
        self._outbox = outbox
        self._still_held = still_held
        self._pool = TransportPool(sender.transports)
        self._settler = Settler(outbox.settle, len(sender.transports))
        self._ready: deque[_Job] = deque()
        self._needs_mails = asyncio.Event()  # set when few mails are ready, or a transport has been given back
        self._cache = cache
        self._failure: NotifierError | None = None
        # Whether the last mail was accepted. If it was, a transport may write the envelope of the next mail directly
        # after a message, before the relay replies to that message.
        self._was_accepted = False

    async def drain(self) -> bool:
        """Send all mail that is due, and return whether anything was done.

        Ends early if sending is paused or `stopping` is set. If the store or the templates fail, the mail on the wire
        is finished before NotifierError is raised.
        """
        states = self._outbox.report.states
        before = states.total()
        self._outbox.is_relay_open = True
        await self._outbox.clean_up()
        settling = asyncio.create_task(self._settler.run())
        try:
            with collecting_seldom():
                async with asyncio.TaskGroup() as on_the_wire:
                    await self._send_all(on_the_wire)
        finally:
            self._settler.finish()
            all_settled = await settling
            self._ready.clear()
        await self._outbox.release_unsettled(in_doubt=not all_settled)
        if failure := self._failure or self._settler.failure or self._outbox.failure:
            raise failure
        return states.total() > before

    def _is_ending(self) -> bool:
        """Return whether no further mail may be begun."""
        return self._is_blocked or self.stopping.is_set()

    @property
    def _is_blocked(self) -> bool:
        """Whether no mail at all may be sent, even if its envelope was already written."""
        has_failed = self._failure or self._settler.failure or self._outbox.failure
        return not self._outbox.is_relay_open or has_failed is not None

    async def _send_all(self, on_the_wire: asyncio.TaskGroup) -> None:
        try:
            while not self._is_ending() and (claimed := await self._outbox.claim_next()):
                for first in range(0, len(claimed), COMPOSE_BATCH):
                    await self._send_batch(claimed[first : first + COMPOSE_BATCH], on_the_wire)
        except NotifierError as failure:
            self._failure = failure

    async def _send_batch(self, batch: list[TimedClaim], on_the_wire: asyncio.TaskGroup) -> None:
        """Compose the mails of a batch, start sending them, and wait until only a few of them are left."""
        if self._is_ending():
            return
        mails = await self._compose_here([timed_claim.claim for timed_claim in batch])
        for timed_claim, mail in zip(batch, mails, strict=True):
            await self._make_ready(timed_claim, mail, on_the_wire)
        while len(self._ready) > len(self.sender.transports) and not self._is_ending():
            self._needs_mails.clear()
            await self._needs_mails.wait()

    async def _compose_here(self, claims: list[Claim]) -> list[Mail | ComposeError]:
        """Return the mails of these claims.

        They are composed in this thread: a second thread would cost more than the composing, because it makes each
        connection wait for the interpreter after each system call.
        """
        mails = mails_of(self.sender, claims, self._cache)
        await asyncio.sleep(0)  # lets the event loop handle the replies that have come meanwhile
        return mails

    async def _make_ready(
        self, timed_claim: TimedClaim, mail: Mail | ComposeError, on_the_wire: asyncio.TaskGroup
    ) -> None:
        """Wait for the send time of a mail and let a transport send it; settle a mail that could not be composed."""
        if self._is_ending():
            return
        if isinstance(mail, ComposeError):
            state = DeliveryState.DEFERRED if isinstance(mail, TemplateError) else DeliveryState.FAILED
            if await self._settler.reserve_place():
                self._settler.put(Result(timed_claim, Outcome(state, str(mail), RelayCondition.UNTRIED)))
            return
        if self.sender.rates.per_second:
            await self._wait_until(timed_claim.send_at)
        self._ready.append(_Job(timed_claim, mail, partial(self._is_wanted, timed_claim.claim)))
        self._start_transports(on_the_wire)

    async def _wait_until(self, send_at: datetime) -> None:
        while (wait := (send_at - self.sender.clock()).total_seconds()) > 0 and not self._is_ending():
            self._outbox.on_progress()
            await asyncio.sleep(min(wait, POLL_SECONDS))

    def _start_transports(self, on_the_wire: asyncio.TaskGroup) -> None:
        """Start as many transports as there are mails for, within the limit of the pool."""
        while self._ready and self._pool.has_free and not self._is_ending():
            on_the_wire.create_task(self._send_over(self._pool.acquire(), self._ready.popleft(), on_the_wire))

    async def _send_over(self, transport: Transport, first: _Job, on_the_wire: asyncio.TaskGroup) -> None:
        """Send a mail over a transport, and then others that are ready."""
        jobs = deque([first])

        def next_mail() -> tuple[Mail, StillWanted] | None:
            if expected := self._next_job() if self._was_accepted else None:
                jobs.append(expected)
            return (expected.mail, expected.still_wanted) if expected else None

        try:
            while jobs:
                is_connected = False
                job = jobs.popleft()
                if not await self._reserve_place():
                    break
                outcome = self._pool.record(await transport.send(job.mail, job.still_wanted, next_mail))
                self._was_accepted = outcome.state is DeliveryState.ACCEPTED
                settled = self._settler.put(Result(job.timed_claim, outcome))
                if not self._was_accepted:
                    await settled.wait()  # because this result may pause sending
                is_connected = not outcome.is_relay_fault
                self._start_transports(on_the_wire)
                if self._is_blocked:
                    jobs.clear()
                elif not jobs and (another := self._next_job()):
                    jobs.append(another)
        except NotifierError as failure:
            self._failure = failure
        finally:
            self._pool.release(transport, is_connected=is_connected)
            self._needs_mails.set()
        self._start_transports(on_the_wire)

    async def _reserve_place(self) -> bool:
        """Reserve a place in the settler for the result of a mail; return False if no mail may be sent any more.

        While a mail waits for its place, the commit of other results may fail, or may pause sending.
        """
        if not await self._settler.reserve_place():
            return False
        if self._is_blocked:
            self._settler.return_place()
            return False
        return True

    def _next_job(self) -> _Job | None:
        """Return the next mail for a transport in use, or None if the transport has to be given back."""
        if not self._ready or self._pool.is_over_limit or self._is_ending():
            return None
        job = self._ready.popleft()
        if len(self._ready) <= len(self.sender.transports):
            self._needs_mails.set()
        return job

    async def _is_wanted(self, claim: Claim) -> bool:
        """Return whether this sender still holds a claim, and its subscriber still wants mail.

        The store is read here and not in a thread, so that nothing can happen between the answer and the MAIL command.
        """
        return self._still_held(claim, (job.timed_claim.claim for job in self._ready))


@asynccontextmanager
async def _open_run(
    sender: Sender, stopping: Event, report: DeliveryReport, on_progress: Callable[[], None] = lambda: None
) -> AsyncIterator[_SendingRun]:
    """Hold the sender's lock and its open transports while the block runs; release all claims if the block raises.

    `on_progress` is called when results have been stored, and while a mail waits for the time at which it may be sent.
    """
    with (
        owner_lock(sender.owners_folder) as owner,
        ThreadPoolExecutor(1, "outbox") as thread,
        checking_claims(sender.engine) as still_held,
        paper_cache(sender.engine) as cache,
    ):
        outbox = OutboxWriter(sender, owner, report, thread, on_progress)
        renewing = asyncio.create_task(outbox.keep_leases_alive())
        try:
            async with AsyncExitStack() as opened:
                for transport in sender.transports:
                    await opened.enter_async_context(transport)
                yield _SendingRun(sender, outbox, still_held, cache, stopping)
        except BaseException:
            await outbox.release_all(in_doubt=True)
            remove_owner_lock(sender.owners_folder, owner)
            raise
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
