"""The jobs that the scheduler starts: they ingest, plan and publish. Sending mail is a task of its own (`tasks`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Lock

from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import NotifierError
from notifier.files import DumpsFolder
from notifier.models import Clock, DumpStatus
from notifier.operations import service_status
from notifier.pipeline import DumpReport, OnceReport, ingest_folder, once, settings_for

log = logging.getLogger("notifier")


class Jobs:
    """The jobs of one store, which run one at a time; `config` may be replaced between two runs."""

    def __init__(self, engine: Engine, config: Config, clock: Clock) -> None:
        self.config = config
        self.engine = engine
        self.clock = clock
        self._one_at_a_time = Lock()
        self._folder: DumpsFolder | None = None

    def start(self) -> None:
        """Ingest the dumps that came while the service was down, then plan and publish.

        Dumps are ingested first, because a digest is planned only once.
        """
        with self._one_at_a_time:
            self._run(self._ingest)

    def look_into_folder(self) -> None:
        """Ingest the dumps that are complete; if there are any, plan and publish at once."""
        with self._one_at_a_time:
            try:
                has_dumps = bool(self._dumps_folder().complete_files())
            except NotifierError as error:
                log.error("%s", error)
                return
            if has_dumps:
                self._run(self._ingest)

    def plan_and_publish(self) -> None:
        """Plan the digests that are due, and write the feeds that changed."""
        with self._one_at_a_time:
            self._run(None)

    def finish(self) -> None:
        """Wait for the job that is running."""
        with self._one_at_a_time:
            pass

    def summary(self) -> str:
        """Return the state of the service in one line."""
        try:
            found = service_status(self.engine, self.config, self.clock())
        except NotifierError as error:
            return str(error)
        waiting = sum(found.deliveries.get(state, 0) for state in ("PENDING", "DEFERRED", "LEASED"))
        return f"{found.papers} papers, {found.subscribers.get('ACTIVE', 0)} subscribers, {waiting} mails waiting"

    def _run(self, ingest: Callable[[], Sequence[DumpReport]] | None) -> None:
        _log(once(self.engine, self.config, self.clock, ingest=ingest))

    def _ingest(self) -> Sequence[DumpReport]:
        folder = self._dumps_folder()
        return ingest_folder(self.engine, folder, folder.complete_files(), self.clock(), settings_for(self.config))

    def _dumps_folder(self) -> DumpsFolder:
        path = self.config.path(self.config.ingest.folder)
        if self._folder is None or self._folder.folder != path:
            self._folder = DumpsFolder(path)
            self._folder.make()
        return self._folder


def _log(report: OnceReport) -> None:
    """Log what the steps did and what failed; the next run tries again."""
    for dump in report.dumps or ():
        if dump.status is DumpStatus.QUARANTINED:
            log.warning("%s was set aside: %s", dump.path, dump.reason)
        else:
            log.info("%s: %d listings, %d new papers", dump.path, dump.listings, dump.new)
    if report.plan and report.plan.due:
        log.info(
            "subscribers due: %d; digests planned: %d; with nothing new: %d",
            report.plan.due,
            report.plan.digests,
            report.plan.skipped,
        )
    if report.publish and report.publish.written:
        log.info("%d feed files written", report.publish.written)
    for error in report.errors:
        if isinstance(error, NotifierError):
            log.error("%s", error)
        else:
            log.error("an unexpected error", exc_info=error)
