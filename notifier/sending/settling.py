"""Results are settled in groups: a lone one at once, those that come fast together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from notifier.sending.results import Result

GROUP = 64  # results that are not yet committed at most: what a crash may repeat beside the mail on the wire
GROUP_SECONDS = 0.02  # how long results wait for others, where they come fast
FAST = 4  # results in GROUP_SECONDS


class Settler:
    """Commits results by `commit`, one group after the other.

    A commit that fails is told by `failure`. What still comes is then kept, and committed at the end if the store lets
    it: the mail on the wire was sent, and a result that is lost is a mail that is sent again.
    """

    def __init__(self, commit: Callable[[list[Result]], Awaitable[None]], lanes: int) -> None:
        self.failure: Exception | None = None
        self._commit = commit
        self._rooms = GROUP + lanes
        self._is_room = asyncio.Event()
        self._arrived: list[Result] = []
        self._settled = asyncio.Event()  # of what has arrived
        self._is_last = False
        self._any = asyncio.Event()  # has arrived, or was the last of all
        self._full = asyncio.Event()  # a whole group has, or the last of all
        self._times: deque[float] = deque(maxlen=FAST)  # at which the last results came

    async def room(self) -> None:
        """Wait until one more mail may be sent, beside those on the wire and the results not yet committed."""
        while not self._rooms:
            self._is_room.clear()
            await self._is_room.wait()
        self._rooms -= 1

    def put(self, result: Result) -> asyncio.Event:
        """Take a result, for which there was room; the event says that it was committed, or could not be."""
        self._times.append(time.monotonic())
        self._arrived.append(result)
        self._any.set()
        if len(self._arrived) >= GROUP:
            self._full.set()
        return self._settled

    def finish(self) -> None:
        """No result will come any more, until it runs again."""
        self._is_last = True
        self._any.set()
        self._full.set()

    async def run(self) -> bool:
        """Commit results until finished; says whether all are committed."""
        group: list[Result] = []
        is_last = False
        while not is_last:
            await self._some()
            arrived, settled, is_last = self._arrived, self._settled, self._is_last
            self._arrived, self._settled = [], asyncio.Event()
            group += arrived
            if group and (is_last or not self.failure) and await self._is_committed(group):
                group = []
            settled.set()
            self._rooms += len(arrived)
            self._is_room.set()
        self._is_last = False
        return not group

    async def _some(self) -> None:
        """Wait until anything has arrived, and for more of it where results come fast."""
        await self._any.wait()
        if len(self._times) == FAST and self._times[-1] - self._times[0] < GROUP_SECONDS:
            await self._more()
        self._any.clear()
        self._full.clear()

    async def _more(self) -> None:
        """Wait until the group is full, or for GROUP_SECONDS."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GROUP_SECONDS):
                await self._full.wait()

    async def _is_committed(self, group: list[Result]) -> bool:
        try:
            await self._commit(group)
        except Exception as failure:  # of whatever kind: lanes wait for what becomes of this; whoever runs it raises it
            self.failure = failure
            return False
        return True
