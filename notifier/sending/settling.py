"""Commit results in groups. A single result is committed at once; results that come fast are committed together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from notifier.sending.results import Result

GROUP_SIZE = 64  # if there are this many results, they are committed without waiting for more
GROUP_SECONDS = 0.02  # how long a result waits for others if results come fast
FAST_RESULTS = 4  # results come fast if this many of them arrive within GROUP_SECONDS


class Settler:
    """Commits results by calling `commit` with one group after the other.

    A mail takes a place before it is sent. The place is free again when the result of the mail is committed, or cannot
    be committed. There are GROUP_SIZE + `connections` places. A crash repeats at most one mail for each place.

    If a commit fails, `failure` holds the error. Results that come after it are kept. At the end, one
    more commit of all uncommitted results is tried, because a mail whose result is lost is sent again.
    """

    def __init__(self, commit: Callable[[list[Result]], Awaitable[None]], connections: int) -> None:
        self.failure: Exception | None = None
        self._commit = commit
        self._places = GROUP_SIZE + connections  # free places: this many more mails may be sent before a commit
        self._place_freed = asyncio.Event()
        self._results: list[Result] = []  # results that are in no group yet
        self._results_settled = asyncio.Event()  # set when `_results` have been committed, or cannot be
        self._is_finished = False
        self._has_work = asyncio.Event()  # set when there is a result, or `finish` was called
        self._has_full_group = asyncio.Event()  # set when there are GROUP_SIZE results, or `finish` was called
        self._arrival_times: deque[float] = deque(maxlen=FAST_RESULTS)  # when the newest results came

    async def reserve_place(self) -> bool:
        """Wait until one more mail may be sent, and reserve a place for it.

        Return False if a commit has failed. Then no more mail may be sent, because its result might not be committed
        either.
        """
        while not self._places and not self.failure:
            self._place_freed.clear()
            await self._place_freed.wait()
        if self.failure:
            return False
        self._places -= 1
        return True

    def return_place(self) -> None:
        """Return a reserved place whose mail was not begun."""
        self._places += 1
        self._place_freed.set()

    def put(self, result: Result) -> asyncio.Event:
        """Add a result whose place was reserved; return an event that is set when it is committed or cannot be."""
        self._arrival_times.append(time.monotonic())
        self._results.append(result)
        self._has_work.set()
        if len(self._results) >= GROUP_SIZE:
            self._has_full_group.set()
        return self._results_settled

    def finish(self) -> None:
        """Let `run` end when it has handled the results that have been added."""
        self._is_finished = True
        self._has_work.set()
        self._has_full_group.set()

    async def run(self) -> bool:
        """Commit results until `finish` is called, and return whether all of them are committed."""
        group: list[Result] = []
        is_last = False
        while not is_last:
            await self._wait_for_group()
            results, settled, is_last = self._results, self._results_settled, self._is_finished
            self._results, self._results_settled = [], asyncio.Event()
            group += results
            if group and (is_last or not self.failure) and await self._try_commit(group):
                group = []
            settled.set()
            self._places += len(results)
            self._place_freed.set()
        self._is_finished = False
        return not group

    async def _wait_for_group(self) -> None:
        """Wait for a result and, if results come fast, for a full group or GROUP_SECONDS."""
        await self._has_work.wait()
        if (
            len(self._arrival_times) == FAST_RESULTS
            and self._arrival_times[-1] - self._arrival_times[0] < GROUP_SECONDS
        ):
            with suppress(TimeoutError):
                async with asyncio.timeout(GROUP_SECONDS):
                    await self._has_full_group.wait()
        self._has_work.clear()
        self._has_full_group.clear()

    async def _try_commit(self, group: list[Result]) -> bool:
        """Commit a group and return whether that succeeded.

        Every exception is caught here, because other tasks wait for the group to be settled. The caller of the settler
        raises `failure` later.
        """
        try:
            await self._commit(group)
        except Exception as failure:
            self.failure = failure
            return False
        return True
