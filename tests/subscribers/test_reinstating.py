"""Suppressions are kept with their replies, and can be taken back, many at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.planned_papers import add_paper, digests_of, plan_and_accept, stored_subscriber
from support.service import MONDAY, add_subscriber, open_store_in, run_notifier

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import SubscriberState
from notifier.operations.status import Refusal, service_status
from notifier.store import suppressions
from notifier.store.engine import reading, writing
from notifier.store.suppressions import NewSuppression
from notifier.store.tables import suppression
from notifier.subscribers.csv_import import ImportReport, import_subscribers
from notifier.subscribers.leaving import erase, unsubscribe
from notifier.subscribers.pausing import pause
from notifier.subscribers.reinstating import SuppressedChoice, reinstate, reinstate_all
from notifier.subscribers.subscribing import SignUp

ANN, BOB, CAT = "ann@example.org", "bob@example.org", "cat@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield a store with three active subscribers to all papers, on SQLite and on PostgreSQL."""
    engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    for email in (ANN, BOB, CAT):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True))
    yield engine


def suppress(engine: Engine, email: str, reply: str, at: datetime = AT_EIGHT) -> None:
    with writing(engine) as connection:
        new = NewSuppression(stored_subscriber(engine, email).id, reply)
        suppressions.suppress(connection, [new], at)


def state(engine: Engine, email: str) -> str:
    return stored_subscriber(engine, email).state


def kept(engine: Engine) -> list[tuple[int, str]]:
    with reading(engine) as connection:
        return [(row.subscriber_id, row.reply) for row in connection.execute(select(suppression))]


def test_the_digests_of_a_reinstated_subscriber_go_on_from_the_cursor(store: Engine, tmp_path: Path) -> None:
    add_paper(store, tmp_path, "A Paper of Monday", MONDAY)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    suppress(store, ANN, "550 relay not permitted")
    add_paper(store, tmp_path, "A Paper of Monday Evening", AT_EIGHT + 8 * AN_HOUR)
    assert reinstate(store, SuppressedChoice((ANN,)), AT_EIGHT + 12 * AN_HOUR).reinstated == 1
    plan_and_accept(store, CONFIG, AT_EIGHT + A_DAY)
    assert digests_of(store, ANN)[1:] == [("2026-07-07", ["A Paper of Monday Evening"])]
    assert kept(store) == [(stored_subscriber(store, ANN).id, "550 relay not permitted")]


def test_papers_older_than_a_day_are_left_out_after_reinstating_as_after_a_pause(store: Engine, tmp_path: Path) -> None:
    suppress(store, ANN, "550 relay not permitted")
    add_paper(store, tmp_path, "An Old Paper", AT_EIGHT)
    add_paper(store, tmp_path, "A New Paper", AT_EIGHT + 9 * A_DAY)
    reinstate(store, SuppressedChoice((ANN,)), AT_EIGHT + 9 * A_DAY + AN_HOUR)
    plan_and_accept(store, CONFIG, AT_EIGHT + 10 * A_DAY)
    assert digests_of(store, ANN) == [("2026-07-16", ["A New Paper"])]


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (SuppressedChoice(reply="NOT permitted"), [ANN, BOB]),
        (SuppressedChoice(reply="%"), [CAT]),
        (SuppressedChoice(reply="_o"), []),
        (SuppressedChoice(since=AT_EIGHT + AN_HOUR), [BOB, CAT]),
        (SuppressedChoice(since=AT_EIGHT + AN_HOUR, reply="permitted"), [BOB]),
        (SuppressedChoice(emails=(ANN, CAT), reply="permitted"), [ANN]),
        (SuppressedChoice(emails=("CAT@Example.org",)), [CAT]),
    ],
)
def test_all_conditions_together_choose_who_is_reinstated(
    store: Engine, choice: SuppressedChoice, chosen: list[str]
) -> None:
    suppress(store, ANN, "550 relay not permitted", AT_EIGHT)
    suppress(store, BOB, "550 relay not permitted", AT_EIGHT + AN_HOUR)
    suppress(store, CAT, "550 100% unknown", AT_EIGHT + 2 * AN_HOUR)
    tried = reinstate(store, choice, AT_EIGHT + A_DAY, dry_run=True)
    assert (tried.reinstated, [each.email for each in tried.subscribers]) == (0, chosen)
    assert {state(store, email) for email in (ANN, BOB, CAT)} == {"SUPPRESSED"}
    done = reinstate(store, choice, AT_EIGHT + A_DAY)
    assert (done.reinstated, done.subscribers) == (len(chosen), tried.subscribers)
    assert [email for email in (ANN, BOB, CAT) if state(store, email) == "ACTIVE"] == chosen
    assert reinstate(store, choice, AT_EIGHT + A_DAY).reinstated == 0


def test_the_newest_suppression_counts_if_there_were_several(store: Engine) -> None:
    suppress(store, ANN, "550 relay not permitted")
    reinstate(store, SuppressedChoice((ANN,)), AT_EIGHT + AN_HOUR)
    suppress(store, ANN, "550 no such user", AT_EIGHT + A_DAY)
    assert reinstate(store, SuppressedChoice(reply="permitted"), AT_EIGHT + A_DAY).reinstated == 0
    assert len(kept(store)) == 2


def test_nobody_is_chosen_without_a_condition_and_an_unknown_address_changes_nothing(store: Engine) -> None:
    suppress(store, ANN, "550 no")
    with pytest.raises(UsageError, match="--since"):
        reinstate(store, SuppressedChoice(), AT_EIGHT)
    with pytest.raises(UsageError, match="not a subscriber"):
        reinstate(store, SuppressedChoice((ANN, "dan@example.org")), AT_EIGHT)
    assert state(store, ANN) == "SUPPRESSED"
    assert reinstate(store, SuppressedChoice((BOB,)), AT_EIGHT).unchanged == [BOB]


def test_an_unsubscribed_subscriber_is_neither_suppressed_nor_reinstated(store: Engine) -> None:
    unsubscribe(store, ANN, AT_EIGHT)
    suppress(store, ANN, "550 5.1.1 unknown")
    assert (state(store, ANN), kept(store)) == ("UNSUBSCRIBED", [])
    suppress(store, BOB, "550 5.1.1 unknown")
    unsubscribe(store, BOB, AT_EIGHT)
    assert reinstate(store, SuppressedChoice(since=AT_EIGHT - A_DAY), AT_EIGHT).reinstated == 0
    assert state(store, BOB) == "UNSUBSCRIBED"


def test_reinstating_ends_no_pause_and_confirms_no_subscriber(store: Engine) -> None:
    pause(store, ANN, date(2026, 8, 1), AT_EIGHT)
    pause(store, BOB, None, AT_EIGHT)
    add_subscriber(store, SignUp("dan@example.org"))
    for email in (ANN, BOB, "dan@example.org"):
        suppress(store, email, "550 no")
    reinstate(store, SuppressedChoice(reply="no"), AT_EIGHT + A_DAY)
    assert stored_subscriber(store, ANN).state is SubscriberState.PAUSED
    assert stored_subscriber(store, ANN).paused_until == datetime(2026, 8, 1, tzinfo=UTC)
    assert (state(store, BOB), state(store, "dan@example.org")) == ("PAUSED", "PENDING")


def test_erasing_a_subscriber_erases_the_suppressions(store: Engine) -> None:
    suppress(store, ANN, f"550 no {ANN}")
    suppress(store, BOB, f"550 no {BOB}")
    erase(store, ANN, AT_EIGHT)
    assert kept(store) == [(stored_subscriber(store, BOB).id, f"550 no {BOB}")]


def test_an_import_reinstates_only_if_it_is_asked_to(store: Engine, tmp_path: Path) -> None:
    file = tmp_path / "subscribers.csv"
    file.write_text(f"email,state\n{ANN},ACTIVE\n{BOB},ACTIVE\n{CAT},SUPPRESSED\n", encoding="utf-8")
    suppress(store, ANN, "550 no")
    suppress(store, CAT, "550 no")
    unsubscribe(store, BOB, AT_EIGHT)
    refused = import_subscribers(store, CONFIG, file, AT_EIGHT).refused
    assert [each.line for each in refused] == [2, 3]
    assert "import with --reinstate" in refused[0].reason
    done = import_subscribers(store, CONFIG, file, AT_EIGHT, reinstate=True)
    assert done == ImportReport(rows=2, reinstated=1, refused=(refused[1],))
    assert [state(store, email) for email in (ANN, BOB, CAT)] == ["ACTIVE", "UNSUBSCRIBED", "SUPPRESSED"]


def test_an_import_reinstates_a_paused_subscriber_as_paused(store: Engine, tmp_path: Path) -> None:
    file = tmp_path / "subscribers.csv"
    file.write_text(f"email,state\n{ANN},PAUSED\n{BOB},PAUSED until 2030-01-02\n{CAT},ACTIVE\n", encoding="utf-8")
    for email in (ANN, BOB, CAT):
        suppress(store, email, "550 no")
    assert import_subscribers(store, CONFIG, file, AT_EIGHT, reinstate=True).reinstated == 3
    assert [state(store, email) for email in (ANN, BOB, CAT)] == ["PAUSED", "PAUSED", "ACTIVE"]
    ends = [stored_subscriber(store, email).paused_until for email in (ANN, BOB, CAT)]
    assert [end and end.year for end in ends] == [None, 2030, None]


def test_a_suppression_by_an_import_is_kept_too(store: Engine, tmp_path: Path) -> None:
    file = tmp_path / "subscribers.csv"
    file.write_text(f"email,state\n{ANN},SUPPRESSED\n", encoding="utf-8")
    import_subscribers(store, CONFIG, file, AT_EIGHT)
    assert kept(store) == [(stored_subscriber(store, ANN).id, "suppressed by an import")]


def test_status_counts_the_suppressed_by_reply_without_addresses(store: Engine) -> None:
    suppress(store, ANN, f"550 5.1.1 <{ANN}>: user unknown")
    suppress(store, BOB, f"550 5.1.1 <{BOB}>: user unknown")
    suppress(store, CAT, "550 5.2.1 disabled")
    found = service_status(store, CONFIG, AT_EIGHT)
    assert found.suppressed == 3
    assert found.refusals == [Refusal("550 5.1.1 <...>: user unknown", 2), Refusal("550 5.2.1 disabled", 1)]


@pytest.mark.slow
def test_the_reinstate_command_says_how_many_and_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    run_notifier("subscribe", ANN, "--confirmed", cwd=tmp_path)
    engine = open_store_in(tmp_path)
    suppress(engine, ANN, "550 relay not permitted")
    engine.dispose()
    status = run_notifier("status", cwd=tmp_path).stdout
    assert "suppressed   1; `notifier reinstate` takes back" in status
    assert "1 for the reply: 550 relay not permitted" in status
    assert "\nreplies to papers@localhost must be read: " in status
    tried = run_notifier("reinstate", "--since", "2026-07-06", "--dry-run", cwd=tmp_path)
    assert "1 subscriber would be reinstated; nothing is changed" in tried.stdout
    done = json.loads(run_notifier("reinstate", "--reply", "relay", "--json", cwd=tmp_path).stdout)
    assert (done["reinstated"], done["subscribers"][0]["email"], done["subscribers"][0]["state"]) == (1, ANN, "ACTIVE")
    assert run_notifier("reinstate", "--since", "yesterday", cwd=tmp_path).returncode == 2
    assert run_notifier("reinstate", cwd=tmp_path).returncode == 2


def test_who_was_suppressed_anew_since_they_were_chosen_is_not_reinstated(store: Engine) -> None:
    for email in (ANN, BOB):
        suppress(store, email, "550 relay not permitted")
    with reading(store) as connection:
        chosen = suppressions.suppressed(connection, reply="relay not permitted")
    reinstate(store, SuppressedChoice((ANN,)), AT_EIGHT)
    suppress(store, ANN, "550 5.1.1 user unknown", AT_EIGHT + AN_HOUR)
    with writing(store) as connection:
        assert [each.email for each in reinstate_all(connection, chosen, AT_EIGHT + AN_HOUR)] == [BOB]
    assert state(store, ANN) == SubscriberState.SUPPRESSED
