"""How fast mail may go out: turns by the second and a number for the day, shared by all senders. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from notifier.models import RelayState

TURNS_GIVEN = 60  # at most, ahead of time: a next turn that lies further off is of a clock set back


@dataclass(frozen=True, slots=True)
class Rates:
    """What the relay allows; 0 is no limit. A day is one of UTC."""

    per_second: float = 0
    per_day: int = 0


def allowed(state: RelayState, rates: Rates, now: datetime, under_way: int) -> int | None:
    """How many more mails may be claimed today, beside those `under_way`; None is any number."""
    return max(0, rates.per_day - _sent_on(state, now) - under_way) if rates.per_day else None


def counted(state: RelayState, number: int, now: datetime) -> RelayState:
    """The relay once it has taken, or may have taken, so many mails more."""
    return replace(state, day=now.astimezone(UTC).date(), sent=_sent_on(state, now) + number)


def claim_limit(rates: Rates, wanted: int) -> int:
    """How many mails to claim at once, that none waits long for its turn: a second's worth."""
    return min(wanted, max(1, int(rates.per_second))) if rates.per_second else wanted


def turns(state: RelayState, rates: Rates, now: datetime, number: int) -> tuple[RelayState, list[datetime]]:
    """When each of `number` mails may be sent, and the relay with these turns taken."""
    if not rates.per_second or not number:
        return state, [now] * number
    step = timedelta(seconds=1 / rates.per_second)
    furthest = now + TURNS_GIVEN * max(step, timedelta(seconds=1))
    free = state.next_turn if state.next_turn and now < state.next_turn <= furthest else now
    return replace(state, next_turn=free + step * number), [free + step * place for place in range(number)]


def _sent_on(state: RelayState, now: datetime) -> int:
    return state.sent if state.day == now.astimezone(UTC).date() else 0
