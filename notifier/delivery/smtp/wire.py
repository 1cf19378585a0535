"""One open connection's bytes: what is written, and the replies in the order in which they come."""

from __future__ import annotations

import asyncio
from collections import deque

from notifier.delivery.smtp.replies import Replies, Reply

BUFFER = 4096  # bytes read at once


class Wire(asyncio.BufferedProtocol):
    """Takes over a transport that has been greeted, encrypted and logged in. For one caller at a time."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._replies = Replies()
        self._buffer = memoryview(bytearray(BUFFER))  # a view, for TLS fills it part by part
        self._arrived: deque[Reply] = deque()
        self._loss = "the relay closed the connection" if transport.is_closing() else ""
        self._is_full = False
        self._change: asyncio.Future[None] | None = None
        self._deadline = 0.0  # of the change that is waited for
        self._timer: asyncio.TimerHandle | None = None  # kept from wait to wait, most of which end long before
        transport.set_protocol(self)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is known to have ended."""
        return bool(self._loss)

    @property
    def has_reply(self) -> bool:
        """Whether a reply has come that nobody has taken yet."""
        return bool(self._arrived)

    def write(self, content: bytes) -> None:
        """Send bytes; whether they left is told by the replies."""
        self._transport.write(content)

    def abort(self) -> None:
        """Close at once, without flushing what is still to be written."""
        self._transport.abort()

    async def reply(self, patience: float) -> Reply:
        """The next reply, within so many seconds. Raises OSError where none comes."""
        while not self._arrived:
            await self._next_change(patience)
        return self._arrived.popleft()

    def took(self, kind: int) -> bool:
        """Whether the next reply has come and is of this kind, its code's first digit; it is taken then."""
        is_there = bool(self._arrived) and self._arrived[0].code // 100 == kind
        if is_there:
            self._arrived.popleft()
        return is_there

    async def room(self, patience: float) -> None:
        """Wait until what was written has left but for a rest, or a reply comes. Raises OSError where neither does."""
        while self._is_full and not self._arrived:
            await self._next_change(patience)

    async def _next_change(self, patience: float) -> None:
        if self._loss:
            raise ConnectionError(self._loss)
        self._change = self._loop.create_future()
        self._deadline = self._loop.time() + patience
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        try:
            await self._change
        finally:
            self._change = None

    def _changed(self) -> None:
        if self._change and not self._change.done():
            self._change.set_result(None)

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._change is None or self._change.done():
            return
        if self._loop.time() < self._deadline:  # that of an earlier wait
            self._set_timer()
        else:
            self._change.set_exception(TimeoutError("timed out"))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Of asyncio.BufferedProtocol: where bytes go, the same place again and again, for replies are short."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Of asyncio.BufferedProtocol: so many bytes have come."""
        if complete := self._replies.feed(self._buffer[:nbytes].tobytes()):
            self._arrived.extend(complete)
            self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio.BaseProtocol: the connection has ended."""
        self._loss = str(exc or "") or "the relay closed the connection"
        self._changed()
        if self._timer:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """Of asyncio.BaseProtocol: more was written than the relay takes at the moment."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Of asyncio.BaseProtocol: it takes more again."""
        self._is_full = False
        self._changed()
