"""The values about sources: health, the count of papers of each day, and the history of fetches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Health(StrEnum):
    """Whether the papers of a source arrive as they should."""

    WELL = "well"
    QUIET = "quiet"  # no papers today, such as on a weekend or a holiday; nothing seems to be wrong
    STALE = "stale"  # the server responds, but papers are missing
    BROKEN = "broken"  # the last fetches failed: no response, or one that is no list of papers
    NEW = "new"  # no fetch has succeeded yet, or none was made since the source was changed in the config

    @property
    def is_trouble(self) -> bool:
        """Whether papers may be missing."""
        return self in (Health.STALE, Health.BROKEN)


@dataclass(frozen=True, slots=True)
class DayCount:
    """The number of papers of one day that have been taken from a source so far.

    `stated` is the number according to the service, if it gives one. `is_complete` is False while the day may still get
    papers. `newest` is the date of the newest of these papers, if they have dates.
    """

    papers: int
    stated: int | None = None
    is_complete: bool = True
    newest: date | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing came for the day so far, and papers may still come or were missed by failed fetches."""
        return not self.papers and not self.is_complete


@dataclass(frozen=True, slots=True)
class SourceHistory:
    """The history of a source; its health is judged by this alone.

    `days` holds a count for each day for which something came; a day that is not in it had no papers. A past day
    whose count `is_unknown` was missed: the source was broken, or nothing fetched it. `failures` is the number of
    tries that have failed in a row, `problem` the last of these failures in words, and `problem_since` the instant
    of the first of them. `unchanged_since` is the instant since which all documents of the source have been the
    same; None if the last fetch brought a new one. `next_due` is None if it was never fetched. `is_changed` says
    that the source was changed in the config since its last fetch.
    """

    name: str
    first_succeeded_at: datetime | None = None
    last_tried_at: datetime | None = None
    last_succeeded_at: datetime | None = None
    failures: int = 0
    problem: str = ""
    problem_since: datetime | None = None
    unchanged_since: datetime | None = None
    days: Mapping[date, DayCount] = field(default_factory=dict)
    next_due: datetime | None = None
    is_changed: bool = False
