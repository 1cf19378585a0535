"""Results are settled in groups: a lone one at once, those that come fast together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from notifier.errors import StoreError
from notifier.pipeline.settling import Result

GROUP = 64  # results that are not yet committed at most: what a crash may repeat beside the mail on the wire
GROUP_SECONDS = 0.02  # how long results wait for others, where they come fast
FAST = 4  # results in GROUP_SECONDS


class Settler:
    """Commits results by `commit`, one group after the other.

    A store that fails is told by `failure`. What still comes is then kept, and committed at the end if the store lets
    it: the mail on the wire was sent, and a result that is lost is a mail that is sent again.
    """

    def __init__(self, commit: Callable[[list[Result]], Awaitable[None]], lanes: int) -> None:
        self.failure: StoreError | None = None
        self._commit = commit
        self._room = asyncio.Semaphore(GROUP + lanes)
        self._arrived: asyncio.Queue[tuple[Result, asyncio.Event] | None] = asyncio.Queue()
        self._full = asyncio.Event()  # a whole group has come, or the last of all
        self._times: deque[float] = deque(maxlen=FAST)  # at which the last results came

    async def room(self) -> None:
        """Wait until one more mail may be sent, beside those on the wire and the results not yet committed."""
        await self._room.acquire()

    def put(self, result: Result) -> asyncio.Event:
        """Take a result, for which there was room; the event says that it was committed, or could not be."""
        settled = asyncio.Event()
        self._times.append(time.monotonic())
        self._arrived.put_nowait((result, settled))
        if self._arrived.qsize() >= GROUP - 1:  # one is in hand already
            self._full.set()
        return settled

    def finish(self) -> None:
        """No result will come any more."""
        self._arrived.put_nowait(None)
        self._full.set()

    async def run(self) -> bool:
        """Commit results until finished; says whether all are committed."""
        group: list[Result] = []
        is_last = False
        while not is_last:
            arrived = await self._next()
            is_last = arrived[-1] is None
            new = [each for each in arrived if each]
            group += [result for result, _ in new]
            if group and (is_last or not self.failure) and await self._is_committed(group):
                group = []
            for _, settled in new:
                settled.set()
                self._room.release()
        return not group

    async def _next(self) -> list[tuple[Result, asyncio.Event] | None]:
        """What has arrived, as soon as anything has."""
        arrived = [await self._arrived.get()]
        if len(self._times) == FAST and self._times[-1] - self._times[0] < GROUP_SECONDS:
            await self._more()
        while not self._arrived.empty():
            arrived.append(self._arrived.get_nowait())
        self._full.clear()
        return arrived

    async def _more(self) -> None:
        """Wait until the group is full, or for GROUP_SECONDS."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GROUP_SECONDS):
                await self._full.wait()

    async def _is_committed(self, group: list[Result]) -> bool:
        try:
            await self._commit(group)
        except StoreError as failure:
            self.failure = failure
            return False
        return True
