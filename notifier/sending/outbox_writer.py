"""What a run says to the store: one write at a time, in a thread, for a write may wait for the disk or for a lock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from notifier.errors import StoreError
from notifier.models import DeliveryState
from notifier.sending import claims
from notifier.sending.claims import TimedClaim
from notifier.sending.report import DeliveryReport
from notifier.sending.results import Result, settle
from notifier.sending.sender import Sender

RENEW_SECONDS = 20

T = TypeVar("T")

log = logging.getLogger(__name__)


class OutboxWriter:
    """One sender's: what it has in its hands, what became of it (`done`), and whether the relay may be used."""

    def __init__(self, sender: Sender, owner: str, done: DeliveryReport, writer: ThreadPoolExecutor) -> None:
        self.done = done
        self.is_relay_open = True
        self._sender = sender
        self._owner = owner
        self._writer = writer
        self._in_hand = 0  # claims without a committed result

    async def take(self) -> list[TimedClaim]:
        """Claim what may be sent next."""
        turns = await self._write(partial(claims.take, self._sender, self._owner))
        self._in_hand += len(turns)
        return turns

    async def settle(self, results: list[Result]) -> None:
        """Write down what became of these claims."""
        settled = await self._write(partial(settle, self._sender, results))
        self._in_hand -= len(results)
        self.is_relay_open = settled.is_open
        for outcome in settled.outcomes:
            self.done.add(outcome)
        self.done.trouble = settled.pause or self.done.trouble

    async def give_back_rest(self, *, in_doubt: bool) -> None:
        """Let others have what has no result, if there is any; `in_doubt` where some of it may have been sent."""
        if self._in_hand:
            await self.give_back(in_doubt=in_doubt)

    async def give_back(self, *, in_doubt: bool) -> None:
        """Let others have all that this sender holds."""
        await self._write(partial(claims.give_back, self._sender, self._owner, in_doubt=in_doubt))
        self._in_hand = 0

    async def tidy(self) -> None:
        """Clear away what others left."""
        tidied = await self._write(partial(claims.tidy, self._sender, self._owner))
        self.done.states[DeliveryState.CANCELLED] += tidied.cancelled
        self.done.states[DeliveryState.EXPIRED] += tidied.expired

    async def keep_alive(self) -> None:
        """Renew the leases, and clear away what others left, for as long as this sender is at work."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._write(partial(claims.renew, self._sender, self._owner))
                await self.tidy()
            except StoreError as error:
                log.warning("the leases were not renewed: %s", error)

    async def _write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
