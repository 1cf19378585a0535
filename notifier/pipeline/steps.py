"""The four steps in a row: ingest, plan, publish, deliver."""

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
from notifier.sending import DeliveryReport


@dataclass(slots=True)
class OnceReport:
    """What each step did; None if it did not run or failed. `errors` are the failures, in the order of the steps."""

    dumps: Sequence[DumpReport] | None = None
    plan: PlanReport | None = None
    publish: PublishReport | None = None
    deliver: DeliveryReport | None = None
    errors: list[Exception] = field(default_factory=list)


def once(
    engine: Engine,
    config: Config,
    clock: Clock,
    *,
    ingest: Callable[[], Sequence[DumpReport]] | None = None,
    deliver: Callable[[], DeliveryReport] | None = None,
) -> OnceReport:
    """Run the steps in their order; a step that fails stops none of the others.

    The caller gives the first and the last step ready to run: `ingest` takes in the dumps that it has found, and
    `deliver` may watch and stop the sending. Each is left out if it is None: the service delivers in a thread of its
    own.
    """
    report = OnceReport()
    if ingest:
        with _failures_kept(report):
            report.dumps = ingest()
    with _failures_kept(report):
        report.plan = plan(engine, config, clock())
    with _failures_kept(report):
        report.publish = publish(engine, config)
    if deliver:
        with _failures_kept(report):
            report.deliver = deliver()
    return report


@contextmanager
def _failures_kept(report: OnceReport) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of whatever kind: the other steps still run, and whoever called tells of it
        report.errors.append(error)
