"""Fetch the sources that are due, and ingest their documents, before the dumps folder is ingested.

One process at a time fetches a source, and a failure of one source does not stop the others. A document is first kept
as a file and then ingested; its validators are stored last. So a process may be killed at any moment: the next one
fetches the document again, and the papers that are stored already are recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import StoreError, UsageError, shortened
from notifier.fetching import Client
from notifier.files import owner_lock
from notifier.models import Clock
from notifier.pipeline import source_claims
from notifier.pipeline.source_runs import FetchContext, SourceReport, SourceRun, SourceStatus
from notifier.pipeline.source_times import due_at
from notifier.store import reading, sources


def fetch(
    engine: Engine,
    config: Config,
    clock: Clock,
    names: Sequence[str] = (),
) -> list[SourceReport]:
    """Fetch the sources of these names or, without names, those that are due, and return a report for each.

    Raises UsageError for a name that the config does not have.
    """
    return list(fetch_each(engine, config, clock, names))


def fetch_each(
    engine: Engine,
    config: Config,
    clock: Clock,
    names: Sequence[str] = (),
    goes_on: Callable[[], bool] = lambda: True,
) -> Iterator[SourceReport]:
    """Fetch sources as `fetch` does, and yield the report of each when it is done.

    `goes_on` is called before each source and after each document, and says whether to go on. Raises UsageError for a
    name that the config does not have.
    """
    check_source_names(config, names)
    chosen = list(dict.fromkeys(names)) or due_sources(engine, config, clock())
    if not chosen:
        return
    with owner_lock(config.owners_folder) as owner, Client(config.fetching_settings, clock=clock) as client:
        context = FetchContext(engine, config, clock, owner, client, goes_on)
        for name in chosen:
            if goes_on():
                report = _fetch_source(context, name, is_named=bool(names))
                if report is not None:
                    yield report


def check_source_names(config: Config, names: Iterable[str]) -> None:
    """Raise UsageError if the config has no source of one of these names."""
    unknown = next((name for name in names if name not in config.sources), None)
    if unknown is not None:
        known = f"the config has {', '.join(sorted(config.sources))}" if config.sources else "the config has no sources"
        raise UsageError(f"there is no source {shortened(unknown, 50)!r}; {known}; see [sources.NAME] in the config")


def due_sources(engine: Engine, config: Config, now: datetime) -> list[str]:
    """Return the names of the sources that are due, in the order of the config.

    A source whose table in the config has changed since it was fetched is due at once.
    """
    if not config.sources:
        return []
    with reading(engine) as connection:
        states, fingerprints = sources.states(connection), sources.config_fingerprints(connection)
    return [
        name
        for name, source in config.sources.items()
        if fingerprints.get(name, source.fingerprint) != source.fingerprint
        or due_at(source, states.get(name), now) <= now
    ]


def _fetch_source(context: FetchContext, name: str, *, is_named: bool) -> SourceReport | None:
    """Fetch one source and return its report, also if the fetch fails.

    Return None if the source was not named and is no longer due, because another process has just fetched it.
    """
    try:
        state = source_claims.claim(context.engine, name, context.owner, context.config.owners_folder)
        if state is None:
            return SourceReport(name, SourceStatus.BUSY)
        try:
            now, source = context.clock(), context.config.sources[name]
            is_changed = source_claims.is_changed(context.engine, name, source.fingerprint)
            if is_changed:  # the failures were those of the old settings
                state = replace(state, failures=0, problem="", problem_since=None)
            is_due = is_named or is_changed or due_at(source, state, now) <= now
            return SourceRun(context, state).fetch() if is_due else None
        finally:
            with suppress(StoreError):
                source_claims.release(context.engine, name, context.owner)
    except StoreError as error:
        return SourceReport(name, SourceStatus.FAILED, problem=str(error), is_new_problem=True)
