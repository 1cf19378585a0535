"""Decide whether the response for a day may lack papers, although it is no error.

A service in trouble may send `[]`, or a part of the papers, with status 200. If such a day counted as complete, nobody
would request it again, and its papers would be lost. So it is requested again as long as papers of that day are still
announced.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from notifier.arrivals import seems_short
from notifier.fetching import Document
from notifier.models import SourceHistory
from notifier.pipeline.source_days import ANNOUNCED_DAYS


def is_requested_again(document: Document, papers: int, since: datetime, history: SourceHistory, now: datetime) -> bool:
    """Return whether the day of a document is requested again, because it may have more papers than came.

    `papers` is the number of papers in the document, and `since` is when these bytes came for the first time. `history`
    is that of the source before this run. The first fetch of a source announces nothing, so no day of it is doubtful. A
    day is not doubtful either if the service states how many papers it has.
    """
    day = document.day
    if day is None or not document.names_day or document.stated is not None or history.first_succeeded_at is None:
        return False
    if (now.astimezone(UTC).date() - day).days >= ANNOUNCED_DAYS or _was_whole(history, day, papers):
        return False
    return seems_short(history, day, papers) or (not papers and was_missed(document, since))


def was_missed(document: Document, since: datetime) -> bool:
    """Return whether a document, whose bytes came at `since` for the first time, came only after its day."""
    return document.day is not None and since.astimezone(UTC).date() > document.day


def _was_whole(history: SourceHistory, day: date, papers: int) -> bool:
    """Return whether a day was complete before, with more papers than came now."""
    before = history.days.get(day)
    if before is None or not before.is_complete or before.papers <= papers:
        return False
    return not seems_short(history, day, before.papers)
