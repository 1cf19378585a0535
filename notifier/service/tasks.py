"""The tasks that the service keeps running, each in a thread of its own: sending mail, and serving web requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from typing import cast

import uvicorn
from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import ConfigError, NotifierError
from notifier.models import Clock
from notifier.sending import keep_sending, sender_for, within_grace
from notifier.service.connections import BoundedProtocol, QueueingServer, connection_limits, log_loop_error
from notifier.web import app

RESTART_SECONDS = 5  # between a failure of a task and its next start
LAST_REQUESTS_SECONDS = 5  # for the requests in progress when the web task stops
POLL_SECONDS = 0.2

Task = Callable[[Config, Event], None]  # runs with this config until the event is set

log = logging.getLogger("notifier")


def run_until_stopped(task: Task, config: Config, stopping: Event) -> None:
    """Run a task until `stopping` is set; if it fails, log the failure and start it again after a while."""
    while not stopping.is_set():
        try:
            task(config, stopping)
        except NotifierError as error:
            log.error("%s", error)
            _wait_before_restart(stopping)
        except Exception:
            log.exception("an unexpected error")
            _wait_before_restart(stopping)


def sending_task(engine: Engine, clock: Clock) -> Task:
    """Return the task that sends mail as it becomes due."""

    def send(config: Config, stopping: Event) -> None:
        asyncio.run(within_grace(keep_sending(sender_for(engine, config, clock), stopping), stopping))

    return send


def web_task(engine: Engine, clock: Clock) -> Task:
    """Return the task that serves the web pages at [web] host and port."""

    def serve(config: Config, stopping: Event) -> None:
        limits = connection_limits()
        settings = uvicorn.Config(
            app(engine, config, clock),
            host=config.web.host,
            port=config.web.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
            http=cast(type[asyncio.Protocol], partial(BoundedProtocol, limits.connections)),
            backlog=limits.backlog,
        )
        _serve_until(stopping, QueueingServer(settings))
        if not stopping.is_set():
            raise ConfigError(f"cannot listen on {config.web.host} port {config.web.port}; set another in [web]")

    return serve


def _serve_until(stopping: Event, server: uvicorn.Server) -> None:
    """Run the server until `stopping` is set or the server ends.

    The server runs in a separate thread, so that this one can wait for `stopping`. uvicorn installs signal handlers
    only in the main thread, and therefore none here.
    """
    thread = Thread(target=lambda: asyncio.run(_serve(server)), daemon=True)
    thread.start()
    while thread.is_alive() and not stopping.is_set():
        time.sleep(POLL_SECONDS)
    server.should_exit = True
    thread.join()


async def _serve(server: uvicorn.Server) -> None:
    asyncio.get_running_loop().set_exception_handler(log_loop_error)
    await server.serve()


def _wait_before_restart(stopping: Event) -> None:
    until = time.monotonic() + RESTART_SECONDS
    while time.monotonic() < until and not stopping.is_set():
        time.sleep(POLL_SECONDS)
