"""Compute when a source is fetched: by its schedule, or after failures with growing delays."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from notifier.config import SourceConfig
from notifier.fetching import next_due
from notifier.store.sources import SourceState

FIRST_RETRY = timedelta(minutes=5)  # after one failure; doubled with each further one
MAX_RETRY = timedelta(hours=6)
MAX_RETRY_AFTER = timedelta(days=7)  # of Retry-After; a longer one is shortened to this
JITTER = 0.25  # at most this share of a delay is added at random, so that not all sources are retried at once
CLOCK_SET_BACK = timedelta(hours=1)  # a last try farther in the future than this shows that the clock was set back


def due_at(source: SourceConfig, state: SourceState | None, now: datetime) -> datetime:
    """Return when a source is due: at once if it was never tried, or if the clock was set back by more than an hour.

    A shorter interval in the config takes effect at once.
    """
    if state is None or state.next_due is None or state.last_tried_at is None:
        return now
    if state.last_tried_at - now > CLOCK_SET_BACK:
        return now
    return state.next_due if state.failures else min(state.next_due, next_due(source, state.last_tried_at))


def retry_at(failures: int, now: datetime, retry_after: datetime | None) -> datetime:
    """Return when a source is tried again after `failures` failures in a row.

    `retry_after` is the time until which the server asks to wait, if it does.
    """
    doubled = FIRST_RETRY * (1 << min(failures - 1, 20))
    retry = now + min(doubled, MAX_RETRY) * random.uniform(1, 1 + JITTER)
    return max(retry, min(retry_after, now + MAX_RETRY_AFTER)) if retry_after else retry
