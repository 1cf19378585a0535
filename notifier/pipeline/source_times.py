"""When a source is fetched: by its schedule or, after failures, less and less often."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from notifier.config import SourceConfig
from notifier.fetching import next_due
from notifier.store.sources import SourceState

FIRST_RETRY = timedelta(minutes=5)  # after one failure; doubled with each further one
LONGEST_RETRY = timedelta(hours=6)
LONGEST_REST = timedelta(days=7)  # that a server may ask for with Retry-After
JITTER = 0.25  # the largest part that is added to a retry at random, so that not everybody comes back at once
CLOCK_SET_BACK = timedelta(hours=1)  # what a source waits longer than necessary if the clock was set back by less


def due_at(source: SourceConfig, state: SourceState | None, now: datetime) -> datetime:
    """Return when a source is due: at once if it was never tried, or if the clock was set back by hours since.

    If the config has been changed to ask more often, that counts at once.
    """
    if state is None or state.next_due is None or state.last_tried_at is None:
        return now
    if state.last_tried_at - now > CLOCK_SET_BACK:
        return now
    return state.next_due if state.failures else min(state.next_due, next_due(source, state.last_tried_at))


def retry_at(failures: int, now: datetime, retry_after: datetime | None) -> datetime:
    """Return when a source is tried again that has failed so often in a row.

    `retry_after` is the time before which the server wants no request, if it has said so.
    """
    doubled = FIRST_RETRY * (1 << min(failures - 1, 20))
    retry = now + min(doubled, LONGEST_RETRY) * random.uniform(1, 1 + JITTER)
    return max(retry, min(retry_after, now + LONGEST_REST)) if retry_after else retry
