"""Run `serve` and `worker`: an event loop for signals and the schedule, and a thread for each task.

APScheduler only starts jobs: it stores nothing, and the database decides which process does the work. Therefore any
number of services, workers and cron runs may run at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Timer

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Engine

from notifier.config import Config, chosen_file, load
from notifier.errors import ConfigError, NotifierError
from notifier.mail import check_templates
from notifier.models import Clock
from notifier.operations import exposed_secrets
from notifier.pipeline import remove_abandoned_files
from notifier.sending import sender_for
from notifier.service.fetching import FETCHING, FetchJob
from notifier.service.heartbeats import Heartbeats
from notifier.service.jobs import INGESTING, PLANNING, Jobs
from notifier.service.removing import RemovalJob
from notifier.service.systemd import notify
from notifier.service.tasks import EVENTS, SENDING, WEB, Task, events_task, run_until_stopped, sending_task, web_task
from notifier.store import connect, open_store
from notifier.templates import check
from notifier.topics import catalogue_of

FOLDER_SECONDS = 5
FETCH_SECONDS = 15  # between two looks for sources that are due
REMOVAL_SECONDS = 60  # between two checks whether the hourly removal is due
WATCHDOG_SECONDS = 10
STOP_SECONDS = 80  # more than the mail on the wire may take, and less than systemd allows (TimeoutStopSec)
WEB_POOL_SECONDS = 5  # how long a web request waits for a connection; it is short, because a page can be loaded again
LONGEST_WAIT = timedelta(minutes=2)  # if a job's next run is farther ahead than this, the clock was set back

log = logging.getLogger("notifier")


def serve(file: Path | None, clock: Clock, adapt: Callable[[Config], Config] = lambda config: config) -> None:
    """Fetch, ingest, plan, publish, deliver and serve the web pages, until SIGTERM or SIGINT.

    `adapt` may change the config each time after it is read.
    """
    file = chosen_file(file)

    def read() -> Config:
        return adapt(load(file))

    config = read()
    engine = open_store(config.store_url, config.store.connections)
    web_engine = connect(config.store_url, WEB_POOL_SECONDS, config.store.connections)
    try:
        _check(engine, config, clock)
        _warn(file, config)
        remove_abandoned_files(engine, config)
        heartbeats = Heartbeats((INGESTING, PLANNING, FETCHING, SENDING, EVENTS))
        jobs = Jobs(engine, config, clock, heartbeats.beat)
        fetching = FetchJob(jobs, heartbeats.beat)
        web = web_task(web_engine, clock, heartbeats.late_loops, partial(jobs.failures.log_recovery, WEB))
        asyncio.run(_serve(read, jobs, fetching, [*_senders(jobs, heartbeats), web]))
    finally:
        web_engine.dispose()
        engine.dispose()


def work(file: Path | None, clock: Clock) -> None:
    """Send mail and do nothing else, until SIGTERM or SIGINT."""
    file = chosen_file(file)
    config = load(file)
    engine = open_store(config.store_url, config.store.connections)
    try:
        _check(engine, config, clock)
        _warn(file, config)
        heartbeats = Heartbeats((SENDING, EVENTS))
        jobs = Jobs(engine, config, clock, heartbeats.beat)
        asyncio.run(_keep_running(partial(load, file), jobs, _senders(jobs, heartbeats), lambda: None))
    finally:
        engine.dispose()


def _senders(jobs: Jobs, heartbeats: Heartbeats) -> list[Task]:
    """Return the tasks that send mail and events."""

    def on_mail_round() -> None:
        heartbeats.beat(SENDING)
        jobs.has_sent = True
        jobs.failures.log_recovery(SENDING)

    def on_events_round() -> None:
        heartbeats.beat(EVENTS)
        jobs.failures.log_recovery(EVENTS)

    return [
        sending_task(jobs.engine, jobs.clock, on_mail_round),
        events_task(jobs.engine, jobs.clock, on_events_round),
    ]


async def _serve(read: Callable[[], Config], jobs: Jobs, fetching: FetchJob, tasks: Sequence[Task]) -> None:
    scheduler = AsyncIOScheduler(timezone=UTC)
    every = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    scheduler.add_job(jobs.start)
    scheduler.add_job(jobs.look_into_folder, "interval", seconds=FOLDER_SECONDS, **every)
    scheduler.add_job(jobs.plan_and_publish, "cron", second=0, **every)
    scheduler.add_job(fetching.tick, "interval", seconds=FETCH_SECONDS, next_run_time=datetime.now(UTC), **every)
    removal = RemovalJob(jobs)
    scheduler.add_job(removal.tick, "interval", seconds=REMOVAL_SECONDS, **every)
    scheduler.start()
    try:
        await _keep_running(read, jobs, tasks, lambda: _follow_clock(scheduler))
    finally:
        scheduler.pause()
        await asyncio.gather(*map(asyncio.to_thread, (jobs.finish, fetching.finish, removal.finish)))
        scheduler.shutdown()


def _follow_clock(scheduler: AsyncIOScheduler) -> None:
    """Run at once each job whose next run is too far ahead: the clock was set back after that run was scheduled."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time > now + LONGEST_WAIT:
            job.modify(next_run_time=now)


async def _keep_running(
    read: Callable[[], Config], jobs: Jobs, tasks: Sequence[Task], check_clock: Callable[[], None]
) -> None:
    """Keep the tasks running until a signal to stop; on SIGHUP, read the config again and restart the tasks.

    After the signal, or an error here, the process ends within STOP_SECONDS, even if a thread hangs.
    """
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_soon, stop)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    log.info("ready")
    while not stop.is_set():
        await _run_tasks(jobs, tasks, check_clock, stop, reload)
        if reload.is_set() and not stop.is_set():
            reload.clear()
            jobs.config = _reload_config(read, jobs)
    log.info("stopped")


def _stop_soon(stop: asyncio.Event) -> None:
    """Set `stop`, and end the process after STOP_SECONDS if it is still running then.

    A thread may hang, for example in a call to a database server that does not answer.
    Ending the process here is as safe as killing it.
    """
    stop.set()
    timer = Timer(STOP_SECONDS, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    log.error("the work under way did not end within %d s, and is aborted", STOP_SECONDS)
    os._exit(1)


async def _run_tasks(
    jobs: Jobs, tasks: Sequence[Task], check_clock: Callable[[], None], stop: asyncio.Event, reload: asyncio.Event
) -> None:
    """Run the tasks until one of the events is set.

    The tasks are also stopped if this fails. The process then ends with exit code 1, so that systemd starts it again;
    it must not live on without signals and watchdog.
    """
    notify("READY=1")
    stopping = Event()
    running = [
        asyncio.create_task(asyncio.to_thread(run_until_stopped, task, jobs.config, stopping, jobs.failures))
        for task in tasks
    ]
    try:
        while not await _wait_for_any(stop, reload):
            if any(each.done() for each in running):
                raise RuntimeError("a task of the service has ended by itself")
            summary = asyncio.create_task(asyncio.to_thread(jobs.summary))
            while not summary.done() and not await _wait_for_any(stop, reload, done=summary):
                pass
            if summary.done():
                notify("WATCHDOG=1", f"STATUS={summary.result()}")
            check_clock()
        notify("STOPPING=1" if stop.is_set() else "RELOADING=1")
    except BaseException:
        _stop_soon(stop)
        raise
    finally:
        stopping.set()
        await asyncio.gather(*running)


async def _wait_for_any(*events: asyncio.Event, done: asyncio.Task[str] | None = None) -> bool:
    """Wait at most WATCHDOG_SECONDS for any of the events or for a task, and return whether an event is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait([*waits, *([done] if done else [])], timeout=WATCHDOG_SECONDS, return_when=FIRST_COMPLETED)
    for each in waits:
        each.cancel()
    return any(event.is_set() for event in events)


def _warn(file: Path | None, config: Config) -> None:
    for warning in exposed_secrets(config, file):
        log.warning("%s", warning)


def _check(engine: Engine, config: Config, clock: Clock) -> None:
    """Check the certificates, key, templates and topics of the config. Raises ConfigError if one is wrong.

    Rules of a stylesheet that some mail programs will ignore are logged.
    """
    composer = sender_for(engine, config, clock).composer
    check(composer.templates)
    for warning in check_templates(composer.settings, composer.templates):
        log.warning("%s", warning)
    catalogue_of(config)
    if config.web.is_clear_text:
        log.warning(
            "[web] base_url is %s: others on the network can read links and sessions; put TLS before it, and use https",
            config.web.base_url,
        )


def _reload_config(read: Callable[[], Config], jobs: Jobs) -> Config:
    """Return the config that the file holds now, or the config in use if the new one cannot be used."""
    try:
        new = read()
        if new.store_url != jobs.config.store_url:
            raise ConfigError("store.url has changed; stop the service and start it again to use the new one")
        _check(jobs.engine, new, jobs.clock)
    except NotifierError as error:
        log.error("the config stays as it was: %s", error)
        return jobs.config
    log.info("the config was read again")
    return new
