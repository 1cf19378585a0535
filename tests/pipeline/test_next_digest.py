"""The digest that a subscriber would get now: what it holds, that looking writes nothing, and sending it as a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from support.outbox import SettableClock, relay_state, sender_to
from support.planned_papers import accept_waiting, stored_subscriber
from support.scripted_relay import ScriptedRelay
from support.service import MONDAY, add_subscriber, ingest_page
from support.web_site import database_content, deliver_first_mail, urls_in, write_config

from notifier.config import Config
from notifier.delivery import Outcome
from notifier.digests import items
from notifier.errors import ComposeError, RelayError, UsageError
from notifier.models import Cadence, DeliveryState, Mail, RelayState, SubscriberState
from notifier.pipeline import as_test, next_digest, plan, send_test
from notifier.sending import Sender, mail_of_digest, sender_for
from notifier.store import papers, relays
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery
from notifier.subscribers import SignUp, SuppressedChoice, pause, reinstate, unsubscribe
from notifier.subscribers.leaving import deactivate
from notifier.subscribers.subscribing import get_subscriber

ANN = "ann@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
TITLES = ["Quantization of Large Models", "Mixture of Experts at Scale", "A Survey of Quantized Networks"]
QUANTIZED = ["Quantization of Large Models", "A Survey of Quantized Networks"]


def titles(engine: Engine, now: datetime = AT_EIGHT, email: str = ANN) -> list[str]:
    """Return the titles in the next digest, in their order."""
    found = next_digest(engine, CONFIG, email, now).digest
    assert found is not None
    with reading(engine) as connection:
        named = papers.papers_by_id(connection, found.paper_ids)
    return [named[item.paper_id].title for section in found.sections for item in section.items]


@pytest.fixture
def subscribed(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with three papers, and with Ann, who asked for two of them."""
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    return engine


@contextmanager
def nothing_written(engine: Engine) -> Iterator[None]:
    """Check that the block leaves the database as it was."""
    before = database_content(engine)
    yield
    assert database_content(engine) == before


def test_it_is_the_digest_that_planning_then_plans(subscribed: Engine) -> None:
    found = next_digest(subscribed, CONFIG, ANN, AT_EIGHT)
    plan(subscribed, CONFIG, AT_EIGHT)
    with reading(subscribed) as connection:
        row = connection.execute(select(delivery)).one()
    assert found.is_new
    assert found.digest is not None
    assert items.encode(found.digest.sections, found.digest.rest) == row._mapping["items"]
    assert (found.digest.recipient, found.digest.period) == (row.recipient, row.period)
    assert (found.digest.subject, found.digest.planned_at) == (row.subject, row.planned_at)


def test_before_the_hour_it_is_the_digest_of_the_next_period(subscribed: Engine) -> None:
    plan(subscribed, CONFIG, AT_EIGHT)
    accept_waiting(subscribed)
    found = next_digest(subscribed, CONFIG, ANN, AT_EIGHT + timedelta(hours=1))
    assert found.digest is not None
    assert found.digest.period == "2026-07-07"


@pytest.mark.parametrize("cadence", list(Cadence))
def test_looking_writes_nothing_even_if_papers_are_untagged_or_a_pause_is_over(
    engine: Engine, tmp_path: Path, cadence: Cadence
) -> None:
    add_subscriber(engine, SignUp(ANN, ("topic:reasoning OR quantization",), ("trending",), cadence, confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    pause(engine, ANN, (MONDAY + A_DAY).date(), MONDAY)
    for now in (MONDAY, AT_EIGHT + 2 * A_DAY, AT_EIGHT + 40 * A_DAY):
        with nothing_written(engine):
            assert next_digest(engine, CONFIG, ANN, now).digest is not None


def test_an_address_in_other_letters_is_the_same_subscriber(subscribed: Engine) -> None:
    assert titles(subscribed, email="ANN@Example.ORG") == QUANTIZED


def test_an_address_that_nobody_subscribed_is_refused(subscribed: Engine) -> None:
    with pytest.raises(UsageError, match="notifier subscribers"):
        next_digest(subscribed, CONFIG, "bob@example.org", AT_EIGHT)


def test_if_nothing_is_new_the_newest_matching_papers_are_shown_though_an_earlier_digest_held_them(
    subscribed: Engine, tmp_path: Path
) -> None:
    plan(subscribed, CONFIG, AT_EIGHT)
    accept_waiting(subscribed)
    ingest_page(subscribed, tmp_path, ["A Paper about Something Else"], now=AT_EIGHT + A_DAY / 2)
    assert not next_digest(subscribed, CONFIG, ANN, AT_EIGHT + A_DAY).is_new
    assert titles(subscribed, AT_EIGHT + A_DAY) == QUANTIZED
    assert plan(subscribed, CONFIG, AT_EIGHT + A_DAY).skipped == 1


@pytest.mark.parametrize("cadence", list(Cadence))
def test_somebody_who_has_just_subscribed_sees_papers_however_old_they_are(
    engine: Engine, tmp_path: Path, cadence: Cadence
) -> None:
    ingest_page(engine, tmp_path, TITLES, now=MONDAY - 100 * A_DAY)
    add_subscriber(engine, SignUp(ANN, ("quantization",), cadence=cadence, confirmed=True))
    assert not next_digest(engine, CONFIG, ANN, MONDAY).is_new
    assert titles(engine, MONDAY) == QUANTIZED


def test_papers_of_the_first_look_back_are_shown_without_older_ones(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["An Old Paper on Quantization", "And Its Companion"], now=MONDAY - 30 * A_DAY)
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True), now=MONDAY - 29 * A_DAY)
    ingest_page(engine, tmp_path, TITLES)
    plan(engine, CONFIG, AT_EIGHT)
    accept_waiting(engine)
    assert titles(engine, AT_EIGHT) == QUANTIZED


def test_if_no_paper_matches_there_is_no_digest(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, ("surfboards",), confirmed=True))
    empty = next_digest(engine, CONFIG, ANN, AT_EIGHT)
    ingest_page(engine, tmp_path, TITLES)
    unmatched = next_digest(engine, CONFIG, ANN, AT_EIGHT)
    assert (empty.digest, empty.has_papers) == (None, False)
    assert (unmatched.digest, unmatched.has_papers) == (None, True)


def test_the_papers_of_a_digest_that_waits_in_the_outbox_are_included(subscribed: Engine, tmp_path: Path) -> None:
    plan(subscribed, CONFIG, AT_EIGHT)
    ingest_page(subscribed, tmp_path, ["Quantized Transformers in Practice"], now=AT_EIGHT + A_DAY / 2)
    assert titles(subscribed, AT_EIGHT + A_DAY) == ["Quantized Transformers in Practice", *QUANTIZED]


def test_a_waiting_digest_that_cannot_be_read_is_reported(subscribed: Engine) -> None:
    plan(subscribed, CONFIG, AT_EIGHT)
    with writing(subscribed) as connection:
        connection.execute(delivery.update().values(items="nonsense"))
    with pytest.raises(ComposeError, match="deliveries hold"):
        next_digest(subscribed, CONFIG, ANN, AT_EIGHT + A_DAY)


def test_the_digest_of_a_subscriber_who_gets_no_mail_can_be_looked_at_but_not_sent(subscribed: Engine) -> None:
    def looked_at(state: SubscriberState, cure: str) -> None:
        found = next_digest(subscribed, CONFIG, ANN, AT_EIGHT)
        assert (found.subscriber.state, titles(subscribed)) == (state, QUANTIZED)
        with pytest.raises(UsageError, match=f"{state} .*{cure}"):
            as_test(found)

    pause(subscribed, ANN, None, MONDAY)
    looked_at(SubscriberState.PAUSED, "notifier resume")
    unsubscribe(subscribed, ANN, MONDAY)
    looked_at(SubscriberState.UNSUBSCRIBED, "--confirmed")
    add_subscriber(subscribed, SignUp(ANN, confirmed=True))
    with writing(subscribed) as connection:
        deactivate(connection, get_subscriber(connection, ANN), SubscriberState.SUPPRESSED, MONDAY)
    looked_at(SubscriberState.SUPPRESSED, "notifier reinstate")
    reinstate(subscribed, SuppressedChoice((ANN,)), MONDAY)
    as_test(next_digest(subscribed, CONFIG, ANN, AT_EIGHT))


def test_a_pending_subscriber_sees_the_digest_that_a_confirmation_would_bring(subscribed: Engine) -> None:
    add_subscriber(subscribed, SignUp("bob@example.org", ("experts",)))
    assert titles(subscribed, email="bob@example.org") == ["Mixture of Experts at Scale"]
    with pytest.raises(UsageError, match=r"subscribe bob@example\.org --confirmed"):
        as_test(next_digest(subscribed, CONFIG, "bob@example.org", AT_EIGHT))


def test_a_subscriber_whose_pause_is_over_gets_a_test(subscribed: Engine) -> None:
    pause(subscribed, ANN, (MONDAY + A_DAY).date(), MONDAY)
    assert as_test(next_digest(subscribed, CONFIG, ANN, AT_EIGHT + A_DAY)).subscriber.state is SubscriberState.ACTIVE


def sent(engine: Engine, folder: Path, relay: ScriptedRelay, clock: SettableClock, **smtp: Any) -> Outcome:
    """Send Ann's next digest as a test, and check that this leaves the database as it was."""
    sender = sender_to(engine, folder, relay.port, clock, **smtp)
    found = as_test(next_digest(engine, CONFIG, ANN, clock()))
    with nothing_written(engine):
        return send_test(sender, found, composed(sender, clock()))


def composed(sender: Sender, now: datetime = AT_EIGHT) -> Mail:
    found = as_test(next_digest(sender.engine, CONFIG, ANN, now)).digest
    assert found is not None
    return mail_of_digest(sender, found)


def test_a_test_is_marked_in_its_subject_and_the_digest_still_comes(subscribed: Engine, tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        assert sent(subscribed, tmp_path, relay, SettableClock()).state is DeliveryState.ACCEPTED
    (kept,) = relay.kept
    assert b"\r\nSubject: [Test] 2 new papers: Qu" in kept.content
    assert plan(subscribed, CONFIG, AT_EIGHT).digests == 1


def test_two_tests_have_different_message_ids(subscribed: Engine, tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        for _ in range(2):
            sent(subscribed, tmp_path, relay, SettableClock())
    assert len({message_from_bytes(kept.content)["Message-ID"] for kept in relay.kept}) == 2


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, DeliveryState.REJECTED),
        ({"MAIL": "550 5.7.1 not you"}, DeliveryState.DEFERRED),
        ({"GREETING": "421 4.3.2 not now"}, DeliveryState.DEFERRED),
        ({"DATA": "452 4.3.1 full"}, DeliveryState.DEFERRED),
        ({"DOT": "552 5.3.4 too large"}, DeliveryState.FAILED),
    ],
)
def test_a_refusal_is_the_outcome_and_neither_suppresses_nor_pauses(
    subscribed: Engine, tmp_path: Path, script: dict[str, str], state: DeliveryState
) -> None:
    with ScriptedRelay(script) as relay:
        outcome = sent(subscribed, tmp_path, relay, SettableClock())
    (reply,) = script.values()
    assert (outcome.state, outcome.reply) == (state, reply)
    assert stored_subscriber(subscribed, ANN).state is SubscriberState.ACTIVE
    assert relay_state(subscribed) == RelayState()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (RelayState(paused_until=AT_EIGHT + timedelta(minutes=5), reason="530 log in"), "530 log in"),
        (RelayState(paused_until=AT_EIGHT, probe_until=AT_EIGHT + timedelta(seconds=59)), "in a minute"),
        (RelayState(day=AT_EIGHT.date(), sent=3), "midnight"),
    ],
)
def test_a_paused_relay_or_a_used_up_limit_refuses_a_test_and_gets_no_connection(
    subscribed: Engine, tmp_path: Path, state: RelayState, reason: str
) -> None:
    set_relay_state(subscribed, state)
    with ScriptedRelay() as relay:
        with pytest.raises(RelayError, match=reason):
            sent(subscribed, tmp_path, relay, SettableClock(), rate_per_day=3)
        assert relay.seen == []


def test_when_a_pause_has_run_out_a_test_is_sent_and_does_not_end_it(subscribed: Engine, tmp_path: Path) -> None:
    paused = RelayState(paused_until=AT_EIGHT - timedelta(seconds=1), reason="530 log in", pauses=1)
    set_relay_state(subscribed, paused)
    with ScriptedRelay() as relay:
        assert sent(subscribed, tmp_path, relay, SettableClock()).state is DeliveryState.ACCEPTED
    assert relay_state(subscribed) == paused


def test_no_mail_command_is_written_for_a_subscriber_who_has_left_meanwhile(subscribed: Engine, tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        sender = sender_to(subscribed, tmp_path, relay.port, SettableClock())
        found = as_test(next_digest(subscribed, CONFIG, ANN, AT_EIGHT))
        mail = composed(sender)
        unsubscribe(subscribed, ANN, AT_EIGHT)
        assert send_test(sender, found, mail).state is DeliveryState.CANCELLED
        assert "MAIL" not in relay.verbs()


def test_the_unsubscribe_links_of_a_test_are_those_of_a_real_mail(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    real = deliver_first_mail(engine, config, "quantization", "experts")
    sender = sender_for(engine, config, lambda: AT_EIGHT)
    test = message_from_bytes(composed(sender).content, EmailMessage, policy=policy.default)
    assert any("/unsubscribe/" in url for url in urls_in(test))
    # Only a mail that has a row has a copy on the web, and links for voting.
    of_row = ("/digests/view/", "/vote/")
    assert urls_in(test) == [url for url in urls_in(real) if not any(path in url for path in of_row)]
    assert test["List-Unsubscribe-Post"] == real["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def set_relay_state(engine: Engine, state: RelayState) -> None:
    with writing(engine) as connection:
        relays.lock(connection, "the relay")
        relays.write(connection, "the relay", state)
