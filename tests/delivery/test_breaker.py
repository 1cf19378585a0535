"""When sending to the relay pauses, for how long, and how it resumes; and how fast mail is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery import breaker
from notifier.delivery.breaker import RECENT_REFUSALS, RelayAccess, relay_access, remaining_pause
from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.pool import DEFERRALS_IN_A_ROW, ParallelLimit
from notifier.models import DeliveryState, RelayState
from notifier.sending.pacing import Rates, remaining_today, send_times, with_sent_counted

NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)
ACCEPTED = Outcome(DeliveryState.ACCEPTED, "250 ok")
DEFERRED = Outcome(DeliveryState.DEFERRED, "451 later")
REJECTED = Outcome(DeliveryState.REJECTED, "550 5.1.1 nobody")
UNTRIED = Outcome(DeliveryState.FAILED, "cannot be made", RelayCondition.UNTRIED)
POLICY = Outcome(DeliveryState.DEFERRED, "550 5.7.1 no", RelayCondition.POLICY)
BUSY = Outcome(DeliveryState.DEFERRED, "421 busy", RelayCondition.BUSY)
DOWN = Outcome(DeliveryState.DEFERRED, "CONNECT: refused", RelayCondition.DOWN)
REFUSING = Outcome(DeliveryState.DEFERRED, "535 wrong password", RelayCondition.REFUSING)


def after(*outcomes: Outcome, state: RelayState | None = None, recipient: str = "example.org") -> RelayState:
    state = state or RelayState()
    for outcome in outcomes:
        state = breaker.state_after(state, outcome, recipient, NOW)
    return state


@pytest.mark.parametrize("outcome", [DOWN, REFUSING])
def test_sending_pauses_at_once_if_the_relay_is_down_or_refuses_us_and_the_reason_is_its_reply(
    outcome: Outcome,
) -> None:
    state = after(outcome)
    assert (relay_access(state, NOW), state.reason) == (RelayAccess.CLOSED, outcome.reply)


def test_fifty_errors_in_a_row_pause_sending_unless_one_mail_between_is_accepted() -> None:
    assert relay_access(after(*[DEFERRED] * 49), NOW) is RelayAccess.OPEN
    assert relay_access(after(*[DEFERRED] * 49, ACCEPTED, *[DEFERRED] * 49), NOW) is RelayAccess.OPEN
    assert relay_access(after(*[DEFERRED] * 50), NOW) is RelayAccess.CLOSED


def test_sending_pauses_if_three_in_ten_of_the_last_five_hundred_answers_are_errors() -> None:
    mixed = ([ACCEPTED] * 7 + [DEFERRED] * 3) * 50
    assert relay_access(after(*mixed[:-1]), NOW) is RelayAccess.OPEN
    assert relay_access(after(*mixed), NOW) is RelayAccess.CLOSED


def test_only_the_last_five_hundred_answers_count() -> None:
    assert relay_access(after(*([ACCEPTED, ACCEPTED, ACCEPTED, DEFERRED] * 500)), NOW) is RelayAccess.OPEN


def test_rejected_addresses_and_mail_that_cannot_be_composed_do_not_count_as_errors() -> None:
    assert after(*[UNTRIED] * 500) == RelayState()
    assert relay_access(after(*[REJECTED] * 500), NOW) is RelayAccess.OPEN


def test_policy_refusals_for_three_domains_pause_sending_unless_a_mail_between_is_accepted() -> None:
    def refused(*domains: str, state: RelayState | None = None) -> RelayState:
        state = state or RelayState()
        for domain in domains:
            state = after(POLICY, state=state, recipient=domain)
        return state

    assert relay_access(refused("a.org", "b.org", "a.org"), NOW) is RelayAccess.OPEN
    assert relay_access(refused("a.org", "b.org", "c.org"), NOW) is RelayAccess.CLOSED
    between = after(ACCEPTED, state=refused("a.org", "b.org"))
    assert relay_access(refused("c.org", "a.org", state=between), NOW) is RelayAccess.OPEN


def refused(*recipients: str, reply: str = "550 5.7.1 no", state: RelayState | None = None) -> RelayState:
    outcome = Outcome(DeliveryState.DEFERRED, reply, RelayCondition.POLICY)
    for recipient in recipients:
        state = after(outcome, state=state, recipient=recipient)
    return state or RelayState()


def test_the_same_refusal_of_ten_recipients_of_one_domain_pauses_sending_unless_a_mail_between_is_accepted() -> None:
    ten = [f"subscriber{number}@a.org" for number in range(10)]
    assert relay_access(refused(*ten[:9], *ten[:9]), NOW) is RelayAccess.OPEN
    assert relay_access(refused(*ten), NOW) is RelayAccess.CLOSED
    assert "10 recipients of a.org" in refused(*ten).reason
    assert relay_access(refused(*ten[5:], state=after(ACCEPTED, state=refused(*ten[:5]))), NOW) is RelayAccess.OPEN


def test_different_refusals_do_not_pause_sending_and_what_is_stored_of_them_is_bounded() -> None:
    state = refused("a@a.org", "b@b.org", reply="550 Greylisted")
    state = refused("c@c.org", "d@d.org", reply="550 no mail on Mondays", state=state)
    assert relay_access(state, NOW) is RelayAccess.OPEN
    assert relay_access(refused("e@e.org", reply="550 Greylisted", state=state), NOW) is RelayAccess.CLOSED
    for number in range(200):
        state = refused(f"{number}@a.org", reply=f"550 {'abcdefghij'[number % 10] * (number // 10 + 1)}", state=state)
    assert len(state.policy_refusals) <= RECENT_REFUSALS
    assert "@" not in "".join(state.policy_refusals), "no address is stored, because erasing would miss it"


def test_a_rejected_recipient_between_the_refusals_does_not_count_as_an_acceptance() -> None:
    state = after(REJECTED, state=refused("a@a.org", "b@b.org"))
    assert relay_access(refused("c@c.org", state=state), NOW) is RelayAccess.CLOSED


def test_three_replies_421_in_a_row_pause_sending() -> None:
    assert relay_access(after(BUSY, BUSY, ACCEPTED, BUSY, BUSY), NOW) is RelayAccess.OPEN
    assert relay_access(after(BUSY, BUSY, BUSY), NOW) is RelayAccess.CLOSED


def test_when_the_pause_has_run_out_one_sender_at_a_time_may_probe_the_relay() -> None:
    paused = after(DOWN)
    assert paused.paused_until is not None
    assert relay_access(paused, paused.paused_until) is RelayAccess.PROBE
    probed = RelayState(paused_until=NOW, pauses=1, probe_owner="one", probe_until=NOW + timedelta(seconds=60))
    assert relay_access(probed, NOW) is RelayAccess.CLOSED
    assert relay_access(probed, NOW + timedelta(seconds=60)) is RelayAccess.PROBE


@pytest.mark.parametrize("outcome", [ACCEPTED, REJECTED, DEFERRED])
def test_a_probe_that_reaches_a_relay_which_was_down_ends_the_pause(outcome: Outcome) -> None:
    state = breaker.state_after(after(DOWN), outcome, "example.org", NOW, is_probe=True)
    assert (relay_access(state, NOW), state.pauses, state.probe_owner) == (RelayAccess.OPEN, 0, None)


def test_after_fifty_errors_a_deferred_probe_begins_a_longer_pause_and_an_accepted_one_resets_all_counts() -> None:
    paused = after(*[DEFERRED] * 50)
    again = breaker.state_after(paused, DEFERRED, "example.org", NOW, is_probe=True)
    assert (relay_access(again, NOW), again.pauses) == (RelayAccess.CLOSED, 2)
    resumed = breaker.state_after(again, ACCEPTED, "example.org", NOW, is_probe=True)
    assert (resumed.paused_until, resumed.errors, resumed.recent) == (None, 0, "")


def test_a_mail_that_was_on_the_wire_when_the_pause_began_neither_ends_nor_lengthens_it() -> None:
    paused = after(DOWN)
    for outcome in (ACCEPTED, DOWN, REFUSING, DEFERRED):
        state = breaker.state_after(paused, outcome, "example.org", NOW)
        assert (state.paused_until, state.pauses) == (paused.paused_until, 1)


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [(DOWN, [10, 20, 40, 80, 160, 320, 640, 900, 900]), (REFUSING, [300, 600, 1200, 2400, 3600, 3600])],
)
def test_each_failed_probe_doubles_the_pause_up_to_the_longest(outcome: Outcome, seconds: list[int]) -> None:
    state, lengths = RelayState(), []
    for _ in seconds:
        state = breaker.state_after(state, outcome, "example.org", NOW, is_probe=True)
        lengths.append(remaining_pause(state, NOW).total_seconds())
    assert lengths == seconds


def test_a_pause_is_over_if_the_clock_has_been_set_back_by_a_month() -> None:
    assert relay_access(after(DOWN), NOW - timedelta(days=30)) is RelayAccess.PROBE


@given(
    st.lists(st.sampled_from([ACCEPTED, DEFERRED, POLICY, BUSY, DOWN]), max_size=200),
    st.integers(min_value=1, max_value=600),
)
def test_acceptances_counted_together_or_one_by_one_give_the_same_state(before: list[Outcome], number: int) -> None:
    state = after(*before)
    assert breaker.state_after_acceptances(state, number) == after(*[ACCEPTED] * number, state=state)


@given(st.lists(st.sampled_from([ACCEPTED, DEFERRED, REJECTED, UNTRIED, POLICY, BUSY, DOWN, REFUSING]), max_size=200))
def test_every_pause_has_a_reason(outcomes: list[Outcome]) -> None:
    state = after(*outcomes)
    assert bool(state.paused_until) == bool(state.reason) == bool(state.pauses)
    assert len(state.recent) <= 500


def test_the_limit_per_day_counts_sent_mails_and_mails_under_way_and_starts_again_each_day() -> None:
    rates = Rates(per_day=100)
    state = with_sent_counted(RelayState(), 60, NOW)
    assert remaining_today(state, rates, NOW, under_way=10) == 30
    assert remaining_today(with_sent_counted(state, 60, NOW), rates, NOW, 0) == 0
    assert remaining_today(state, rates, NOW + timedelta(days=1), 0) == 100
    assert remaining_today(state, Rates(), NOW, 0) is None


def test_send_times_follow_the_rate_for_all_senders_together() -> None:
    rates = Rates(per_second=10)
    state, first = send_times(RelayState(), rates, NOW, 2)
    _, second = send_times(state, rates, NOW, 2)
    assert [(time - NOW).total_seconds() for time in [*first, *second]] == [0, 0.1, 0.2, 0.3]
    assert send_times(state, rates, NOW + timedelta(seconds=5), 1)[1] == [NOW + timedelta(seconds=5)]


def test_send_times_start_again_if_the_clock_has_been_set_back() -> None:
    state, _ = send_times(RelayState(), Rates(per_second=1), NOW + timedelta(days=1), 1)
    assert send_times(state, Rates(per_second=1), NOW, 1)[1] == [NOW]


def connections_after(limit: ParallelLimit, *outcomes: Outcome) -> int:
    for outcome in outcomes:
        limit.record(outcome)
    return limit.connections


def test_each_acceptance_allows_one_more_connection_up_to_the_cap() -> None:
    limit = ParallelLimit(4)
    assert [connections_after(limit), *(connections_after(limit, ACCEPTED) for _ in range(5))] == [1, 2, 3, 4, 4, 4]


@pytest.mark.parametrize("overload", [[BUSY], [DEFERRED] * DEFERRALS_IN_A_ROW])
def test_a_421_or_several_deferrals_in_a_row_halve_the_limit_which_then_grows_slowly(
    overload: list[Outcome],
) -> None:
    limit = ParallelLimit(8)
    assert connections_after(limit, *[ACCEPTED] * 8) == 8
    assert connections_after(limit, *overload) == 4
    assert connections_after(limit, *[ACCEPTED] * 30) == 4
    assert connections_after(limit, *[ACCEPTED] * 20) == 5
    assert connections_after(limit, *[BUSY] * 10) == 1


def test_single_deferrals_and_mail_that_was_not_sent_do_not_change_the_limit() -> None:
    limit = ParallelLimit(4)
    connections_after(limit, *[ACCEPTED] * 4)
    assert (
        connections_after(limit, *[DEFERRED, ACCEPTED] * 20, *[UNTRIED] * 20, *[DEFERRED] * (DEFERRALS_IN_A_ROW - 1))
        == 4
    )
