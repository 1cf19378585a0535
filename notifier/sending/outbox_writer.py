"""Run the outbox writes of one delivery run in a thread, one at a time.

A write may wait for the disk or for a lock, and must not block the event loop meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from notifier.errors import DiskFullError, StoreError
from notifier.models import DeliveryState
from notifier.sending import claims
from notifier.sending.claims import TimedClaim
from notifier.sending.report import DeliveryReport
from notifier.sending.results import Result, settle
from notifier.sending.sender import Sender
from notifier.store import writing
from notifier.store.log_reserve import reserve_log

RENEW_SECONDS = 20

T = TypeVar("T")

log = logging.getLogger(__name__)


class OutboxWriter:
    """Claims, settles and releases the rows of one sender, and counts the outcomes in `report`.

    `is_relay_open` is false if sending was paused when the last results were settled. `failure` is set when the disk is
    full, so that no further mail may be begun. The results of mails on the wire can still be stored: space for them was
    reserved before they were claimed, and again after each group of results. `on_progress` is called when results have
    been stored.
    """

    def __init__(
        self,
        sender: Sender,
        owner: str,
        report: DeliveryReport,
        thread: ThreadPoolExecutor,
        on_progress: Callable[[], None],
    ) -> None:
        self.report = report
        self.on_progress = on_progress
        self.is_relay_open = True
        self.failure: DiskFullError | None = None
        self._sender = sender
        self._owner = owner
        self._thread = thread
        self._unsettled = 0  # claims without a committed result

    async def claim_next(self) -> list[TimedClaim]:
        """Claim the rows that may be sent next."""
        claimed = await self._in_thread(partial(claims.claim_next, self._sender, self._owner))
        self._unsettled += len(claimed)
        return claimed

    async def settle(self, results: list[Result]) -> None:
        """Store the results of these claims."""
        settled = await self._in_thread(partial(settle, self._sender, results))
        self._unsettled -= len(results)
        self.is_relay_open = settled.is_open
        for outcome in settled.outcomes:
            self.report.add(outcome)
        self.report.pause_reason = settled.pause_reason or self.report.pause_reason
        await self._reserve_log()
        self.on_progress()

    async def release_unsettled(self, *, in_doubt: bool) -> None:
        """Release the claims without a result, if any; `in_doubt` says whether some of the mails may have been sent."""
        if self._unsettled:
            await self.release_all(in_doubt=in_doubt)

    async def release_all(self, *, in_doubt: bool) -> None:
        """Release all claims of this sender for other senders; `in_doubt` says whether some may have been sent."""
        await self._in_thread(partial(claims.release_claims, self._sender, self._owner, in_doubt=in_doubt))
        self._unsettled = 0

    async def clean_up(self) -> None:
        """Clean up the outbox, and count the messages that were cancelled or expired."""
        counts = await self._in_thread(partial(claims.clean_up, self._sender, self._owner))
        self.report.states[DeliveryState.CANCELLED] += counts.cancelled
        self.report.states[DeliveryState.EXPIRED] += counts.expired

    async def keep_leases_alive(self) -> None:
        """Renew the leases and clean up the outbox every RENEW_SECONDS, until cancelled.

        An error of any kind is logged, and the renewal is tried again: leases that run out would be taken over.
        """
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._in_thread(partial(claims.renew_leases, self._sender, self._owner))
                await self.clean_up()
            except StoreError as error:
                log.warning("the leases were not renewed: %s", error)
            except Exception:
                log.exception("the leases were not renewed, because of an unexpected error")

    async def _reserve_log(self) -> None:
        """Reserve space in the database for the next results; if the disk is full, set `failure`."""

        def reserve() -> None:
            with writing(self._sender.engine) as connection:
                reserve_log(connection)

        try:
            await self._in_thread(reserve)
        except DiskFullError as failure:
            self.failure = failure

    async def _in_thread(self, write: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write)
