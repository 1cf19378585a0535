"""When the relay is left alone, for how long, and how it is taken up again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery import breaker
from notifier.delivery.breaker import Gate, gate, paused_for
from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.pool import BURST, ParallelLimit
from notifier.models import DeliveryState, RelayState
from notifier.sending.pacing import Rates, allowed, counted, turns

NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)
ACCEPTED = Outcome(DeliveryState.ACCEPTED, "250 ok")
DEFERRED = Outcome(DeliveryState.DEFERRED, "451 later")
REJECTED = Outcome(DeliveryState.REJECTED, "550 5.1.1 nobody")
UNTRIED = Outcome(DeliveryState.FAILED, "cannot be made", RelayCondition.UNTRIED)
POLICY = Outcome(DeliveryState.DEFERRED, "550 5.7.1 no", RelayCondition.POLICY)
BUSY = Outcome(DeliveryState.DEFERRED, "421 busy", RelayCondition.BUSY)
DOWN = Outcome(DeliveryState.DEFERRED, "CONNECT: refused", RelayCondition.DOWN)
REFUSING = Outcome(DeliveryState.DEFERRED, "535 wrong password", RelayCondition.REFUSING)


def after(*outcomes: Outcome, state: RelayState | None = None, domain: str = "example.org") -> RelayState:
    state = state or RelayState()
    for outcome in outcomes:
        state = breaker.after(state, outcome, domain, NOW)
    return state


@pytest.mark.parametrize("outcome", [DOWN, REFUSING])
def test_a_relay_that_is_down_or_refuses_us_pauses_at_once_with_its_own_words(outcome: Outcome) -> None:
    state = after(outcome)
    assert (gate(state, NOW), state.reason) == (Gate.CLOSED, outcome.reply)


def test_fifty_errors_in_a_row_pause_it_and_one_acceptance_between_does_not() -> None:
    assert gate(after(*[DEFERRED] * 49), NOW) is Gate.OPEN
    assert gate(after(*[DEFERRED] * 49, ACCEPTED, *[DEFERRED] * 49), NOW) is Gate.OPEN
    assert gate(after(*[DEFERRED] * 50), NOW) is Gate.CLOSED


def test_three_in_ten_of_the_last_five_hundred_pause_it() -> None:
    mixed = ([ACCEPTED] * 7 + [DEFERRED] * 3) * 50
    assert gate(after(*mixed[:-1]), NOW) is Gate.OPEN
    assert gate(after(*mixed), NOW) is Gate.CLOSED


def test_errors_of_long_ago_are_forgotten() -> None:
    assert gate(after(*([ACCEPTED, ACCEPTED, ACCEPTED, DEFERRED] * 500)), NOW) is Gate.OPEN


def test_refused_addresses_and_mail_that_cannot_be_made_are_no_errors_of_the_relay() -> None:
    assert after(*[UNTRIED] * 500) == RelayState()
    assert gate(after(*[REJECTED] * 500), NOW) is Gate.OPEN


def test_policy_refusals_from_three_domains_pause_it_unless_it_accepts_between() -> None:
    def refused(*domains: str, state: RelayState | None = None) -> RelayState:
        state = state or RelayState()
        for domain in domains:
            state = after(POLICY, state=state, domain=domain)
        return state

    assert gate(refused("a.org", "b.org", "a.org"), NOW) is Gate.OPEN
    assert gate(refused("a.org", "b.org", "c.org"), NOW) is Gate.CLOSED
    between = after(ACCEPTED, state=refused("a.org", "b.org"))
    assert gate(refused("c.org", "a.org", state=between), NOW) is Gate.OPEN


def test_three_421_in_a_row_pause_it() -> None:
    assert gate(after(BUSY, BUSY, ACCEPTED, BUSY, BUSY), NOW) is Gate.OPEN
    assert gate(after(BUSY, BUSY, BUSY), NOW) is Gate.CLOSED


def test_when_the_pause_has_run_out_one_sender_at_a_time_may_probe() -> None:
    paused = after(DOWN)
    assert paused.paused_until is not None
    assert gate(paused, paused.paused_until) is Gate.PROBE
    probed = RelayState(paused_until=NOW, pauses=1, probe_owner="one", probe_until=NOW + timedelta(seconds=60))
    assert gate(probed, NOW) is Gate.CLOSED
    assert gate(probed, NOW + timedelta(seconds=60)) is Gate.PROBE


@pytest.mark.parametrize("outcome", [ACCEPTED, REJECTED, DEFERRED])
def test_a_probe_that_reaches_a_relay_which_was_down_ends_the_pause(outcome: Outcome) -> None:
    state = breaker.after(after(DOWN), outcome, "example.org", NOW, is_probe=True)
    assert (gate(state, NOW), state.pauses, state.probe_owner) == (Gate.OPEN, 0, None)


def test_a_probe_that_is_put_off_keeps_the_breaker_open_and_one_that_is_accepted_forgets_all() -> None:
    tripped = after(*[DEFERRED] * 50)
    again = breaker.after(tripped, DEFERRED, "example.org", NOW, is_probe=True)
    assert (gate(again, NOW), again.pauses) == (Gate.CLOSED, 2)
    mended = breaker.after(again, ACCEPTED, "example.org", NOW, is_probe=True)
    assert (mended.paused_until, mended.errors, mended.recent) == (None, 0, "")


def test_what_was_on_the_wire_before_the_pause_neither_ends_nor_lengthens_it() -> None:
    paused = after(DOWN)
    for outcome in (ACCEPTED, DOWN, REFUSING, DEFERRED):
        state = breaker.after(paused, outcome, "example.org", NOW)
        assert (state.paused_until, state.pauses) == (paused.paused_until, 1)


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [(DOWN, [10, 20, 40, 80, 160, 320, 640, 900, 900]), (REFUSING, [300, 600, 1200, 2400, 3600, 3600])],
)
def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest(outcome: Outcome, seconds: list[int]) -> None:
    state, lengths = RelayState(), []
    for _ in seconds:
        state = breaker.after(state, outcome, "example.org", NOW, is_probe=True)
        lengths.append(paused_for(state, NOW).total_seconds())
    assert lengths == seconds


def test_a_pause_of_a_clock_that_was_set_back_does_not_last() -> None:
    assert gate(after(DOWN), NOW - timedelta(days=30)) is Gate.PROBE


@given(
    st.lists(st.sampled_from([ACCEPTED, DEFERRED, POLICY, BUSY, DOWN]), max_size=200),
    st.integers(min_value=1, max_value=600),
)
def test_acceptances_counted_together_are_those_counted_one_by_one(before: list[Outcome], number: int) -> None:
    state = after(*before)
    assert breaker.after_acceptances(state, number) == after(*[ACCEPTED] * number, state=state)


@given(st.lists(st.sampled_from([ACCEPTED, DEFERRED, REJECTED, UNTRIED, POLICY, BUSY, DOWN, REFUSING]), max_size=200))
def test_a_relay_is_paused_with_a_reason_or_not_at_all(outcomes: list[Outcome]) -> None:
    state = after(*outcomes)
    assert bool(state.paused_until) == bool(state.reason) == bool(state.pauses)
    assert len(state.recent) <= 500


def test_the_day_has_so_many_mails_and_a_new_day_begins_anew() -> None:
    rates = Rates(per_day=100)
    state = counted(RelayState(), 60, NOW)
    assert allowed(state, rates, NOW, under_way=10) == 30
    assert allowed(counted(state, 60, NOW), rates, NOW, 0) == 0
    assert allowed(state, rates, NOW + timedelta(days=1), 0) == 100
    assert allowed(state, Rates(), NOW, 0) is None


def test_turns_follow_each_other_at_the_rate_whoever_takes_them() -> None:
    rates = Rates(per_second=10)
    state, first = turns(RelayState(), rates, NOW, 2)
    _, second = turns(state, rates, NOW, 2)
    assert [(turn - NOW).total_seconds() for turn in [*first, *second]] == [0, 0.1, 0.2, 0.3]
    assert turns(state, rates, NOW + timedelta(seconds=5), 1)[1] == [NOW + timedelta(seconds=5)]


def test_turns_of_a_clock_that_was_set_back_are_forgotten() -> None:
    state, _ = turns(RelayState(), Rates(per_second=1), NOW + timedelta(days=1), 1)
    assert turns(state, Rates(per_second=1), NOW, 1)[1] == [NOW]


def learned(width: ParallelLimit, *outcomes: Outcome) -> int:
    for outcome in outcomes:
        width.learn(outcome)
    return width.lanes


def test_lanes_grow_with_success_up_to_the_cap() -> None:
    width = ParallelLimit(4)
    assert [learned(width), *(learned(width, ACCEPTED) for _ in range(5))] == [1, 2, 3, 4, 4, 4]


@pytest.mark.parametrize("push", [[BUSY], [DEFERRED] * BURST])
def test_lanes_are_halved_by_a_421_and_by_a_burst_of_deferrals_and_then_grow_slowly(push: list[Outcome]) -> None:
    width = ParallelLimit(8)
    assert learned(width, *[ACCEPTED] * 8) == 8
    assert learned(width, *push) == 4
    assert learned(width, *[ACCEPTED] * 30) == 4
    assert learned(width, *[ACCEPTED] * 20) == 5
    assert learned(width, *[BUSY] * 10) == 1


def test_single_deferrals_and_mail_that_was_not_sent_change_no_width() -> None:
    width = ParallelLimit(4)
    learned(width, *[ACCEPTED] * 4)
    assert learned(width, *[DEFERRED, ACCEPTED] * 20, *[UNTRIED] * 20, *[DEFERRED] * (BURST - 1)) == 4
