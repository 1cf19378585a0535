"""Checking whether a sender still holds a claim: the answer counts all that was committed before the question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from support.outbox import AT_EIGHT, plan_many
from support.stores import open_again

from notifier.models import SubscriberState
from notifier.store import outbox
from notifier.store.engine import writing
from notifier.store.outbox import checking_claims
from notifier.store.tables import delivery, subscriber

OURS, THEIRS = "this sender", "another sender"


def unsubscribe_all(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(subscriber).values(state=SubscriberState.UNSUBSCRIBED))


def lose_the_lease(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(delivery).values(owner=THEIRS, epoch=delivery.c.epoch + 1))


@pytest.mark.parametrize("change", [unsubscribe_all, lose_the_lease])
@pytest.mark.parametrize("by_another_process", [True, False])
def test_a_change_counts_as_soon_as_it_is_committed(
    engine: Engine, tmp_path: Path, change: Callable[[Engine], None], by_another_process: bool
) -> None:
    plan_many(engine, tmp_path, ["ann@example.org", "bob@example.org"])
    with writing(engine) as connection:
        claims = outbox.claim(connection, OURS, AT_EIGHT, 2)
    with checking_claims(engine) as still_held:
        assert [still_held(claim) for claim in claims] == [True, True]
        other = open_again(engine) if by_another_process else engine
        change(other)
        assert [still_held(claim) for claim in claims] == [False, False]
    other.dispose()


def test_a_claim_that_is_made_after_an_earlier_question_is_held(engine: Engine, tmp_path: Path) -> None:
    plan_many(engine, tmp_path, ["ann@example.org", "bob@example.org"])
    with checking_claims(engine) as still_held:
        for _ in range(2):
            with writing(engine) as connection:
                (claim,) = outbox.claim(connection, OURS, AT_EIGHT, 1)
            assert still_held(claim)


@pytest.mark.parametrize("change", [unsubscribe_all, lose_the_lease])
def test_a_change_counts_for_claims_that_were_looked_up_in_advance(
    engine: Engine, tmp_path: Path, change: Callable[[Engine], None]
) -> None:
    plan_many(engine, tmp_path, ["ann@example.org", "bob@example.org", "eve@example.org"])
    with writing(engine) as connection:
        ann, bob, eve = outbox.claim(connection, OURS, AT_EIGHT, 3)
    with checking_claims(engine) as still_held:
        assert still_held(ann, [bob, eve])
        assert still_held(bob, [eve])
        change(engine)
        assert not still_held(eve)
