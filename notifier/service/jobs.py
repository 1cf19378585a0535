"""What the ticker sets off: each step says what it did, and a step that fails stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import NotifierError
from notifier.files.dumps_folder import DumpsFolder
from notifier.models import Clock, DumpStatus
from notifier.operations.status import status
from notifier.pipeline.ingesting import ingest_folder, settings_for
from notifier.pipeline.planning import plan
from notifier.pipeline.publishing import publish

log = logging.getLogger("notifier")


class Jobs:
    """The steps over one store; `config` may be replaced between two of them."""

    def __init__(self, engine: Engine, config: Config, clock: Clock) -> None:
        self.config = config
        self.engine = engine
        self.clock = clock
        self._one_at_a_time = Lock()
        self._folder: DumpsFolder | None = None

    def start(self) -> None:
        """Catch up with what came while the service was down: dumps first, for a digest is planned only once."""
        with self._one_at_a_time:
            _done(self._ingest)
        self.plan_and_publish()

    def look_into_folder(self) -> None:
        """Take in the dumps that are complete; where any was, plan and publish at once."""
        with self._one_at_a_time:
            if not _done(self._ingest):
                return
        self.plan_and_publish()

    def plan_and_publish(self) -> None:
        """Write the digests that are due, and the feeds that changed."""
        with self._one_at_a_time:
            _done(self._plan)
            _done(self._publish)

    def finish(self) -> None:
        """Wait for the step that is going on."""
        with self._one_at_a_time:
            pass

    def summary(self) -> str:
        """How the service stands, in one line."""
        try:
            found = status(self.engine, self.config, self.clock())
        except NotifierError as error:
            return str(error)
        waiting = sum(found.deliveries.get(state, 0) for state in ("PENDING", "DEFERRED", "LEASED"))
        return f"{found.papers} papers, {found.subscribers.get('ACTIVE', 0)} readers, {waiting} mails waiting"

    def _ingest(self) -> bool:
        path = self.config.path(self.config.ingest.folder)
        if self._folder is None or self._folder.folder != path:
            self._folder = DumpsFolder(path)
            self._folder.make()
        reports = ingest_folder(
            self.engine, self._folder, self._folder.complete(), self.clock(), settings_for(self.config)
        )
        for report in reports:
            if report.status is DumpStatus.QUARANTINED:
                log.warning("%s was set aside: %s", report.path, report.reason)
            else:
                log.info("%s: %d listings, %d new papers", report.path, report.listings, report.new)
        return bool(reports)

    def _plan(self) -> bool:
        planned = plan(self.engine, self.config, self.clock())
        if planned.due:
            log.info("%d due: %d digests, %d with nothing new", planned.due, planned.digests, planned.skipped)
        return planned.due > 0

    def _publish(self) -> bool:
        published = publish(self.engine, self.config)
        if published.written:
            log.info("%d feed files written", published.written)
        return published.written > 0


def _done(step: Callable[[], bool]) -> bool:
    """Whether the step did anything; a failure is said, and the next tick tries again."""
    try:
        return step()
    except NotifierError as error:
        log.error("%s", error)
    except Exception:
        log.exception("a fault of notifier's own")
    return False
