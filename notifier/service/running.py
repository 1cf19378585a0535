"""The processes behind `serve` and `worker`: an event loop for signals and the schedule, and a thread for each task.

APScheduler only starts jobs: it stores nothing, and the database decides which process does the work. Therefore any
number of services, workers and cron runs may run at once.
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
from notifier.mail import check_templates
from notifier.models import Clock
from notifier.sending import sender_for
from notifier.service.jobs import Jobs
from notifier.service.systemd import notify
from notifier.service.tasks import Task, run_until_stopped, sending_task, web_task
from notifier.store import open_store
from notifier.templates import check
from notifier.topics import catalogue_of

FOLDER_SECONDS = 5
WATCHDOG_SECONDS = 10
LONGEST_WAIT = timedelta(minutes=2)  # if a job's next run is farther ahead than this, the clock was set back

log = logging.getLogger("notifier")


def serve(file: Path | None, clock: Clock) -> None:
    """Ingest, plan, publish, deliver and serve the web pages, until SIGTERM or SIGINT."""
    file = chosen(file)
    config = load(file)
    engine = open_store(config.store_url)
    try:
        _check(engine, config, clock)
        asyncio.run(_serve(file, Jobs(engine, config, clock), [sending_task(engine, clock), web_task(engine, clock)]))
    finally:
        engine.dispose()


def work(file: Path | None, clock: Clock) -> None:
    """Send mail and do nothing else, until SIGTERM or SIGINT."""
    file = chosen(file)
    config = load(file)
    engine = open_store(config.store_url)
    try:
        _check(engine, config, clock)
        asyncio.run(_keep_running(file, Jobs(engine, config, clock), [sending_task(engine, clock)], lambda: None))
    finally:
        engine.dispose()


async def _serve(file: Path | None, jobs: Jobs, tasks: Sequence[Task]) -> None:
    scheduler = AsyncIOScheduler(timezone=UTC)
    every = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    scheduler.add_job(jobs.start)
    scheduler.add_job(jobs.look_into_folder, "interval", seconds=FOLDER_SECONDS, **every)
    scheduler.add_job(jobs.plan_and_publish, "cron", second=0, **every)
    scheduler.start()
    try:
        await _keep_running(file, jobs, tasks, lambda: _follow_clock(scheduler))
    finally:
        scheduler.pause()
        await asyncio.to_thread(jobs.finish)
        scheduler.shutdown()


def _follow_clock(scheduler: AsyncIOScheduler) -> None:
    """Run at once each job whose next run is too far ahead: the clock was set back after that run was scheduled."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time > now + LONGEST_WAIT:
            job.modify(next_run_time=now)


async def _keep_running(file: Path | None, jobs: Jobs, tasks: Sequence[Task], check_clock: Callable[[], None]) -> None:
    """Keep the tasks running until a signal to stop; on SIGHUP, read the config again and restart the tasks."""
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, event in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, reload)):
        loop.add_signal_handler(number, event.set)
    log.info("ready")
    while not stop.is_set():
        notify("READY=1")
        stopping = Event()
        running = [
            asyncio.create_task(asyncio.to_thread(run_until_stopped, task, jobs.config, stopping)) for task in tasks
        ]
        while not await _any_set(stop, reload):
            if not any(each.done() for each in running):
                notify("WATCHDOG=1", f"STATUS={await asyncio.to_thread(jobs.summary)}")
            check_clock()
        notify("STOPPING=1" if stop.is_set() else "RELOADING=1")
        stopping.set()
        await asyncio.gather(*running)
        if reload.is_set() and not stop.is_set():
            reload.clear()
            jobs.config = _reloaded(file, jobs)
    log.info("stopped")


async def _any_set(*events: asyncio.Event) -> bool:
    """Wait at most WATCHDOG_SECONDS for any of the events, and return whether one of them is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    done, pending = await asyncio.wait(waits, timeout=WATCHDOG_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    return bool(done)


def _check(engine: Engine, config: Config, clock: Clock) -> None:
    """Check the certificates, key, templates and topics of the config. Raises ConfigError if one is wrong.

    Rules of a stylesheet that some mail programs will ignore are logged.
    """
    composer = sender_for(engine, config, clock).composer
    check(composer.templates)
    for warning in check_templates(composer.settings, composer.templates):
        log.warning("%s", warning)
    catalogue_of(config)


def _reloaded(file: Path | None, jobs: Jobs) -> Config:
    """Return the config that the file holds now, or the config in use if the new one cannot be used."""
    try:
        new = load(file)
        if new.store_url != jobs.config.store_url:
            raise ConfigError("store.url has changed; stop the service and start it again to use the new one")
        _check(jobs.engine, new, jobs.clock)
    except NotifierError as error:
        log.error("the config stays as it was: %s", error)
        return jobs.config
    log.info("the config was read again")
    return new
