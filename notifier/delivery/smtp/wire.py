"""Write commands to one open connection, and queue the replies in the order in which they arrive."""

from __future__ import annotations

import asyncio
from collections import deque

from notifier.delivery.smtp.replies import Reply, ReplyParser

BUFFER = 4096  # bytes read at once


class Wire(asyncio.BufferedProtocol):
    """Takes over an asyncio transport after the greeting, TLS and the login. It serves one caller at a time."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parser = ReplyParser()
        # TLS fills slices of the buffer. Slices of a memoryview share its bytes; slices of a bytearray are copies.
        self._buffer = memoryview(bytearray(BUFFER))
        self._arrived: deque[Reply] = deque()
        self._loss = "the relay closed the connection" if transport.is_closing() else ""
        self._is_full = False  # whether the write buffer is full
        self._change: asyncio.Future[None] | None = None  # what a caller waits for: a reply, free space, or the end
        self._deadline = 0.0  # of the current wait
        self._timer: asyncio.TimerHandle | None = None  # reused, because most waits end long before their deadline
        transport.set_protocol(self)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is known to have ended."""
        return bool(self._loss)

    @property
    def has_reply(self) -> bool:
        """Whether a reply has arrived that has not been consumed yet."""
        return bool(self._arrived)

    def write(self, content: bytes) -> None:
        """Write bytes without waiting; only the replies show whether the relay has received them."""
        self._transport.write(content)

    def abort(self) -> None:
        """Close at once and discard what has not been sent yet."""
        self._transport.abort()

    async def next_reply(self, timeout: float) -> Reply:
        """Return the next reply; raise OSError if none comes within `timeout` seconds or the connection is lost."""
        while not self._arrived:
            await self._next_change(timeout)
        return self._arrived.popleft()

    def consume_reply(self, first_digit: int) -> bool:
        """Consume the next reply if it is here and its code begins with this digit; return whether it was consumed."""
        has_arrived = bool(self._arrived) and self._arrived[0].code // 100 == first_digit
        if has_arrived:
            self._arrived.popleft()
        return has_arrived

    async def drain(self, timeout: float) -> None:
        """Wait until the write buffer has room again, or a reply has arrived.

        Raises OSError if neither happens within `timeout` seconds or the connection is lost.
        """
        while self._is_full and not self._arrived:
            await self._next_change(timeout)

    async def _next_change(self, timeout: float) -> None:
        if self._loss:
            raise ConnectionError(self._loss)
        self._change = self._loop.create_future()
        self._deadline = self._loop.time() + timeout
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        try:
            await self._change
        finally:
            self._change = None

    def _wake_waiter(self) -> None:
        if self._change and not self._change.done():
            self._change.set_result(None)

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._change is None or self._change.done():
            return
        if self._loop.time() < self._deadline:  # the timer was set for an earlier wait
            self._set_timer()
        else:
            self._change.set_exception(TimeoutError("timed out"))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return the buffer for received bytes (asyncio.BufferedProtocol); it is reused, because replies are short."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse the bytes that have arrived in the buffer (asyncio.BufferedProtocol)."""
        if complete := self._parser.feed(self._buffer[:nbytes].tobytes()):
            self._arrived.extend(complete)
            self._wake_waiter()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection has ended (asyncio.BaseProtocol)."""
        self._loss = str(exc or "") or "the relay closed the connection"
        self._wake_waiter()
        if self._timer:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """Note that the write buffer is full (asyncio.BaseProtocol)."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Note that the write buffer has room again (asyncio.BaseProtocol)."""
        self._is_full = False
        self._wake_waiter()
