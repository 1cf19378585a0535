"""What becomes of messages that come back: only what proves a mail of ours changes anything, and it does so once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.planned_papers import accept_waiting, stored_subscriber
from support.returned_messages import KEY, message, return_path, token
from support.service import MONDAY, add_subscriber, ingest_page

from notifier.config import Config, MailConfig
from notifier.models import ReturnedKind
from notifier.operations import drop_unclear, list_unclear, service_status
from notifier.pipeline.planning import plan
from notifier.pipeline.removing import remove_old
from notifier.returned import ReturnedMail, receive
from notifier.signing import Grant, LinkPurpose, sign
from notifier.store import reading, writing
from notifier.store.tables import delivery, returned, suppression
from notifier.subscribers import (
    SignUp,
    SuppressedChoice,
    erase,
    export_data,
    reinstate,
    request_address_change,
    subscribe,
    unsubscribe,
)

ANN, BOB = "ann@example.net", "bob@example.net"
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class Door:
    """A store with two subscribers, and the mail door in front of it."""

    engine: Engine
    config: Config
    folder: Path

    def digests_of(self, day: int) -> dict[str, tuple[int, str]]:
        """Plan and send the digests of a day, and return the delivery and the Message-ID of each, by address."""
        at = AT_EIGHT + day * A_DAY
        ingest_page(self.engine, self.folder, [f"The First Paper of Day {day}", f"Another One of {day}"], now=at)
        plan(self.engine, self.config, at)
        accept_waiting(self.engine)
        rows = select(delivery.c.recipient, delivery.c.id, delivery.c.message_id).order_by(delivery.c.id)
        with reading(self.engine) as connection:
            return {row.recipient: (row.id, row.message_id) for row in connection.execute(rows)}

    def take(self, content: bytes, at: datetime = AT_EIGHT + AN_HOUR) -> ReturnedMail:
        return receive(self.engine, self.config, content, at)

    def state(self, email: str = ANN) -> str:
        return stored_subscriber(self.engine, email).state

    def id_of(self, email: str = ANN) -> int:
        return stored_subscriber(self.engine, email).id

    def reasons(self) -> list[str]:
        with reading(self.engine) as connection:
            return list(connection.scalars(select(suppression.c.reply).order_by(suppression.c.id)))


def door_of(engine: Engine, folder: Path) -> Door:
    (folder / "secret.key").write_bytes(KEY)
    (folder / "secret.key").chmod(0o600)
    mail = MailConfig(sender="Daily Papers <papers@example.org>", envelope="bounces@example.org", soft_bounces=3)
    config = Config(mail=mail, secret_file=Path("secret.key")).located_in(folder)
    for email in (ANN, BOB):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True), settings=config)
    return Door(engine, config, folder)


@pytest.fixture
def door(engine: Engine, tmp_path: Path) -> Door:
    return door_of(engine, tmp_path)


@pytest.fixture(params=["engine", "postgres_store"])
def any_door(request: pytest.FixtureRequest, tmp_path: Path) -> Door:
    """Return the door of a store on SQLite, and of one on PostgreSQL."""
    return door_of(request.getfixturevalue(request.param), tmp_path)


def about(door: Door, name: str, day: int = 0, email: str = ANN, tag: str = "") -> bytes:
    """Return a sample about the digest of a day, which has to be planned first; `tag` makes it another message."""
    delivery_id, message_id = door.digests_of(day)[email]
    content = message(name, return_path(delivery_id), token(door.id_of(email)), message_id, recipient=email)
    return content.replace(b"Message-ID: <" + name.encode(), b"Message-ID: <" + name.encode() + tag.encode())


def test_a_hard_bounce_suppresses_once_and_is_taken_back_with_its_reason(any_door: Door) -> None:
    door = any_door
    content = about(door, "postfix-unknown")
    first, second = door.take(content), door.take(content.replace(b"\n", b"\r\n"))
    assert (first.kind, first.email, first.is_copy, second.is_copy) == (ReturnedKind.HARD, ANN, False, True)
    assert (door.state(), door.state(BOB)) == ("SUPPRESSED", "ACTIVE")
    assert len(door.reasons()) == 1 and "5.1.1" in door.reasons()[0] and "unknown" in door.reasons()[0]
    assert reinstate(door.engine, SuppressedChoice(reply="User unknown"), AT_EIGHT + 2 * AN_HOUR).reinstated == 1
    assert door.state() == "ACTIVE"
    door.take(about(door, "exim", tag="late"), AT_EIGHT + 3 * AN_HOUR)
    assert door.state() == "ACTIVE", "an old notification suppressed a subscriber again who was reinstated since"


@pytest.mark.parametrize("name", ["exim", "qmail", "exchange", "gmail", "utf8"])
def test_each_server_that_says_the_mailbox_is_unknown_suppresses(door: Door, name: str) -> None:
    door.take(about(door, name))
    assert door.state() == "SUPPRESSED"


def test_soft_bounces_suppress_after_the_days_of_the_config_and_delays_never(any_door: Door) -> None:
    door = any_door
    for day in range(3):
        assert door.state() == "ACTIVE"
        for number in range(3):  # several of one day count once
            door.take(about(door, "postfix-full", day, tag=f"{day}-{number}"), AT_EIGHT + day * A_DAY + AN_HOUR)
            door.take(about(door, "postfix-delayed", day, tag=f"{day}-{number}"), AT_EIGHT + day * A_DAY + AN_HOUR)
    assert door.state() == "SUPPRESSED"
    assert door.reasons() == ["returned on 3 days: 552 5.2.2 <ann@example.net>: mailbox full"]
    reinstate(door.engine, SuppressedChoice((ANN,)), AT_EIGHT + 2 * A_DAY + 2 * AN_HOUR)
    door.take(about(door, "postfix-full", 3, tag="later"), AT_EIGHT + 3 * A_DAY + AN_HOUR)
    assert door.state() == "ACTIVE", "soft bounces from before the suppression counted again"


def test_soft_bounces_that_are_too_old_do_not_count(door: Door) -> None:
    for day in (0, 1, 40):
        door.take(about(door, "postfix-full", day, tag=str(day)), AT_EIGHT + day * A_DAY + AN_HOUR)
    assert door.state() == "ACTIVE"


@pytest.mark.parametrize("name", ["arf", "arf-by-return-path"])
def test_a_complaint_unsubscribes_and_a_report_that_it_is_no_spam_does_not(door: Door, name: str) -> None:
    door.take(about(door, "arf-not-spam"))
    assert door.state() == "ACTIVE"
    door.take(about(door, name))
    assert (door.state(), door.state(BOB)) == ("UNSUBSCRIBED", "ACTIVE")


@pytest.mark.parametrize(
    "name", ["reply-unsubscribe", "reply-html", "reply-base64", "reply-japanese", "mailto-signed", "mailto-by-program"]
)
def test_a_request_unsubscribes_at_once_and_cancels_what_waits(door: Door, name: str) -> None:
    content = about(door, name)
    ingest_page(door.engine, door.folder, ["A Paper that Waits", "And Another"], now=AT_EIGHT + A_DAY)
    plan(door.engine, door.config, AT_EIGHT + A_DAY)
    assert door.take(content, AT_EIGHT + A_DAY).done == "UNSUBSCRIBED"
    assert (door.state(), door.state(BOB)) == ("UNSUBSCRIBED", "ACTIVE")
    with reading(door.engine) as connection:
        states = dict(connection.execute(select(delivery.c.recipient, delivery.c.state)).all())
    assert states == {ANN: "CANCELLED", BOB: "PENDING"}


def test_a_signed_link_to_one_subscription_ends_that_one(door: Door) -> None:
    subscribe(door.engine, door.config, SignUp(ANN, queries=("diffusion",)), AT_EIGHT)
    one, other = stored_subscriber(door.engine, ANN).subscriptions
    door.take(message("mailto-signed", signed=sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ONE, one.id))))
    assert [each.id for each in stored_subscriber(door.engine, ANN).subscriptions] == [other.id]
    assert door.state() == "ACTIVE"


def test_what_has_no_valid_proof_does_nothing_and_is_counted(door: Door) -> None:
    delivery_id, _ = door.digests_of(0)[ANN]
    wrong = return_path(delivery_id, key=b"j" * 32)
    for name in ("postfix-unknown", "qmail", "exim-old", "arf", "arf-without-token", "postfix-full"):
        assert door.take(message(name, wrong, token(door.id_of(), key=b"j" * 32))).kind is ReturnedKind.FORGED
    stranger = message("mailto-signed", signed=token(door.id_of(), key=b"j" * 32), recipient="eve@example.com")
    assert door.take(stranger).kind is ReturnedKind.FORGED
    assert (door.state(), door.state(BOB)) == ("ACTIVE", "ACTIVE")
    assert service_status(door.engine, door.config, AT_EIGHT + AN_HOUR).returned == {"forged": 7}


def test_another_subscribers_message_id_proves_nothing_but_is_shown_to_the_operator(door: Door) -> None:
    _, of_bob = door.digests_of(0)[BOB]
    done = door.take(message("reply-unsubscribe", message_id=of_bob))
    assert done.kind is ReturnedKind.UNCLEAR
    assert (door.state(), door.state(BOB)) == ("ACTIVE", "ACTIVE")
    assert [(each.sender, each.subject) for each in list_unclear(door.engine)] == [(ANN, "Re: 12 new papers")]


def test_another_subscribers_signed_id_counts_for_that_subscriber(door: Door) -> None:
    door.take(message("mailto-signed", signed=token(door.id_of(BOB))))
    assert (door.state(), door.state(BOB)) == ("ACTIVE", "UNSUBSCRIBED")


@pytest.mark.parametrize("name", ["reply-thanks", "reply-question", "reply-quote-only", "reply-quote-unmarked"])
def test_a_reply_that_quotes_our_mail_unsubscribes_nobody_and_is_shown(door: Door, name: str) -> None:
    content = about(door, name)
    first, again = door.take(content), door.take(content)
    assert (first.is_copy, first.needs_hand, again.is_copy, again.needs_hand) == (False, True, True, True)
    assert door.state() == "ACTIVE"
    (shown,) = list_unclear(door.engine)
    assert shown.sender == ANN
    assert drop_unclear(door.engine, [shown.id]) == [shown.id]
    assert list_unclear(door.engine) == []
    again = door.take(content)
    assert (again.is_copy, again.needs_hand) == (True, False)


def test_the_list_for_the_operator_is_bounded_and_has_one_entry_for_each_sender(any_door: Door) -> None:
    door = any_door
    for number in range(130):
        content = message("mailto-unsigned", recipient=f"eve{number % 120}@example.com")
        door.take(content.replace(b"<mailto", f"<{number}mailto".encode()))
    shown = list_unclear(door.engine)
    assert len(shown) == 100 == len({each.sender for each in shown})


@pytest.mark.parametrize("name", ["vacation-sieve", "vacation-outlook", "challenge", "mailing-list", "spam"])
def test_programs_lists_and_strangers_change_nothing(door: Door, name: str) -> None:
    door.take(about(door, name))
    assert door.state() == "ACTIVE"
    assert list_unclear(door.engine) == []


def test_old_proofs_do_nothing_after_erasing_and_nothing_of_the_person_is_left(any_door: Door) -> None:
    door = any_door
    bounce, question = about(door, "postfix-full"), about(door, "reply-question")
    request = message("mailto-signed", signed=token(door.id_of()))
    door.take(bounce)
    door.take(question)
    assert [each["kind"] for each in export_data(door.engine, door.id_of())["returned"]] == ["soft"]
    erase(door.engine, ANN, AT_EIGHT + 2 * AN_HOUR)
    with reading(door.engine) as connection:
        assert "ann" not in json.dumps([str(row) for row in connection.execute(select(returned))])
    for content in (about(door, "postfix-unknown", email=BOB).replace(b"x", b"x"), request):
        door.take(content)
    add_subscriber(door.engine, SignUp(ANN, topics=("all",), confirmed=True), now=AT_EIGHT + 3 * AN_HOUR)
    assert door.take(bounce, AT_EIGHT + 4 * AN_HOUR).kind is ReturnedKind.UNKNOWN
    assert door.state() == "ACTIVE"


def test_a_bounce_of_before_the_last_confirmation_is_only_noted(door: Door) -> None:
    content = about(door, "postfix-unknown")
    unsubscribe(door.engine, ANN, AT_EIGHT + AN_HOUR)
    door.take(content, AT_EIGHT + 2 * AN_HOUR)
    assert door.state() == "UNSUBSCRIBED", "a bounce suppressed somebody who had left"
    subscribe(door.engine, door.config, SignUp(ANN, confirmed=True), AT_EIGHT + 3 * AN_HOUR)
    door.take(content.replace(b"postfix-unknown@", b"again@"), AT_EIGHT + 4 * AN_HOUR)
    assert door.state() == "ACTIVE"


def test_a_bounce_of_a_former_address_is_only_noted(door: Door) -> None:
    content = about(door, "postfix-unknown")
    with writing(door.engine) as connection:
        connection.execute(delivery.update().values(recipient="former@example.net"))
    assert door.take(content).email == ANN
    assert door.state() == "ACTIVE"


def test_a_returned_confirmation_mail_belongs_to_no_subscriber(door: Door) -> None:
    config = door.config.model_copy(update={"web": door.config.web.model_copy(update={"base_url": "http://localhost"})})
    request_address_change(door.engine, config, door.id_of(), "new@example.net", AT_EIGHT)
    with reading(door.engine) as connection:
        notice = connection.scalars(select(delivery.c.id).where(delivery.c.recipient == "new@example.net")).one()
    done = door.take(message("postfix-unknown", return_path(notice), ""))
    assert (done.kind, done.email, door.state()) == (ReturnedKind.HARD, "", "ACTIVE")


def test_old_rows_are_removed_but_not_those_that_wait_for_the_operator(door: Door) -> None:
    for content in (about(door, "reply-question"), message("spam"), message("vacation-sieve")):
        door.take(content)
    for days in (25, 50, 75, 100):  # a longer absence would make the clock doubtful
        remove_old(door.engine, door.config, AT_EIGHT + days * A_DAY)
    with reading(door.engine) as connection:
        assert list(connection.scalars(select(returned.c.kind))) == ["unclear"]


def by_signed_id(door: Door, name: str, day: int, tag: str = "") -> bytes:
    """Return a sample that was returned to the sender itself, as without `[mail] envelope`."""
    _, message_id = door.digests_of(day)[ANN]
    content = message(name, "papers@example.org", token(door.id_of()), message_id)
    return content.replace(b"Message-ID: <" + name.encode(), b"Message-ID: <" + name.encode() + tag.encode())


def test_soft_bounces_without_a_return_path_count_by_their_days_too(door: Door) -> None:
    for day in range(3):
        assert door.state() == "ACTIVE"
        content = by_signed_id(door, "postfix-full", day, str(day))
        for copy in (content, content.replace(b"<postfix", b"<again")):
            door.take(copy, AT_EIGHT + day * A_DAY + AN_HOUR)
    assert door.reasons() == ["returned on 3 days: 552 5.2.2 <ann@example.net>: mailbox full"]


def test_an_old_bounce_without_a_return_path_suppresses_nobody_who_was_reinstated(door: Door) -> None:
    first = by_signed_id(door, "postfix-unknown", 0)
    late = first.replace(b"Message-ID: <postfix-unknown", b"Message-ID: <late")
    door.take(first)
    assert door.state() == "SUPPRESSED"
    reinstate(door.engine, SuppressedChoice(emails=(ANN,)), AT_EIGHT + A_DAY)
    door.take(late, AT_EIGHT + A_DAY + AN_HOUR)
    assert door.state() == "ACTIVE"
