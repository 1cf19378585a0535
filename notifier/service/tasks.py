"""What the service does all the time, each in a thread of its own: delivering, and answering web requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from threading import Event, Thread

import uvicorn
from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import ConfigError, NotifierError
from notifier.models import Clock
from notifier.sending import keep_sending, sender_for, within_grace
from notifier.web import app

RESTART_SECONDS = 5  # before something that failed is tried again
LAST_REQUESTS_SECONDS = 5
POLL_SECONDS = 0.2

Task = Callable[[Config, Event], None]

log = logging.getLogger("notifier")


def run_until_stopped(work: Task, config: Config, stopping: Event) -> None:
    """Do a work until told to stop; what fails is said, and tried again after a while."""
    while not stopping.is_set():
        try:
            work(config, stopping)
        except NotifierError as error:
            log.error("%s", error)
            _pause(stopping)
        except Exception:
            log.exception("a fault of notifier's own")
            _pause(stopping)


def _pause(stopping: Event) -> None:
    until = time.monotonic() + RESTART_SECONDS
    while time.monotonic() < until and not stopping.is_set():
        time.sleep(POLL_SECONDS)


def delivering(engine: Engine, clock: Clock) -> Task:
    """Send mail as it becomes due."""

    def deliver(config: Config, stopping: Event) -> None:
        asyncio.run(within_grace(keep_sending(sender_for(engine, config, clock), stopping), stopping))

    return deliver


def answering(engine: Engine, clock: Clock) -> Task:
    """Serve the pages at [web] host and port."""

    def answer(config: Config, stopping: Event) -> None:
        settings = uvicorn.Config(
            app(engine, config, clock),
            host=config.web.host,
            port=config.web.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
        )
        _answer_until(stopping, uvicorn.Server(settings))
        if not stopping.is_set():
            raise ConfigError(f"cannot listen on {config.web.host} port {config.web.port}; set another in [web]")

    return answer


def _answer_until(stopping: Event, server: uvicorn.Server) -> None:
    """Run the server in a thread, where it leaves the process's signals alone, until told to stop or it gives up."""
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while thread.is_alive() and not stopping.is_set():
        time.sleep(POLL_SECONDS)
    server.should_exit = True
    thread.join()
