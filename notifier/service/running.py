"""`serve` and `worker`: one event loop for signals and ticks, and a thread for each thing that goes on all the time.

APScheduler is a ticker and no more: it keeps nothing, and the database decides who acts. So any number of services,
workers and cron runs may go on at once.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Engine

from notifier.config import Config, chosen, load
from notifier.errors import ConfigError, NotifierError
from notifier.models import Clock
from notifier.sending import sender_for
from notifier.service.jobs import Jobs
from notifier.service.systemd import notify
from notifier.service.tasks import Task, answering, delivering, run_until_stopped
from notifier.store import open_store
from notifier.templates import check
from notifier.topics import catalogue_of

FOLDER_SECONDS = 5
WATCHDOG_SECONDS = 10
LONGEST_WAIT = timedelta(minutes=2)  # of any job

log = logging.getLogger("notifier")


def serve(file: Path | None, clock: Clock) -> None:
    """Everything: ingest, plan, publish, deliver and the web pages, until SIGTERM or SIGINT."""
    file = chosen(file)
    config = load(file)
    engine = open_store(config.store_url)
    try:
        _check(engine, config, clock)
        asyncio.run(_serve(file, Jobs(engine, config, clock), [delivering(engine, clock), answering(engine, clock)]))
    finally:
        engine.dispose()


def work(file: Path | None, clock: Clock) -> None:
    """Only deliver, until SIGTERM or SIGINT."""
    file = chosen(file)
    config = load(file)
    engine = open_store(config.store_url)
    try:
        _check(engine, config, clock)
        asyncio.run(_go_on(file, Jobs(engine, config, clock), [delivering(engine, clock)], lambda: None))
    finally:
        engine.dispose()


async def _serve(file: Path | None, steps: Jobs, works: Sequence[Task]) -> None:
    scheduler = AsyncIOScheduler(timezone=UTC)
    every = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    scheduler.add_job(steps.start)
    scheduler.add_job(steps.look_into_folder, "interval", seconds=FOLDER_SECONDS, **every)
    scheduler.add_job(steps.plan_and_publish, "cron", second=0, **every)
    scheduler.start()
    try:
        await _go_on(file, steps, works, lambda: _follow_clock(scheduler))
    finally:
        scheduler.pause()
        await asyncio.to_thread(steps.finish)
        scheduler.shutdown()


def _follow_clock(scheduler: AsyncIOScheduler) -> None:
    """Let jobs run now whose next time lies far ahead: the clock was set back since it was reckoned."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time > now + LONGEST_WAIT:
            job.modify(next_run_time=now)


async def _go_on(file: Path | None, steps: Jobs, works: Sequence[Task], look_after: Callable[[], None]) -> None:
    """Keep the works going until told to stop; SIGHUP starts them anew with the config as it is then."""
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, event in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, reload)):
        loop.add_signal_handler(number, event.set)
    log.info("ready")
    while not stop.is_set():
        notify("READY=1")
        stopping = Event()
        running = [
            asyncio.create_task(asyncio.to_thread(run_until_stopped, each, steps.config, stopping)) for each in works
        ]
        while not await _first(stop, reload):
            if not any(each.done() for each in running):
                notify("WATCHDOG=1", f"STATUS={await asyncio.to_thread(steps.summary)}")
            look_after()
        notify("STOPPING=1" if stop.is_set() else "RELOADING=1")
        stopping.set()
        await asyncio.gather(*running)
        if reload.is_set() and not stop.is_set():
            reload.clear()
            steps.config = _reloaded(file, steps)
    log.info("stopped")


async def _first(*events: asyncio.Event) -> bool:
    """Whether any of the events has come, after a wait for it of at most WATCHDOG_SECONDS."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    done, pending = await asyncio.wait(waits, timeout=WATCHDOG_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    return bool(done)


def _check(engine: Engine, config: Config, clock: Clock) -> None:
    """See that all that hangs on the config is right: certificates, key, templates, topics. Raises ConfigError.

    What is right and only slow is told in the log.
    """
    composer = sender_for(engine, config, clock).composer
    check(composer.templates)
    for reason in composer.why_slow:
        log.warning("%s", reason)
    catalogue_of(config)


def _reloaded(file: Path | None, steps: Jobs) -> Config:
    """The config as the file is now, if all is right with it; else the one in use."""
    try:
        new = load(file)
        if new.store_url != steps.config.store_url:
            raise ConfigError("store.url is another; stop the service and start it again to change it")
        _check(steps.engine, new, steps.clock)
    except NotifierError as error:
        log.error("the config stays as it was: %s", error)
        return steps.config
    log.info("the config was read again")
    return new
