"""Run the jobs that the scheduler starts: ingest, plan and publish. Sending mail is a task of its own (`tasks`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Lock

from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import InboxError, NotifierError, StoreError
from notifier.files import DumpsFolder, path_text
from notifier.models import Clock, DumpStatus
from notifier.operations import service_status
from notifier.pipeline import (
    CallerSteps,
    DumpReport,
    OnceReport,
    describe_cuts,
    describe_skips,
    ingest_folder,
    move_back_changed_files,
    once,
    record_steps,
    settings_for,
)
from notifier.returned import InboxReport, read_inbox
from notifier.service.failures import FailureLog
from notifier.text.counting import counted

INGESTING = "ingesting dumps"
PLANNING = "planning digests"
# The steps of `once`, by their names in its report.
STEPS = {
    "dumps": INGESTING,
    "alerts": "checking what needs attention",
    "inbox": "reading the inbox",
    "plan": PLANNING,
    "publish": "writing feeds",
}
FIRST_INBOX_PAUSE, LONGEST_INBOX_PAUSE = 30.0, 900.0  # seconds after the inbox could not be read
STATUS = "reading the status"
FOLDER = "looking into the dumps folder"
RECORD_SECONDS = 60.0

log = logging.getLogger("notifier")


class Jobs:
    """The jobs of one store, which run one at a time; `config` may be replaced between two runs.

    `beat` is called with INGESTING or PLANNING when that job has completed a round.
    """

    def __init__(self, engine: Engine, config: Config, clock: Clock, beat: Callable[[str], None]) -> None:
        self.config = config
        self.engine = engine
        self.clock = clock
        self.failures = FailureLog()
        self._beat = beat
        self._one_at_a_time = Lock()
        self._folder: DumpsFolder | None = None
        self._started_at: datetime | None = None  # when the first job ran
        self.has_sent = False  # whether a round of sending has ended since the last summary
        self._recorded: dict[str, float] = {}  # when each step was last recorded, on the monotonic clock
        self._inbox_config = config
        self._inbox_pause = FIRST_INBOX_PAUSE
        self._inbox_rests_until = 0.0  # on the monotonic clock

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
                folder = self._dumps_folder()
                move_back_changed_files(self.engine, folder, self.clock())
                has_dumps = bool(folder.complete_files())
            except Exception as error:  # any error, because the scheduler would log it in each round
                self.failures.log_failure(FOLDER, error)
                return
            self.failures.log_recovery(FOLDER)
            for path, reason in folder.waiting.items():
                self.failures.log(logging.INFO, f"{path_text(path)} waits: {reason}")
            if has_dumps:
                self._run(self._ingest)
            else:
                self.record("ingest")
            self._beat(INGESTING)

    def plan_and_publish(self) -> None:
        """Plan the digests that are due, and write the feeds that changed."""
        with self._one_at_a_time:
            self._run(None)

    def finish(self) -> None:
        """Wait for the job that is running."""
        with self._one_at_a_time:
            pass

    def record(self, step: str) -> None:
        """Store that a step has ended without an error, at most once a minute."""
        now = time.monotonic()
        if now - self._recorded.get(step, -RECORD_SECONDS) < RECORD_SECONDS:
            return
        self._recorded[step] = now
        with suppress(StoreError):
            record_steps(self.engine, [step], self.clock())

    def summary(self) -> str:
        """Return the state of the service in one line; if it cannot be read, why."""
        if self.has_sent:
            self.has_sent = False
            self.record("deliver")
        try:
            found = service_status(self.engine, self.config, self.clock())
        except Exception as error:  # any error, because no status line may end the service
            if not isinstance(error, NotifierError):
                self.failures.log_failure(STATUS, error)
            return str(error).partition("\n")[0]
        self.failures.log_recovery(STATUS)
        waiting = sum(found.deliveries.get(state, 0) for state in ("PENDING", "DEFERRED", "LEASED"))
        active = counted(found.subscribers.get("ACTIVE", 0), "subscriber")
        return f"{counted(found.papers, 'paper')}, {active}, {counted(waiting, 'mail')} waiting"

    def _run(self, ingest: Callable[[], Sequence[DumpReport]] | None) -> None:
        self._started_at = self._started_at or self.clock()
        steps = CallerSteps(ingest=ingest, receive=self._receive, sending_since=self._started_at)
        report = once(self.engine, self.config, self.clock, steps)
        if report.plan:
            self._beat(PLANNING)
        self._log(report)

    def _receive(self) -> InboxReport | None:
        """Read the inbox; after a failure, skip it for a while, because a server that hangs delays the other steps."""
        if self.config is self._inbox_config and time.monotonic() < self._inbox_rests_until:
            return None
        self._inbox_config = self.config
        try:
            report = read_inbox(self.engine, self.config, self.clock)
        except InboxError:
            self._inbox_pause = min(2 * self._inbox_pause, LONGEST_INBOX_PAUSE)
            self._inbox_rests_until = time.monotonic() + self._inbox_pause
            raise
        self._inbox_pause = FIRST_INBOX_PAUSE
        return report

    def _ingest(self) -> Sequence[DumpReport]:
        folder, settings = self._dumps_folder(), settings_for(self.engine, self.config)
        move_back_changed_files(self.engine, folder, self.clock())
        return ingest_folder(self.engine, folder, folder.complete_files(), self.clock(), settings)

    def _dumps_folder(self) -> DumpsFolder:
        path = self.config.path(self.config.ingest.folder)
        if self._folder is None or self._folder.folder != path:
            folder = DumpsFolder(path)
            folder.make()
            self._folder = folder
        return self._folder

    def _log(self, report: OnceReport) -> None:
        """Log what the steps did and what failed; the next scheduled job tries again."""
        for step, part in STEPS.items():
            if step in report.errors:
                self.failures.log_failure(part, report.errors[step])
            elif getattr(report, step) is not None:
                self.failures.log_recovery(part)
        for dump in report.dumps or ():
            self._log_dump(dump)
        for alert in report.alerts or ():
            log.log(alert.level, "%s", alert.text)
        for action in report.inbox.actions if report.inbox else ():
            log.info("returned mail: %s", action)
        if report.plan and report.plan.due:
            planned = report.plan
            log.info(
                "subscribers due: %d; digests planned: %d; with nothing new: %d",
                planned.due,
                planned.digests,
                planned.skipped,
            )
        if report.publish and report.publish.written:
            log.info("%d feed files written", report.publish.written)
        for fault in report.publish.faults if report.publish else ():
            self.failures.log(logging.ERROR, fault)

    def _log_dump(self, dump: DumpReport) -> None:
        if dump.status is DumpStatus.QUARANTINED:
            log.warning("%s was quarantined: %s", dump.path, dump.reason)
        elif dump.status in (DumpStatus.WAITING, DumpStatus.FAILED):
            level = logging.INFO if dump.status is DumpStatus.WAITING else logging.ERROR
            self.failures.log(level, f"{dump.path} waits: {dump.reason}")
        else:
            log.info("%s: %s, %s", dump.path, counted(dump.listings, "listing"), counted(dump.new, "new paper"))
        for said in (describe_skips(dump), describe_cuts(dump)):
            if said:
                log.warning("%s: %s", dump.path, said)
        if dump.unmoved:
            self.failures.log(logging.ERROR, dump.unmoved)
