"""Compute how fast mail may be sent: a rate per second and a limit per day for all senders. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from notifier.models import RelayState

# A stored send time is ignored if it is more than this many intervals ahead. An interval is the time between two mails,
# or one second if that is longer.
INTERVALS_AHEAD = 60


@dataclass(frozen=True, slots=True)
class Rates:
    """The relay's limits; 0 means no limit. A day is a UTC day."""

    per_second: float = 0
    per_day: int = 0


def remaining_today(state: RelayState, rates: Rates, now: datetime, under_way: int) -> int | None:
    """Return how many more mails may be claimed today, besides those `under_way`; None if there is no limit."""
    return max(0, rates.per_day - _sent_today(state, now) - under_way) if rates.per_day else None


def with_sent_counted(state: RelayState, number: int, now: datetime) -> RelayState:
    """Return the relay's state after `number` more mails that it has accepted or may have accepted."""
    return replace(state, day=now.astimezone(UTC).date(), sent=_sent_today(state, now) + number)


def claim_limit(rates: Rates, most: int) -> int:
    """Return how many mails to claim at once, at most `most`.

    A sender claims no more mails than may be sent in one second, so that no claimed mail waits long. It may
    always claim one mail.
    """
    return min(most, max(1, int(rates.per_second))) if rates.per_second else most


def send_times(state: RelayState, rates: Rates, now: datetime, number: int) -> tuple[RelayState, list[datetime]]:
    """Return the relay's state after `number` send times have been reserved, and these times.

    A stored next send time counts only if it is at most INTERVALS_AHEAD intervals away. If it is later, the clock has
    been set back since the time was stored.
    """
    if not rates.per_second or not number:
        return state, [now] * number
    interval = timedelta(seconds=1 / rates.per_second)
    farthest = now + INTERVALS_AHEAD * max(interval, timedelta(seconds=1))
    first = state.next_turn if state.next_turn and now < state.next_turn <= farthest else now
    return replace(state, next_turn=first + interval * number), [first + interval * index for index in range(number)]


def _sent_today(state: RelayState, now: datetime) -> int:
    return state.sent if state.day == now.astimezone(UTC).date() else 0
