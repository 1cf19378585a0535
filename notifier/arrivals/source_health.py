"""Read what is known of each source of the config, and judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from notifier.arrivals.judging import Judgement, judge, usual_papers
from notifier.config import Config
from notifier.models import Health, SourceHistory
from notifier.store import reading, sources

MEMORY = timedelta(days=400)  # older days are not read; long enough for sources with papers once a year


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """The health of a source. `sentence` is the reason, without a full stop, and `cure` says what to do about trouble.

    `since` is the day on which the trouble began. `papers_today` is the number of papers that came for today, and
    `usual` the usual number on this day of the week; None if too little of the past is known. `next_due` is None if the
    source was never fetched.
    """

    name: str
    health: Health
    sentence: str
    cure: str
    since: date | None
    last_succeeded_at: datetime | None
    papers_today: int
    usual: int | None
    next_due: datetime | None


class JudgedSource(NamedTuple):
    """What is known of a source, and the judgement on it."""

    history: SourceHistory
    judgement: Judgement


def source_health(engine: Engine, config: Config, now: datetime) -> list[SourceHealth]:
    """Return the health of each source, in the order of the config."""
    if not config.sources:
        return []
    now = now.astimezone(UTC)
    with reading(engine) as connection:
        return [_health(each, now) for each in judged_sources(connection, config, now)]


def judged_sources(connection: Connection, config: Config, now: datetime) -> list[JudgedSource]:
    """Return each source with the judgement on it, in the order of the config."""
    since = (now - MEMORY).date()
    fingerprints = sources.config_fingerprints(connection)
    histories = {
        name: replace(
            sources.history(connection, name, since),
            is_changed=fingerprints.get(name, source.fingerprint) != source.fingerprint,
        )
        for name, source in config.sources.items()
    }
    return [JudgedSource(each, judge(each, now, _others(each.name, config, histories))) for each in histories.values()]


def _others(name: str, config: Config, histories: Mapping[str, SourceHistory]) -> list[SourceHistory]:
    """Return the sources that are compared with this one: the one that it names, and those that name it."""
    own = config.sources[name].compare_with
    compared = [other for other, source in config.sources.items() if other == own or source.compare_with == name]
    return [histories[other] for other in compared if other != name]


def _health(judged: JudgedSource, now: datetime) -> SourceHealth:
    history, judgement = judged
    today = history.days.get(now.date())
    return SourceHealth(
        name=history.name,
        health=judgement.health,
        sentence=judgement.sentence,
        cure=judgement.cure,
        since=judgement.since,
        last_succeeded_at=history.last_succeeded_at,
        papers_today=today.papers if today else 0,
        usual=usual_papers(history, now.date()),
        next_due=history.next_due,
    )
