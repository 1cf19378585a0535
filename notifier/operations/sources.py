"""List the sources: where their papers come from, when they were fetched, and whether their papers arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from notifier.arrivals import SourceHealth, source_health
from notifier.config import Config, SourceConfig
from notifier.models import Health, SourceHistory
from notifier.store import reading
from notifier.store import sources as stored


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """A source of the config.

    `place` is where its dumps come from, such as a URL. `papers_on` is the last day for which the number of papers
    is known, and `papers` is that number. `usual` is the usual number of papers on this day of the week. `problem` says
    why the last tries failed. `sentence` describes the health, and `cure` says what to do about it.
    """

    name: str
    place: str
    last_tried_at: datetime | None
    last_succeeded_at: datetime | None
    papers: int | None
    papers_on: date | None
    next_due: datetime | None
    failures: int
    problem: str | None
    problem_since: datetime | None
    health: Health
    sentence: str
    cure: str | None
    usual: int | None


def list_sources(engine: Engine, config: Config, now: datetime) -> list[SourceSummary]:
    """Return the sources in the order of the config."""
    with reading(engine) as connection:
        histories = {name: stored.history(connection, name) for name in config.sources}
    return [
        _summary(config.sources[each.name], histories[each.name], each) for each in source_health(engine, config, now)
    ]


def place_of(source: SourceConfig) -> str:
    """Return where the dumps of a source come from, such as `arxiv cs.LG, cs.CL`, a URL, or a folder and a glob."""
    from notifier.fetching import shown_url

    chosen = ", ".join(source.categories) or source.venue or source.set or (shown_url(source.url) if source.url else "")
    parts = (source.preset or "", chosen, str(source.folder or ""), source.glob)
    return " ".join(part for part in parts if part)


def _summary(source: SourceConfig, history: SourceHistory, health: SourceHealth) -> SourceSummary:
    last = max((day for day, count in history.days.items() if not count.is_unknown), default=None)
    return SourceSummary(
        name=history.name,
        place=place_of(source),
        last_tried_at=history.last_tried_at,
        last_succeeded_at=history.last_succeeded_at,
        papers=history.days[last].papers if last else None,
        papers_on=last,
        next_due=history.next_due,
        failures=history.failures,
        problem=history.problem or None,
        problem_since=history.problem_since,
        health=health.health,
        sentence=health.sentence,
        cure=health.cure or None,
        usual=health.usual,
    )
