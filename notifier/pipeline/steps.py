"""Run fetching and the four steps in a row: fetch, ingest, plan, publish, deliver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from notifier.alerting import PATIENCE_OF_CRON, PATIENCE_OF_SERVICE, AlertChange, alert_changes
from notifier.config import Config
from notifier.models import Clock
from notifier.pipeline.ingesting import DumpReport
from notifier.pipeline.planning import PlanReport, plan
from notifier.pipeline.publishing import PublishReport, publish
from notifier.pipeline.removing import RemovalReport
from notifier.pipeline.source_runs import SourceReport
from notifier.pipeline.welcoming import plan_welcomes
from notifier.returned import InboxReport
from notifier.sending import DeliveryReport
from notifier.store import retried, step_times, writing

# The name under which the last success of each step is stored, by the field of OnceReport that holds its report.
STEP_NAMES = {
    "sources": "fetch",
    "dumps": "ingest",
    "alerts": "alerts",
    "plan": "plan",
    "publish": "publish",
    "deliver": "deliver",
    "removed": "remove",
}


@dataclass(slots=True)
class OnceReport:
    """The report of each step, None if the step did not run or failed, and the errors of the steps that failed.

    `errors` maps the name of a step to its error. The name is that of the step's field here, or `steps` if the names of
    the successful steps could not be stored.
    """

    sources: Sequence[SourceReport] | None = None
    dumps: Sequence[DumpReport] | None = None
    alerts: Sequence[AlertChange] | None = None
    inbox: InboxReport | None = None
    plan: PlanReport | None = None
    publish: PublishReport | None = None
    deliver: DeliveryReport | None = None
    removed: RemovalReport | None = None
    errors: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallerSteps:
    """The steps that the caller of `once` provides; a step that is None is left out.

    `fetch` fetches the sources that are due. `ingest` ingests the dumps that the caller has found. `receive` reads the
    inbox of returned messages. `deliver` sends the mail, and can let the caller watch and stop the sending. `remove`
    removes what is not kept any longer. `sending_since` is when the caller began to send mail continuously, or None.
    """

    fetch: Callable[[], Sequence[SourceReport]] | None = None
    ingest: Callable[[], Sequence[DumpReport]] | None = None
    receive: Callable[[], InboxReport | None] | None = None
    deliver: Callable[[], DeliveryReport] | None = None
    remove: Callable[[], RemovalReport] | None = None
    sending_since: datetime | None = None


NO_CALLER_STEPS = CallerSteps()


def once(engine: Engine, config: Config, clock: Clock, steps: CallerSteps = NO_CALLER_STEPS) -> OnceReport:
    """Run the steps in their order; if a step fails, the others still run.

    Replies are read before planning, so that somebody who has unsubscribed by a reply gets no other digest. After the
    sources, dumps and replies, the operator is told what needs attention, and what works again. The service leaves out
    `fetch`, `deliver` and `remove`, because it does these in threads of their own.
    """
    report = OnceReport()
    if steps.fetch:
        with _collecting_error(report, "sources"):
            report.sources = steps.fetch()
    if steps.ingest:
        with _collecting_error(report, "dumps"):
            report.dumps = steps.ingest()
    if steps.receive:
        with _collecting_error(report, "inbox"):
            report.inbox = steps.receive()
    with _collecting_error(report, "alerts"):
        patience = PATIENCE_OF_CRON if steps.deliver else PATIENCE_OF_SERVICE._replace(since=steps.sending_since)
        report.alerts = alert_changes(engine, config, clock(), patience)
    with _collecting_error(report, "plan"):
        plan_welcomes(engine, config, clock())
        report.plan = plan(engine, config, clock())
    with _collecting_error(report, "publish"):
        report.publish = publish(engine, config)
    if steps.deliver:
        with _collecting_error(report, "deliver"):
            report.deliver = steps.deliver()
    if steps.remove:
        with _collecting_error(report, "removed"):
            report.removed = steps.remove()
    with _collecting_error(report, "steps"):
        done = [name for step, name in STEP_NAMES.items() if getattr(report, step) is not None]
        record_steps(engine, done, clock())
    return report


@retried
def record_steps(engine: Engine, names: Iterable[str], now: datetime) -> None:
    """Store that these steps have ended without an error."""
    with writing(engine) as connection:
        step_times.record(connection, names, now)


@contextmanager
def _collecting_error(report: OnceReport, step: str) -> Iterator[None]:
    """Add an exception from the block to the report's errors instead of raising it."""
    try:
        yield
    except Exception as error:  # an error of any kind must not stop the other steps; the caller reports it
        report.errors[step] = error
