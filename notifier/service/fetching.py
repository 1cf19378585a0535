"""Run the job that fetches the sources that are due, in its own thread.

So a slow source delays neither the dumps folder nor the mail. The thread is a daemon, because a request may take
minutes. When the service stops, it waits at most STOP_SECONDS for the document in progress, and then exits. The thread
ends with it, and the next run fetches that document again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from threading import Event, Thread

from notifier.errors import FetchError
from notifier.pipeline import SourceReport, describe_cuts, describe_skips, describe_unannounced, due_sources, fetch_each
from notifier.service.jobs import Jobs

FETCHING = "fetching sources"
STOP_SECONDS = 10.0  # for the document in progress when the service stops

log = logging.getLogger("notifier")


class FetchJob:
    """Fetches the sources that are due, with the config of `jobs`.

    `beat` records that the job is alive. It is called after each document and each round.
    """

    def __init__(self, jobs: Jobs, beat: Callable[[str], None]) -> None:
        self._jobs = jobs
        self._beat = partial(beat, FETCHING)
        self._stopping = Event()
        self._thread: Thread | None = None

    def tick(self) -> None:
        """Begin a round, unless one is running or nothing is due."""
        if self._thread is not None and self._thread.is_alive():
            return
        try:
            is_due = bool(due_sources(self._jobs.engine, self._jobs.config, self._jobs.clock()))
        except Exception as error:  # any error, because the scheduler would log it at each tick
            self._jobs.failures.log_failure(FETCHING, error)
            return
        if is_due and not self._stopping.is_set():
            self._thread = Thread(target=self._run, name="fetching", daemon=True)
            self._thread.start()
        else:
            self._jobs.record("fetch")
            self._beat()

    def finish(self) -> None:
        """Begin no further round, and wait at most STOP_SECONDS for the document in progress."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        jobs = self._jobs
        try:
            for report in fetch_each(jobs.engine, jobs.config, jobs.clock, goes_on=self._goes_on):
                self._log(report)
        except Exception as error:  # any error, because the next round tries again
            jobs.failures.log_failure(FETCHING, error)
            return
        jobs.failures.log_recovery(FETCHING)
        jobs.record("fetch")
        self._beat()

    def _goes_on(self) -> bool:
        self._beat()
        return not self._stopping.is_set()

    def _log(self, report: SourceReport) -> None:
        part = f"source {report.name}"
        for waiting in report.waiting:
            self._jobs.failures.log(logging.INFO, f"{part} waits for {waiting}")
        if report.documents:
            archived = ", stored without announcing them, because this was the first fetch" if report.is_first else ""
            log.info("%s: %d papers, %d of them new%s", part, report.papers, report.new, archived)
        if report.unannounced and not report.is_first:
            log.warning("%s: %s", part, describe_unannounced(report))
        for dump in report.dumps:
            for said in (describe_skips(dump), describe_cuts(dump)):
                if said:
                    log.warning("%s: %s: %s", part, dump.path, said)
        if report.problem:
            self._jobs.failures.log_failure(part, FetchError(f"{part}: {report.problem}"))
        elif report.status != "busy":
            self._jobs.failures.log_recovery(part)
