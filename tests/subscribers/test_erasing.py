"""Erasing leaves only a fingerprint of the address; waiting mail is not sent, and a later sign-up is a new one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import accept_waiting, digests_of, stored_subscriber, used_periods
from support.service import MONDAY, add_subscriber, ingest_page, run_notifier
from support.web_site import database_content

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import DeliveryState, SubscriberState
from notifier.pipeline.planning import PlanReport, plan
from notifier.store import outbox, subscribers, suppressions
from notifier.store.engine import reading, writing
from notifier.store.outbox import Settlement, checking_claims
from notifier.store.suppressions import NewSuppression
from notifier.subscribers.leaving import erase
from notifier.subscribers.subscribing import SignUp

ANN, BOB = "ann.surname@example.org", "bob@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with two subscribers who share a query, and a waiting digest for each."""
    add_subscriber(engine, SignUp(ANN, ("quantization", '"surname\'s method"'), confirmed=True))
    add_subscriber(engine, SignUp(BOB, ("quantization",), confirmed=True))
    ingest_page(engine, tmp_path, ["Quantization of Large Models", "A Survey of Quantized Networks"])
    plan(engine, CONFIG, AT_EIGHT)
    return engine


def test_nothing_that_names_the_subscriber_is_left(planned: Engine) -> None:
    assert "surname" in database_content(planned)
    assert erase(planned, "Ann.Surname@Example.org", AT_EIGHT) == 1
    assert "surname" not in database_content(planned).casefold()


def test_other_subscribers_keep_the_shared_query(planned: Engine) -> None:
    erase(planned, ANN, AT_EIGHT)
    assert [each.canonical for each in stored_subscriber(planned, BOB).subscriptions] == ["quantiz"]
    assert len(digests_of(planned, BOB)) == 1
    accept_waiting(planned)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, skipped=1)


def test_waiting_mail_is_not_sent(planned: Engine) -> None:
    erase(planned, ANN, AT_EIGHT)
    with writing(planned) as connection:
        claims = outbox.claim(connection, "some sender", AT_EIGHT, 50)
    assert [claim.recipient for claim in claims] == [BOB]


def test_leased_mail_is_not_sent_and_its_settlement_is_left_out(planned: Engine) -> None:
    with writing(planned) as connection:
        (held,) = outbox.claim(connection, "some sender", AT_EIGHT, 1)
    assert held.recipient == ANN
    erase(planned, ANN, AT_EIGHT)
    with checking_claims(planned) as still_held:
        assert not still_held(held)
    with writing(planned) as connection:
        accepted = Settlement(DeliveryState.ACCEPTED, "250 ok", None, 1, 0)
        assert outbox.settle(connection, [(held, accepted)], AT_EIGHT) == set()
    assert ANN not in database_content(planned)


def test_an_erased_address_that_signs_up_again_is_a_new_subscriber(planned: Engine) -> None:
    before = stored_subscriber(planned, ANN)
    erase(planned, ANN, AT_EIGHT)
    back = add_subscriber(planned, SignUp(ANN, ("quantization",), confirmed=True), now=AT_EIGHT)
    assert back.id > before.id
    assert (back.last_date, used_periods(planned, ANN)) == (None, [])
    accept_waiting(planned)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY).digests == 1
    erase(planned, ANN, AT_EIGHT + A_DAY)


def test_a_subscriber_in_any_state_can_be_erased(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN))
    add_subscriber(engine, SignUp(BOB, confirmed=True))
    with writing(engine) as connection:
        suppressions.suppress(connection, [NewSuppression(stored_subscriber(engine, BOB).id, f"550 no {BOB}")], MONDAY)
    assert stored_subscriber(engine, BOB).state is SubscriberState.SUPPRESSED
    for email in (ANN, BOB):
        assert erase(engine, email, MONDAY) == 0
    with reading(engine) as connection:
        assert subscribers.everyone(connection) == []


def test_an_unknown_address_cannot_be_erased(engine: Engine) -> None:
    with pytest.raises(UsageError, match="not a subscriber"):
        erase(engine, ANN, MONDAY)


def test_the_erase_command_erases(tmp_path: Path) -> None:
    run_notifier("subscribe", ANN, "--confirmed", cwd=tmp_path)
    run = run_notifier("erase", ANN, cwd=tmp_path)
    assert run.returncode == 0
    assert f"{ANN} is erased" in run.stdout
    assert run_notifier("subscribers", "--json", cwd=tmp_path).stdout == "[]\n"
    assert run_notifier("erase", ANN, cwd=tmp_path).returncode == 2
