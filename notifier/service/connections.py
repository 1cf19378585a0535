"""Limit how many connections the web server has at once, and how long each may take for a request.

A connection takes a file descriptor. When these run out, nothing else can open a file or a connection either: no mail
is sent, no dump is read. So the web server uses at most half of them.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import socket
import time
from typing import Any, NamedTuple, cast

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

REQUEST_SECONDS = 20  # for the header of a request, and again for its body
RESPONSE_SECONDS = 120  # until the client has received the response; a page may wait up to 30 s for a locked database
MAX_CONNECTIONS = 1000
QUEUED_CONNECTIONS = 1024  # the kernel keeps this many until we accept them; they take no file descriptors of ours
PAGE_THREADS = 8  # each may use a database connection, which has a cache of 16 MB
LOG_SECONDS = 60  # at least this long between two log lines about refused connections

log = logging.getLogger("notifier")


class ConnectionLimits(NamedTuple):
    """The most connections at once, and the most that one round of the event loop may accept."""

    connections: int
    backlog: int


def connection_limits() -> ConnectionLimits:
    """Return the limits that leave half of this process's file descriptors (`ulimit -n`) to everything else."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        descriptors = 8 * MAX_CONNECTIONS
    backlog = min(128, max(4, descriptors // 32))
    # A refused connection is closed a few rounds of the event loop after it was accepted, and each round may accept as
    # many connections as the backlog allows.
    return ConnectionLimits(min(MAX_CONNECTIONS, max(4, descriptors // 2 - 4 * backlog)), backlog)


class RefusalLog:
    """Logs refused connections, at most one line in LOG_SECONDS."""

    def __init__(self) -> None:
        self._refused = 0
        self._next_line = 0.0

    def add(self, reason: str) -> None:
        """Count a refused connection, and log the count if the last line is old enough."""
        self._refused += 1
        if (now := time.monotonic()) >= self._next_line:
            log.warning("web connections: %d closed or not accepted, because %s", self._refused, reason)
            self._refused, self._next_line = 0, now + LOG_SECONDS


refusals = RefusalLog()


class BoundedProtocol(H11Protocol):
    """A connection that is closed if its client is too slow, or to make room if there are too many connections.

    If there are too many, the connection that has waited longest for its client is closed. If all other connections are
    being answered, the new connection is closed. uvicorn's own `limit_concurrency` would keep the idle connections, and
    answer the others with an error.
    """

    def __init__(self, limit: int, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._limit = limit
        self._phase: tuple[RequestResponseCycle | None, bool] | None = None
        self._phase_began = 0.0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_answering(self) -> bool:
        """Whether a request has arrived as a whole, and its answer is not complete."""
        cycle = cast(RequestResponseCycle | None, self.cycle)  # None before the first request
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first request, and close a connection if there are too many."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > self._limit:
            refusals.add(f"there were more than {self._limit} at once")
            self._longest_waiting().transport.abort()

    def data_received(self, data: bytes) -> None:
        """Handle what the client has sent."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Start the deadline of the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        super().connection_lost(exc)
        if self._deadline:
            self._deadline.cancel()

    def shutdown(self) -> None:
        """Close the connection when the server stops, but let an answer that was begun be finished."""
        if self.is_answering:
            super().shutdown()
        else:
            self.transport.abort()

    def _longest_waiting(self) -> H11Protocol:
        waiting = [
            each
            for each in self.connections
            if isinstance(each, BoundedProtocol) and not each.is_answering and not each.transport.is_closing()
        ]
        return min(waiting, key=lambda each: each._phase_began, default=self)

    def _watch(self) -> None:
        """Start a new deadline if another phase has begun: waiting for a header, for a body, or answering."""
        phase = (self.cycle, self.is_answering)
        if phase == self._phase or self.transport.is_closing():
            return
        self._phase, self._phase_began = phase, self.loop.time()
        if self._deadline:
            self._deadline.cancel()
        seconds = RESPONSE_SECONDS if self.is_answering else REQUEST_SECONDS
        self._deadline = self.loop.call_later(seconds, self.transport.abort)


class QueueingServer(uvicorn.Server):
    """A server that accepts few connections at once, but lets many wait in the kernel's queue.

    asyncio uses one number, the backlog, for both. If the queue were that short, it could fill up, and a client that
    finds it full tries again only after a second.

    Pages are made by PAGE_THREADS threads; further requests wait for one of them.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and lengthen the queue (listen(2) may be called again)."""
        current_default_thread_limiter().total_tokens = PAGE_THREADS
        await super().startup(sockets)
        for each in self.servers if self.started else ():
            for listening in each.sockets:
                with socket.socket(fileno=os.dup(listening.fileno())) as same:
                    same.listen(QUEUED_CONNECTIONS)


def log_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error of the web server's event loop. An error about file descriptors is logged at most once a minute."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        refusals.add("no file descriptors are left; raise `ulimit -n`")
    else:
        loop.default_exception_handler(context)
