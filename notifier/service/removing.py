"""Run the housekeeping once an hour, in its own thread.

It removes what the config does not keep any longer, and renews the basis of the papers' vectors when it is due.
"""

from __future__ import annotations

import logging
import time
from threading import Event, Lock

from notifier.pipeline import refit, remove_old
from notifier.service.jobs import Jobs
from notifier.text.counting import counted

REMOVING = "removing old rows and files"
EVERY_SECONDS = 3600

log = logging.getLogger("notifier")


class RemovalJob:
    """Removes old rows and files, with the config of `jobs`, and renews the basis of vectors."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._stopping = Event()
        self._one_at_a_time = Lock()
        self._next = 0.0

    def tick(self) -> None:
        """Remove what is old, unless this was done in the last hour."""
        with self._one_at_a_time:
            if time.monotonic() < self._next or self._stopping.is_set():
                return
            self._next = time.monotonic() + EVERY_SECONDS
            try:
                self._run()
            except Exception as error:  # of any kind: the next round tries again
                self._jobs.failures.log_failure(REMOVING, error)
                return
            self._jobs.failures.log_recovery(REMOVING)

    def finish(self) -> None:
        """Begin nothing more, and wait for the transaction in progress."""
        self._stopping.set()
        with self._one_at_a_time:
            pass

    def _run(self) -> None:
        jobs, now = self._jobs, self._jobs.clock()
        report = remove_old(jobs.engine, jobs.config, now, lambda: not self._stopping.is_set())
        if report.doubt:
            jobs.failures.log(logging.WARNING, report.doubt)
        if report.removed:
            log.info("removed: %s", ", ".join(f"{number} {name}" for name, number in report.removed.items()))
        jobs.record("remove")
        if papers := refit(jobs.engine, lambda: not self._stopping.is_set()):
            log.info("papers are compared by a new basis, made from %s", counted(papers, "paper"))
