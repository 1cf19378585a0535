"""When a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.delivery.retries import next_try, next_try_if_uncertain

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 67), (6, 67), (500, 67)])
def test_the_delay_doubles_from_5_to_67_minutes_with_a_jitter_of_a_fifth(attempts: int, minutes: int) -> None:
    delays = {next_try(attempts, NOW, seed) - NOW for seed in range(200)}
    assert timedelta(minutes=minutes * 0.8) <= min(delays) < timedelta(minutes=minutes * 0.85)
    assert timedelta(minutes=minutes * 1.15) < max(delays) <= timedelta(minutes=minutes * 1.2)


def test_the_first_delay_also_follows_an_attempt_that_does_not_count() -> None:
    assert timedelta(minutes=4) <= next_try(0, NOW, 7) - NOW <= timedelta(minutes=6)


@given(st.integers(0, 10_000), st.integers(0, 2**63))
@settings(deadline=None)
def test_the_same_delivery_and_attempt_give_the_same_time(attempts: int, seed: int) -> None:
    assert next_try(attempts, NOW, seed) == next_try(attempts, NOW, seed) > NOW


def test_the_jitter_of_one_delivery_differs_from_attempt_to_attempt() -> None:
    assert len({next_try(attempts, NOW, 7) for attempts in range(5, 15)}) == 10


def test_an_uncertain_mail_is_sent_again_twice_at_most() -> None:
    assert next_try_if_uncertain(1, NOW) == NOW + timedelta(minutes=15)
    assert next_try_if_uncertain(2, NOW) == NOW + timedelta(minutes=15)
    assert next_try_if_uncertain(3, NOW) is None
