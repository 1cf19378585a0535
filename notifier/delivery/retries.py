"""Compute when a delivery is tried again. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

FIRST_DELAY = timedelta(minutes=5)
LONGEST_DELAY = timedelta(minutes=67)
# At most this share of a delay is added or subtracted, so that mails that failed together are not retried together.
JITTER = 0.2

LONGEST_WAIT = LONGEST_DELAY * (1 + JITTER)

UNCERTAIN_DELAY = timedelta(minutes=15)
UNCERTAIN_RETRIES = 2  # a message that the relay may already have is sent again at most this many times

# A delivery that was tried expires this long after it was planned, unless a relay may have accepted it.
LIFETIME = timedelta(hours=72)


def next_try(attempts: int, now: datetime, seed: int) -> datetime:
    """Return when to try again after `attempts` failed attempts.

    The delay after the first attempt is 5 minutes. It doubles with each further attempt, up to 67 minutes, and is then
    changed at random by at most a fifth. The same `seed` (the delivery's id) and `attempts` always give the same delay.
    """
    doublings = min(max(attempts, 1) - 1, 4)
    delay = min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
    return now + delay * Random(f"{seed}/{attempts}").uniform(1 - JITTER, 1 + JITTER)


def next_try_if_uncertain(times: int, now: datetime) -> datetime | None:
    """Return when to send a mail again after `times` uncertain outcomes, or None if it is not sent again."""
    return now + UNCERTAIN_DELAY if times <= UNCERTAIN_RETRIES else None
