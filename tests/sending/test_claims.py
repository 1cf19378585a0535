"""Who may touch a row, on both databases: claimed by one, renewed, given back, settled by the hand that holds it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import AT_EIGHT, Clock, plan_many, readers, relay_state, rows, run, sender_to, states
from support.scripted_relay import ScriptedRelay
from support.service import MONDAY

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState
from notifier.sending import claims as claiming
from notifier.sending.results import Result, settle
from notifier.sending.run import send_due
from notifier.store import outbox
from notifier.store.engine import writing
from notifier.store.outbox import LEASE, Claim, Settlement, holding
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import unsubscribe

pytestmark = pytest.mark.usefixtures("offers_pipelining")

READERS = [f"reader{number}@example.org" for number in range(100)]
ACCEPTED = Settlement(DeliveryState.ACCEPTED, "250 ok", None, 1, 0)
OK = Outcome(DeliveryState.ACCEPTED, "250 ok")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store in which a digest waits for each of a hundred readers."""
    name = "engine" if request.param == "sqlite" else "postgres_store"
    engine: Engine = request.getfixturevalue(name)
    plan_many(engine, tmp_path, READERS)
    yield engine


def claim(engine: Engine, owner: str, limit: int, at: timedelta = timedelta(0)) -> list[Claim]:
    with writing(engine) as connection:
        return outbox.claim(connection, owner, AT_EIGHT + at, limit)


def test_a_batch_is_as_large_as_asked_for_and_each_row_has_one_owner(store: Engine) -> None:
    first, second = claim(store, "one", 30), claim(store, "two", 1000)
    assert (len(first), len(second), claim(store, "three", 10)) == (30, 70, [])
    assert len({each.id for each in first + second}) == 100
    assert {each.epoch for each in first} == {1}


def test_senders_that_claim_at_the_same_moment_share_the_rows(store: Engine) -> None:
    def take_all(owner: str) -> list[int]:
        taken: list[int] = []
        while batch := claim(store, owner, 7):
            taken += [each.id for each in batch]
        return taken

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(take_all, ["one", "two", "three", "four"]))
    assert sorted(taken for share in shares for taken in share) == sorted(row.id for row in rows(store).values())


def test_a_lease_that_ran_out_passes_on_and_the_late_result_is_dropped(store: Engine) -> None:
    (slow,) = claim(store, "one", 1)
    others = claim(store, "one", 99)
    again = next(each for each in claim(store, "two", 100, LEASE) if each.id == slow.id)
    assert again.epoch == slow.epoch + 1
    with holding(store) as still_held:
        assert not still_held(slow)
        assert still_held(again)
    with writing(store) as connection:
        assert outbox.settle(connection, [(slow, ACCEPTED), (others[0], ACCEPTED)], AT_EIGHT) == set()
        assert outbox.settle(connection, [(again, ACCEPTED)], AT_EIGHT) == {again.id}
        assert outbox.settle(connection, [(again, ACCEPTED)], AT_EIGHT) == set(), "only once"
    assert {row.in_doubt for row in rows(store).values()} == {True}


def test_renewed_leases_stay_and_what_is_given_back_is_due_at_once(store: Engine) -> None:
    claim(store, "one", 60)
    claim(store, "two", 40)
    with writing(store) as connection:
        outbox.renew(connection, "one", AT_EIGHT + LEASE / 2)
        outbox.release(connection, ["two"], in_doubt=False)
    assert len(claim(store, "three", 100, LEASE)) == 40
    assert Counter(row.in_doubt for row in rows(store).values()) == {False: 100}


def test_what_a_lost_sender_held_is_in_doubt_whoever_takes_it_next(store: Engine) -> None:
    claim(store, "one", 100)
    with writing(store) as connection:
        outbox.release(connection, ["one"], in_doubt=True)
    claim(store, "two", 100)
    assert {row.in_doubt for row in rows(store).values()} == {True}


def test_results_of_many_are_settled_together_with_reader_and_relay(store: Engine, tmp_path: Path) -> None:
    sender = sender_to(store, tmp_path, 1, Clock())
    turns = claiming.take(sender, "one")
    assert len(turns) == len(READERS)
    rejected = Outcome(DeliveryState.REJECTED, "550 5.1.1 unknown")
    down = Outcome(DeliveryState.DEFERRED, "CONNECT: refused", RelayCondition.DOWN)
    results = [Result(turns[0], rejected), Result(turns[1], OK), Result(turns[2], down)]
    settled = settle(sender, results)
    assert (len(settled.outcomes), settled.pause, settled.is_open) == (3, "CONNECT: refused", False)
    assert Counter(states(store).values()) == {"LEASED": 97, "REJECTED": 1, "ACCEPTED": 1, "DEFERRED": 1}
    assert readers(store)[turns[0].claim.recipient] == "SUPPRESSED"
    assert (relay_state(store).sent, relay_state(store).reason) == (1, "CONNECT: refused")
    assert claiming.take(sender, "two") == []


def test_two_senders_share_the_mail_and_each_reader_gets_one(store: Engine, tmp_path: Path) -> None:
    async def both() -> None:
        senders = [sender_to(store, tmp_path, relay.port, Clock()) for _ in range(2)]
        await asyncio.gather(*(send_due(sender) for sender in senders))

    with ScriptedRelay() as relay:
        asyncio.run(both())
        copies = Counter(kept.recipient for kept in relay.kept)
    assert (len(copies), copies.total()) == (100, 100)
    assert set(states(store).values()) == {"ACCEPTED"}


def test_one_sender_at_a_time_probes_a_relay_and_a_lost_probe_is_taken_over(store: Engine, tmp_path: Path) -> None:
    clock = Clock()
    sender = sender_to(store, tmp_path, 1, clock)
    (turn, *_) = claiming.take(sender, "one")
    settle(sender, [Result(turn, Outcome(DeliveryState.DEFERRED, "CONNECT: refused", RelayCondition.DOWN))])
    claiming.give_back(sender, "one", in_doubt=False)
    clock.now += timedelta(seconds=10)
    (probe,) = claiming.take(sender, "two")
    assert probe.is_probe
    assert claiming.take(sender, "three") == []
    claiming.give_back(sender, "two", in_doubt=True)
    (again,) = claiming.take(sender, "three")
    assert again.is_probe
    clock.now += timedelta(seconds=40)
    claiming.renew(sender, "three")
    clock.now += timedelta(seconds=40)
    assert claiming.take(sender, "four") == []
    clock.now += timedelta(seconds=60)
    (last,) = claiming.take(sender, "four")
    assert last.is_probe


def test_a_days_mail_counts_what_other_senders_sent_and_what_they_hold(store: Engine, tmp_path: Path) -> None:
    clock = Clock()
    with ScriptedRelay() as relay:
        limited = sender_to(store, tmp_path, relay.port, clock, rate_per_day=40)
        assert len(claiming.take(limited, "another")) == 40
        claiming.give_back(limited, "another", in_doubt=False)
        assert asyncio.run(send_due(limited)).states[DeliveryState.ACCEPTED] == 40
        assert run(store, tmp_path, relay, clock, rate_per_day=40).states.total() == 0, "a new sender counts on"
        clock.now = MONDAY + timedelta(days=1)
        assert run(store, tmp_path, relay, clock, rate_per_day=40).states[DeliveryState.ACCEPTED] == 40


def test_turns_by_the_second_are_shared_by_all_senders(store: Engine, tmp_path: Path) -> None:
    sender = sender_to(store, tmp_path, 1, Clock(), rate_per_second=10)
    first, second = claiming.take(sender, "one"), claiming.take(sender, "two")
    assert len(first) == len(second) == 10
    assert [(turn.at - AT_EIGHT).total_seconds() for turn in first + second] == [place / 10 for place in range(20)]


def test_a_clock_that_was_set_back_leaves_nothing_waiting_for_longer_than_a_retry_does(
    store: Engine, tmp_path: Path
) -> None:
    clock = Clock(AT_EIGHT + timedelta(days=300))
    sender = sender_to(store, tmp_path, 1, clock)
    (first, second, *_) = claiming.take(sender, "one")
    settle(sender, [Result(first, Outcome(DeliveryState.DEFERRED, "451 later"))])
    clock.now = AT_EIGHT
    claiming.tidy(sender, "two")
    waits = {row.id: row.next_try - AT_EIGHT for row in rows(store).values()}
    assert waits[first.claim.id] <= timedelta(minutes=67 * 1.2)
    assert waits[second.claim.id] == LEASE
    assert len(claim(store, "two", 1000, timedelta(minutes=81))) == 100


def test_no_mail_is_claimed_for_readers_who_left_or_paused_and_theirs_is_withdrawn(
    store: Engine, tmp_path: Path
) -> None:
    (held,) = claim(store, "one", 1)
    for email in (READERS[0], READERS[1]):
        unsubscribe(store, email, AT_EIGHT)
    with holding(store) as still_held:
        assert still_held(held) == (held.recipient not in READERS[:2])
    with writing(store) as connection:
        outbox.release(connection, ["one"], in_doubt=False)
    assert claiming.tidy(sender_to(store, tmp_path, 1, Clock()), "two").cancelled == (held.recipient in READERS[:2])
    assert len(claim(store, "two", 1000)) == 98


def test_every_row_keeps_its_message_id_over_all_hands(store: Engine) -> None:
    before = {row.id: row.message_id for row in rows(store).values()}
    claim(store, "one", 100)
    again = claim(store, "two", 100, LEASE)
    assert {each.id: each.message_id for each in again} == before


def test_a_row_that_only_the_relay_may_have_never_expires(store: Engine, tmp_path: Path) -> None:
    with writing(store) as connection:
        connection.execute(delivery.update().values(state=DeliveryState.DEFERRED, attempts=9, in_doubt=True))
        connection.execute(delivery.update().where(delivery.c.id <= 10).values(in_doubt=False))
    late = Clock(AT_EIGHT + timedelta(hours=72))
    assert claiming.tidy(sender_to(store, tmp_path, 1, late), "one").expired == 10
