"""Erasing: nothing of a reader is left but a fingerprint, nothing is sent, and nothing comes back by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import arrive, periods, reader, told
from support.service import MONDAY, add_page, add_reader, notifier

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import DeliveryState, SubscriberState
from notifier.pipeline.planning import PlanReport, plan
from notifier.store import outbox, subscribers
from notifier.store.engine import reading, writing
from notifier.store.outbox import Settlement, holding
from notifier.subscribers.subscribing import SignUp, erase

ANN, BOB = "ann.surname@example.org", "bob@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Engine:
    """A store with a digest waiting for each of two readers, who share one query of two."""
    add_reader(engine, SignUp(ANN, ("quantization", '"surname\'s method"'), confirmed=True))
    add_reader(engine, SignUp(BOB, ("quantization",), confirmed=True))
    add_page(engine, tmp_path, ["Quantization of Large Models", "A Survey of Quantized Networks"])
    plan(engine, CONFIG, AT_EIGHT)
    return engine


def dump(engine: Engine) -> str:
    """Everything that the database says, as SQL."""
    with reading(engine) as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        return "\n".join(raw.iterdump())


def test_nothing_that_names_the_reader_is_left(planned: Engine) -> None:
    assert "surname" in dump(planned)
    assert erase(planned, "Ann.Surname@Example.org", AT_EIGHT) == 1
    assert "surname" not in dump(planned).casefold()


def test_other_readers_keep_what_they_share(planned: Engine) -> None:
    erase(planned, ANN, AT_EIGHT)
    assert [each.canonical for each in reader(planned, BOB).subscriptions] == ["quantiz"]
    assert len(told(planned, BOB)) == 1
    arrive(planned)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, skipped=1)


def test_what_waited_is_sent_to_nobody(planned: Engine) -> None:
    erase(planned, ANN, AT_EIGHT)
    with writing(planned) as connection:
        claims = outbox.claim(connection, "some sender", AT_EIGHT, 50)
    assert [claim.recipient for claim in claims] == [BOB]


def test_what_a_sender_holds_is_not_begun_any_more_and_its_result_is_let_go(planned: Engine) -> None:
    with writing(planned) as connection:
        (held,) = outbox.claim(connection, "some sender", AT_EIGHT, 1)
    assert held.recipient == ANN
    erase(planned, ANN, AT_EIGHT)
    with holding(planned) as still_held:
        assert not still_held(held)
    with writing(planned) as connection:
        accepted = Settlement(DeliveryState.ACCEPTED, "250 ok", None, 1, 0)
        assert outbox.settle(connection, [(held, accepted)], AT_EIGHT) == set()
    assert ANN not in dump(planned)


def test_who_comes_back_is_somebody_new(planned: Engine) -> None:
    before = reader(planned, ANN)
    erase(planned, ANN, AT_EIGHT)
    back = add_reader(planned, SignUp(ANN, ("quantization",), confirmed=True), now=AT_EIGHT)
    assert back.id > before.id
    assert (back.last_date, periods(planned, ANN)) == (None, [])
    arrive(planned)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY).digests == 1
    erase(planned, ANN, AT_EIGHT + A_DAY)


def test_a_reader_of_whichever_state_can_be_erased(engine: Engine) -> None:
    add_reader(engine, SignUp(ANN))
    add_reader(engine, SignUp(BOB, confirmed=True))
    with writing(engine) as connection:
        subscribers.suppress(connection, [reader(engine, BOB).id])
    assert reader(engine, BOB).state is SubscriberState.SUPPRESSED
    for email in (ANN, BOB):
        assert erase(engine, email, MONDAY) == 0
    with reading(engine) as connection:
        assert subscribers.everyone(connection) == []


def test_who_is_not_known_cannot_be_erased(engine: Engine) -> None:
    with pytest.raises(UsageError, match="not a subscriber"):
        erase(engine, ANN, MONDAY)


def test_the_command_line_erases(tmp_path: Path) -> None:
    notifier("subscribe", ANN, "--confirmed", cwd=tmp_path)
    run = notifier("erase", ANN, cwd=tmp_path)
    assert run.returncode == 0
    assert f"{ANN} is erased" in run.stdout
    assert notifier("subscribers", "--json", cwd=tmp_path).stdout == "[]\n"
    assert notifier("erase", ANN, cwd=tmp_path).returncode == 2
