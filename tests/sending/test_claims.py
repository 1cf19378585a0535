"""Claims, on both databases: a row has one owner at a time, which renews, releases or settles its claim."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import (
    AT_EIGHT,
    SettableClock,
    plan_many,
    relay_state,
    rows,
    run,
    sender_to,
    states,
    subscriber_states,
)
from support.scripted_relay import ScriptedRelay
from support.service import MONDAY

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState
from notifier.sending import claims as claiming
from notifier.sending.results import Result, settle
from notifier.sending.run import send_due
from notifier.store import outbox
from notifier.store.engine import writing
from notifier.store.outbox import LEASE, Claim, Settlement, checking_claims
from notifier.store.tables import delivery
from notifier.subscribers.leaving import unsubscribe

pytestmark = pytest.mark.usefixtures("offers_pipelining")

SUBSCRIBERS = [f"subscriber{number}@example.org" for number in range(100)]
ACCEPTED = Settlement(DeliveryState.ACCEPTED, "250 ok", None, 1, 0)
OK = Outcome(DeliveryState.ACCEPTED, "250 ok")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield a store with a planned digest for each of a hundred subscribers."""
    name = "engine" if request.param == "sqlite" else "postgres_store"
    engine: Engine = request.getfixturevalue(name)
    plan_many(engine, tmp_path, SUBSCRIBERS)
    yield engine


def claim(engine: Engine, owner: str, limit: int, at: timedelta = timedelta(0)) -> list[Claim]:
    with writing(engine) as connection:
        return outbox.claim(connection, owner, AT_EIGHT + at, limit)


def test_a_sender_claims_at_most_the_number_it_asks_for_and_each_row_has_one_owner(store: Engine) -> None:
    first, second = claim(store, "one", 30), claim(store, "two", 1000)
    assert (len(first), len(second), claim(store, "three", 10)) == (30, 70, [])
    assert len({each.id for each in first + second}) == 100
    assert {each.epoch for each in first} == {1}


def test_senders_that_claim_at_the_same_moment_share_the_rows(store: Engine) -> None:
    def claim_all(owner: str) -> list[int]:
        claimed: list[int] = []
        while batch := claim(store, owner, 7):
            claimed += [each.id for each in batch]
        return claimed

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(claim_all, ["one", "two", "three", "four"]))
    assert sorted(row_id for share in shares for row_id in share) == sorted(row.id for row in rows(store).values())


def test_an_expired_lease_passes_to_another_sender_and_the_late_result_is_dropped(store: Engine) -> None:
    (slow,) = claim(store, "one", 1)
    others = claim(store, "one", 99)
    again = next(each for each in claim(store, "two", 100, LEASE) if each.id == slow.id)
    assert again.epoch == slow.epoch + 1
    with checking_claims(store) as still_held:
        assert not still_held(slow)
        assert still_held(again)
    with writing(store) as connection:
        assert outbox.settle(connection, [(slow, ACCEPTED), (others[0], ACCEPTED)], AT_EIGHT) == set()
        assert outbox.settle(connection, [(again, ACCEPTED)], AT_EIGHT) == {again.id}
        assert outbox.settle(connection, [(again, ACCEPTED)], AT_EIGHT) == set(), "a claim is settled only once"
    assert {row.in_doubt for row in rows(store).values()} == {True}


def test_renewed_leases_stay_and_released_rows_are_due_at_once(store: Engine) -> None:
    claim(store, "one", 60)
    claim(store, "two", 40)
    with writing(store) as connection:
        outbox.renew(connection, "one", AT_EIGHT + LEASE / 2)
        outbox.release(connection, ["two"], in_doubt=False)
    assert len(claim(store, "three", 100, LEASE)) == 40
    assert Counter(row.in_doubt for row in rows(store).values()) == {False: 100}


def test_the_rows_of_a_lost_sender_stay_in_doubt_when_another_sender_claims_them(store: Engine) -> None:
    claim(store, "one", 100)
    with writing(store) as connection:
        outbox.release(connection, ["one"], in_doubt=True)
    claim(store, "two", 100)
    assert {row.in_doubt for row in rows(store).values()} == {True}


def test_several_results_are_settled_together_with_the_subscribers_and_the_relay(store: Engine, tmp_path: Path) -> None:
    sender = sender_to(store, tmp_path, 1, SettableClock())
    claimed = claiming.claim_next(sender, "one")
    assert len(claimed) == len(SUBSCRIBERS)
    rejected = Outcome(DeliveryState.REJECTED, "550 5.1.1 unknown")
    down = Outcome(DeliveryState.DEFERRED, "CONNECT: refused", RelayCondition.DOWN)
    results = [Result(claimed[0], rejected), Result(claimed[1], OK), Result(claimed[2], down)]
    settled = settle(sender, results)
    assert (len(settled.outcomes), settled.pause_reason, settled.is_open) == (3, "CONNECT: refused", False)
    assert Counter(states(store).values()) == {"LEASED": 97, "REJECTED": 1, "ACCEPTED": 1, "DEFERRED": 1}
    assert subscriber_states(store)[claimed[0].claim.recipient] == "SUPPRESSED"
    assert (relay_state(store).sent, relay_state(store).reason) == (1, "CONNECT: refused")
    assert claiming.claim_next(sender, "two") == []


def test_two_senders_share_the_mail_and_each_subscriber_gets_one(store: Engine, tmp_path: Path) -> None:
    async def both() -> None:
        senders = [sender_to(store, tmp_path, relay.port, SettableClock()) for _ in range(2)]
        await asyncio.gather(*(send_due(sender) for sender in senders))

    with ScriptedRelay() as relay:
        asyncio.run(both())
        copies = Counter(kept.recipient for kept in relay.kept)
    assert (len(copies), copies.total()) == (100, 100)
    assert set(states(store).values()) == {"ACCEPTED"}


def test_one_sender_at_a_time_probes_the_relay_and_a_lost_probe_is_taken_over(store: Engine, tmp_path: Path) -> None:
    clock = SettableClock()
    sender = sender_to(store, tmp_path, 1, clock)
    (first, *_) = claiming.claim_next(sender, "one")
    settle(sender, [Result(first, Outcome(DeliveryState.DEFERRED, "CONNECT: refused", RelayCondition.DOWN))])
    claiming.release_claims(sender, "one", in_doubt=False)
    clock.now += timedelta(seconds=10)
    (probe,) = claiming.claim_next(sender, "two")
    assert probe.is_probe
    assert claiming.claim_next(sender, "three") == []
    claiming.release_claims(sender, "two", in_doubt=True)
    (again,) = claiming.claim_next(sender, "three")
    assert again.is_probe
    clock.now += timedelta(seconds=40)
    claiming.renew_leases(sender, "three")
    clock.now += timedelta(seconds=40)
    assert claiming.claim_next(sender, "four") == []
    clock.now += timedelta(seconds=60)
    (last,) = claiming.claim_next(sender, "four")
    assert last.is_probe


def test_the_limit_per_day_bounds_claims_and_counts_what_earlier_senders_have_sent(
    store: Engine, tmp_path: Path
) -> None:
    clock = SettableClock()
    with ScriptedRelay() as relay:
        limited = sender_to(store, tmp_path, relay.port, clock, rate_per_day=40)
        assert len(claiming.claim_next(limited, "another")) == 40
        claiming.release_claims(limited, "another", in_doubt=False)
        assert asyncio.run(send_due(limited)).states[DeliveryState.ACCEPTED] == 40
        assert run(store, tmp_path, relay, clock, rate_per_day=40).states.total() == 0, (
            "a new sender continues the count"
        )
        clock.now = MONDAY + timedelta(days=1)
        assert run(store, tmp_path, relay, clock, rate_per_day=40).states[DeliveryState.ACCEPTED] == 40


def test_the_rate_per_second_is_shared_by_all_senders(store: Engine, tmp_path: Path) -> None:
    sender = sender_to(store, tmp_path, 1, SettableClock(), rate_per_second=10)
    first, second = claiming.claim_next(sender, "one"), claiming.claim_next(sender, "two")
    assert len(first) == len(second) == 10
    assert [(each.send_at - AT_EIGHT).total_seconds() for each in first + second] == [place / 10 for place in range(20)]


def test_after_the_clock_was_set_back_no_row_waits_longer_than_the_longest_retry_delay(
    store: Engine, tmp_path: Path
) -> None:
    clock = SettableClock(AT_EIGHT + timedelta(days=300))
    sender = sender_to(store, tmp_path, 1, clock)
    (first, second, *_) = claiming.claim_next(sender, "one")
    settle(sender, [Result(first, Outcome(DeliveryState.DEFERRED, "451 later"))])
    clock.now = AT_EIGHT
    claiming.clean_up(sender, "two")
    waits = {row.id: row.next_try - AT_EIGHT for row in rows(store).values()}
    assert waits[first.claim.id] <= timedelta(minutes=67 * 1.2)
    assert waits[second.claim.id] == LEASE
    assert len(claim(store, "two", 1000, timedelta(minutes=81))) == 100


def test_the_rows_of_subscribers_who_left_are_not_claimed_and_are_cancelled(store: Engine, tmp_path: Path) -> None:
    (held,) = claim(store, "one", 1)
    for email in (SUBSCRIBERS[0], SUBSCRIBERS[1]):
        unsubscribe(store, email, AT_EIGHT)
    with checking_claims(store) as still_held:
        assert still_held(held) == (held.recipient not in SUBSCRIBERS[:2])
    with writing(store) as connection:
        outbox.release(connection, ["one"], in_doubt=False)
    assert claiming.clean_up(sender_to(store, tmp_path, 1, SettableClock()), "two").cancelled == (
        held.recipient in SUBSCRIBERS[:2]
    )
    assert len(claim(store, "two", 1000)) == 98


def test_a_row_keeps_its_message_id_when_another_sender_claims_it(store: Engine) -> None:
    before = {row.id: row.message_id for row in rows(store).values()}
    claim(store, "one", 100)
    again = claim(store, "two", 100, LEASE)
    assert {each.id: each.message_id for each in again} == before


def test_a_row_in_doubt_never_expires_because_the_relay_may_have_the_mail(store: Engine, tmp_path: Path) -> None:
    with writing(store) as connection:
        connection.execute(delivery.update().values(state=DeliveryState.DEFERRED, attempts=9, in_doubt=True))
        connection.execute(delivery.update().where(delivery.c.id <= 10).values(in_doubt=False))
    late = SettableClock(AT_EIGHT + timedelta(hours=72))
    assert claiming.clean_up(sender_to(store, tmp_path, 1, late), "one").expired == 10
