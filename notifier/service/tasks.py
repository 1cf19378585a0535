"""Define the tasks that the service keeps running, each in its own thread: sending mail and serving web requests."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import cast

import uvicorn
from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import ConfigError, DiskFullError
from notifier.models import Clock
from notifier.operations.metrics import metrics_text
from notifier.sending import keep_sending, keep_sending_events, sender_for, within_grace
from notifier.service.connections import BoundedProtocol, QueueingServer, connection_limits, log_loop_error
from notifier.service.failures import FailureLog
from notifier.web import make_app

RESTART_SECONDS = 5  # between a failure of a task and its next start
# The same if the disk is full. It is longer, because each start may send some mails again: on PostgreSQL, no space can
# be reserved for storing that they were sent.
FULL_DISK_SECONDS = 300
LAST_REQUESTS_SECONDS = 5  # for the requests in progress when the web task stops
POLL_SECONDS = 0.2

SENDING = "sending mail"
EVENTS = "sending events"
WEB = "the web server"


@dataclass(frozen=True, slots=True)
class Task:
    """A part of the service: `run` runs with a config until the event is set."""

    name: str
    run: Callable[[Config, Event], None]


def run_until_stopped(task: Task, config: Config, stopping: Event, failures: FailureLog) -> None:
    """Run a task until `stopping` is set; if it fails, log the failure and start it again after a while."""
    while not stopping.is_set():
        try:
            task.run(config, stopping)
        except Exception as error:
            failures.log_failure(task.name, error)
            _wait(FULL_DISK_SECONDS if isinstance(error, DiskFullError) else RESTART_SECONDS, stopping)


def sending_task(engine: Engine, clock: Clock, on_round: Callable[[], None]) -> Task:
    """Return the task that sends mail as it becomes due; see `keep_sending` for `on_round`."""

    def send(config: Config, stopping: Event) -> None:
        sender = sender_for(engine, config, clock)
        asyncio.run(within_grace(keep_sending(sender, stopping, on_round), stopping))

    return Task(SENDING, send)


def events_task(engine: Engine, clock: Clock, on_round: Callable[[], None]) -> Task:
    """Return the task that sends events to webhooks as they become due; see `keep_sending_events` for `on_round`."""

    def send(config: Config, stopping: Event) -> None:
        sender = sender_for(engine, config, clock)
        asyncio.run(within_grace(keep_sending_events(sender, config, stopping, on_round), stopping))

    return Task(EVENTS, send)


def web_task(
    engine: Engine, clock: Clock, late_loops: Callable[[], Sequence[str]], on_ready: Callable[[], None]
) -> Task:
    """Return the task that serves the web pages at [web] host and port; `on_ready` is called while it serves them.

    The engine must be used by nothing else, so that web requests that wait for the database take no connection away
    from the mail.
    """

    def serve(config: Config, stopping: Event) -> None:
        limits = connection_limits()
        settings = uvicorn.Config(
            make_app(engine, config, clock, late_loops, partial(metrics_text, engine, config, clock)),
            host=config.web.host,
            port=config.web.port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the pages themselves decide which proxies to believe: [web] trusted_proxies
            timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
            http=cast(type[asyncio.Protocol], partial(BoundedProtocol, limits.connections)),
            backlog=limits.backlog,
        )
        _serve_until(stopping, QueueingServer(settings), on_ready)
        if not stopping.is_set():
            raise ConfigError(_cannot_listen(config.web.host, config.web.port))

    return Task(WEB, serve)


def _cannot_listen(host: str, port: int) -> str:
    """Try to listen, and return a sentence about why that fails."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            why = ""
    except OSError as error:
        why = f": {os.strerror(error.errno) if error.errno else error}"
    return f"cannot listen on {host} port {port}{why}; set another in [web]"


def _serve_until(stopping: Event, server: uvicorn.Server, on_ready: Callable[[], None]) -> None:
    """Run the server until `stopping` is set or the server ends.

    The server runs in a separate thread, so that this one can wait for `stopping`. uvicorn installs signal handlers
    only in the main thread, and therefore none here.
    """
    thread = Thread(target=lambda: asyncio.run(_serve(server)), daemon=True)
    thread.start()
    while thread.is_alive() and not stopping.is_set():
        if server.started:
            on_ready()
        time.sleep(POLL_SECONDS)
    server.should_exit = True
    thread.join()


async def _serve(server: uvicorn.Server) -> None:
    asyncio.get_running_loop().set_exception_handler(log_loop_error)
    await server.serve()


def _wait(seconds: float, stopping: Event) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stopping.is_set():
        time.sleep(POLL_SECONDS)
