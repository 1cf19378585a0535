"""Fetch the sources that are due. If one begins to fail, try it again at once.

A command that cron runs once a day does not fetch a source again until the next day. So it tries a source again itself:
most failures have passed by then, and if not, the operator is told on the same day. The service needs none of this,
because it fetches a source again after minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Engine

from notifier.config import Config
from notifier.models import Clock
from notifier.pipeline.fetching import fetch
from notifier.pipeline.source_runs import SourceReport, SourceStatus

RETRY_DELAYS = (20.0, 60.0)  # seconds before the second and the third try; after three failures, a source is broken


def fetch_with_retries(
    engine: Engine, config: Config, clock: Clock, sleep: Callable[[float], None]
) -> list[SourceReport]:
    """Fetch the sources that are due, and return a report for each. Those that begin to fail get up to two more tries.

    A source whose server asks to wait is not tried again, and neither is one that failed at the last run already.
    """
    reports = fetch(engine, config, clock)
    for seconds in RETRY_DELAYS:
        failed = [each.name for each in reports if _is_tried_again(each)]
        if not failed:
            break
        sleep(seconds)
        again = {each.name: each for each in fetch(engine, config, clock, failed)}
        reports = [_joined(each, again) for each in reports]
    return reports


def _is_tried_again(report: SourceReport) -> bool:
    return report.status is SourceStatus.FAILED and report.is_new_problem and not report.is_asked_to_wait


def _joined(first: SourceReport, again: Mapping[str, SourceReport]) -> SourceReport:
    """Return the report of two tries: the outcome of the second, and what both of them brought."""
    second = again.get(first.name)
    if second is None or second.status is SourceStatus.BUSY:
        return first
    documents = first.documents + second.documents
    is_unchanged = second.status is SourceStatus.UNCHANGED and not documents
    status = second.status if second.problem or is_unchanged else SourceStatus.FETCHED
    return replace(
        second,
        status=status,
        documents=documents,
        papers=first.papers + second.papers,
        new=first.new + second.new,
        unannounced=first.unannounced + second.unannounced,
        is_first=first.is_first,
        is_new_problem=bool(second.problem),
        dumps=(*first.dumps, *second.dumps),
    )
