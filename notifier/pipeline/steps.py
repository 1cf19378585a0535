"""Run the four steps in a row: ingest, plan, publish, deliver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from notifier.config import Config
from notifier.models import Clock
from notifier.pipeline.ingesting import DumpReport
from notifier.pipeline.planning import PlanReport, plan
from notifier.pipeline.publishing import PublishReport, publish
from notifier.pipeline.welcoming import plan_welcomes
from notifier.sending import DeliveryReport


@dataclass(slots=True)
class OnceReport:
    """The report of each step, None if the step did not run or failed, and the errors of the steps that failed.

    The errors are by the names of the steps, which are those of the fields.
    """

    dumps: Sequence[DumpReport] | None = None
    plan: PlanReport | None = None
    publish: PublishReport | None = None
    deliver: DeliveryReport | None = None
    errors: dict[str, Exception] = field(default_factory=dict)


def once(
    engine: Engine,
    config: Config,
    clock: Clock,
    *,
    ingest: Callable[[], Sequence[DumpReport]] | None = None,
    deliver: Callable[[], DeliveryReport] | None = None,
) -> OnceReport:
    """Run the steps in their order; if a step fails, the others still run.

    The caller passes the first and the last step as functions without arguments. `ingest` ingests the dumps that the
    caller has found. `deliver` sends the mail, and can let the caller watch and stop the sending. A step whose function
    is None is left out; the service leaves out `deliver`, because it delivers in a thread of its own.
    """
    report = OnceReport()
    if ingest:
        with _collecting_error(report, "dumps"):
            report.dumps = ingest()
    with _collecting_error(report, "plan"):
        plan_welcomes(engine, config, clock())
        report.plan = plan(engine, config, clock())
    with _collecting_error(report, "publish"):
        report.publish = publish(engine, config)
    if deliver:
        with _collecting_error(report, "deliver"):
            report.deliver = deliver()
    return report


@contextmanager
def _collecting_error(report: OnceReport, step: str) -> Iterator[None]:
    """Add an exception from the block to the report's errors instead of raising it."""
    try:
        yield
    except Exception as error:  # an error of any kind must not stop the other steps; the caller reports it
        report.errors[step] = error
