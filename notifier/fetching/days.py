"""Choose the days to fetch from a service, and go on with the other days if one fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from notifier.errors import FetchError
from notifier.fetching.preset_interface import Document, FetchState

FIRST_DAYS = 7  # for a new source, so that new subscribers have papers to read
MAX_DAYS = 30  # older days are not fetched, so that a source that was not fetched for a year needs few requests
_MAX_FAILURES = 3  # after this many failed days, the other days are requested newest first, until one more fails
_HOST_STATUSES = (401, 403, 407, 429, 503)  # the server would probably answer these for other days too


def days_to_fetch(state: FetchState, today: date, again: int) -> list[date]:
    """Return the days to request, up to `today`, the oldest first.

    These are the days after `state.taken_until`, at most MAX_DAYS, and always the last `again` days before today. If
    no day was ingested yet, they are the last FIRST_DAYS.
    """
    if state.taken_until is None:
        first = today - timedelta(days=FIRST_DAYS - 1)
    else:
        first = min(state.taken_until + timedelta(days=1), today - timedelta(days=again))
    first = max(first, today - timedelta(days=MAX_DAYS - 1))
    return [first + timedelta(days=number) for number in range((today - first).days + 1)]


def is_over(day: date, now: datetime, margin: timedelta) -> bool:
    """Return whether a day has ended in UTC, and at least `margin` ago."""
    return now >= datetime.combine(day, time(), UTC) + timedelta(days=1) + margin


def each_day(days: Iterable[date], fetch_day: Callable[[date], Document]) -> Iterator[Document]:
    """Yield what `fetch_day` returns for each day. If one day fails, the days after it are fetched too.

    No document after a failed day counts as complete, so the failed day is requested again at the next fetch. After
    _MAX_FAILURES failed days, the newest of the remaining days comes first, because old days may fail for weeks. The
    iterator stops after one more failure, or after one error that is about the server and not about the day. At the
    end, it raises the first FetchError, if there was one.
    """
    waiting = deque(days)
    failures: list[FetchError] = []
    while waiting:
        day = waiting.popleft() if len(failures) < _MAX_FAILURES else waiting.pop()
        try:
            document = fetch_day(day)
        except FetchError as error:
            failures.append(error)
            if _is_about_host(error) or len(failures) > _MAX_FAILURES:
                break
            continue
        yield replace(document, is_complete=document.is_complete and not failures, names_day=True)
    if failures:
        raise failures[0]


def _is_about_host(error: FetchError) -> bool:
    """Return whether an error says something about the server, and not about the requested document."""
    return error.status is None or error.status in _HOST_STATUSES
