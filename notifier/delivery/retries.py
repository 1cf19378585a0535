"""When a delivery is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

FIRST_DELAY = timedelta(minutes=5)
LONGEST_DELAY = timedelta(minutes=67)
JITTER = 0.2  # of the delay, either way: mails that failed together do not come back together

LONGEST_WAIT = LONGEST_DELAY * (1 + JITTER)

UNCERTAIN_DELAY = timedelta(minutes=15)
UNCERTAIN_RETRIES = 2  # a message that the relay may have is sent again this often at most

LIFETIME = timedelta(hours=72)  # after planning; then a delivery that never got through is expired


def next_try(attempts: int, now: datetime, seed: int) -> datetime:
    """When to try again after `attempts` counted ones: 5 minutes, doubling to 67, each moved by at most a fifth.

    The same `seed` (the delivery's id) and `attempts` give the same delay.
    """
    doublings = min(max(attempts, 1) - 1, 4)
    delay = min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
    return now + delay * Random(f"{seed}/{attempts}").uniform(1 - JITTER, 1 + JITTER)


def next_try_uncertain(times: int, now: datetime) -> datetime | None:
    """When to send again what was left uncertain `times` times by now; None where it stays so and is shown."""
    return now + UNCERTAIN_DELAY if times <= UNCERTAIN_RETRIES else None
