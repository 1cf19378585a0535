"""Check whether the papers of each source still arrive, with the judgement of `arrivals`."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.arrivals import SourceHealth, source_health
from notifier.models import Health
from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, warning
from notifier.operations.doctor.setup import Setup
from notifier.store import dumps, reading
from notifier.text.counting import counted

_RETRY = "`notifier quarantine` lists them; `notifier quarantine retry PATH` reads one again, `drop PATH` removes it"


def check_sources(setup: Setup) -> Iterator[Finding]:
    """Report each source with its last success, and dumps that could not be read."""
    engine = setup.store()
    for each in source_health(engine, setup.config, setup.now):
        yield _source(each)
    if not setup.config.sources:
        why = "the config has no sources, so papers come only as dumps in its dumps folder"
        yield skipped(Area.SOURCES, "sources", why)
    with reading(engine) as connection:
        unread = len(dumps.quarantined_files(connection))
    if unread:
        yield warning(Area.SOURCES, "quarantine", f"{counted(unread, 'dump')} could not be read", _RETRY)


def _source(health: SourceHealth) -> Finding:
    about, said = f"source {health.name}", health.sentence
    if health.last_succeeded_at and health.health.is_trouble:
        said = f"{said}; last fetched successfully at {health.last_succeeded_at:%Y-%m-%d %H:%M} UTC"
    if health.health is Health.BROKEN:
        return fault(Area.SOURCES, about, said, health.cure)
    if health.health is Health.STALE:
        return warning(Area.SOURCES, about, said, health.cure)
    if health.health is Health.NEW:
        return skipped(Area.SOURCES, about, said)
    return ok(Area.SOURCES, about, said)
