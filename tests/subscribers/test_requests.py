"""Signing up by a mail with a link: one mail a day, a link that works once, and nothing that tells who is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from support.service import MONDAY, add_subscriber
from support.sign_ups import ANN, BOB, PAGES, confirmed, grant_of, mails, newest_grant, no_writes, recipients, sign_up

from notifier.config import Config
from notifier.digests.details import decode_notice_details
from notifier.errors import ConfigError, QueryError, UsageError
from notifier.models import Cadence, DeliveryKind, DeliveryState, SubscriberState
from notifier.signing import Grant, LinkPurpose
from notifier.store import outbox, reading, subscribers, suppressions, writing
from notifier.store.outbox import Settlement
from notifier.store.suppressions import NewSuppression
from notifier.store.tables import request, subscriber
from notifier.subscribers import (
    check_request,
    confirm,
    erase,
    manage_grant,
    open_request,
    pause,
    request_address_change,
    request_sign_in,
    request_sign_up,
    sign_in,
    sweep,
    unsubscribe,
)
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
A_SECOND = timedelta(seconds=1)


def count(engine: Engine, table: Any) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_stranger_becomes_a_subscriber_by_the_link_in_one_mail(store: Engine) -> None:
    grant = sign_up(store, queries=("mixture of experts",), topics=(), cadence=Cadence.WEEKLY, hour="07:30")
    assert recipients(store) == [("confirmation", ANN)]
    assert count(store, subscriber) == 0
    found = confirm(store, PAGES, grant, MONDAY)
    assert found is not None
    assert (found.email, found.state, found.cadence, found.hour) == (
        ANN,
        SubscriberState.ACTIVE,
        Cadence.WEEKLY,
        "07:30",
    )
    assert [each.query for each in found.subscriptions] == ["mixture of experts"]
    assert found.next_due is not None


def test_a_link_works_once(store: Engine) -> None:
    grant = sign_up(store)
    assert confirm(store, PAGES, grant, MONDAY) is not None
    assert confirm(store, PAGES, grant, MONDAY) is None
    assert open_request(store, PAGES, grant, MONDAY) is None


def test_two_confirmations_at_once_confirm_once(store: Engine) -> None:
    grant = sign_up(store)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: confirm(store, PAGES, grant, MONDAY), range(8)))
    assert sum(each is not None for each in found) == 1
    assert count(store, subscriber) == 1


@pytest.mark.parametrize("days", [7, 30])
def test_a_link_expires_after_seven_days(engine: Engine, days: int) -> None:
    grant = sign_up(engine)
    assert open_request(engine, PAGES, grant, MONDAY + A_WEEK - A_SECOND) is not None
    assert open_request(engine, PAGES, grant, MONDAY + timedelta(days=days)) is None
    assert confirm(engine, PAGES, grant, MONDAY + timedelta(days=days)) is None
    assert count(engine, subscriber) == 0


def test_a_link_is_good_for_its_own_purpose_only(engine: Engine) -> None:
    grant = sign_up(engine)
    for purpose in set(LinkPurpose) - {LinkPurpose.CONFIRM, LinkPurpose.MANAGE}:
        other = Grant(purpose, grant.row_id)
        assert open_request(engine, PAGES, other, MONDAY) is None
        assert confirm(engine, PAGES, other, MONDAY) is None
        assert sign_in(engine, other, MONDAY) is None
    assert sign_in(engine, grant, MONDAY) is None
    assert confirm(engine, PAGES, grant, MONDAY) is not None


@pytest.mark.slow
@pytest.mark.parametrize("number", [pytest.param(1000, id="1000")])
def test_a_thousand_sign_ups_for_one_address_send_one_mail(store: Engine, number: int) -> None:
    asked = [SignUp(ANN if turn % 2 else "Ann@Example.org", topics=("all",)) for turn in range(number)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: request_sign_up(store, PAGES, each, MONDAY), asked))
    assert len(mails(store)) == 1
    assert count(store, request) == 1


def test_the_link_that_was_sent_confirms_what_was_asked_last(store: Engine) -> None:
    first = sign_up(store, topics=("all",))
    later = sign_up(store, now=MONDAY + A_DAY / 2, topics=("trending",), hour="09:00")
    assert first == later
    shown = open_request(store, PAGES, first, MONDAY + A_DAY)
    assert shown is not None
    assert [each.topic for each in shown.subscriptions] == ["trending"]
    found = confirm(store, PAGES, first, MONDAY + A_DAY)
    assert found is not None
    assert ([each.topic for each in found.subscriptions], found.hour) == (["trending"], "09:00")


def test_the_next_day_another_mail_may_go_out_with_the_same_link(engine: Engine) -> None:
    first = sign_up(engine)
    sign_up(engine, now=MONDAY + A_DAY - A_SECOND)
    assert len(mails(engine)) == 1
    assert sign_up(engine, now=MONDAY + A_DAY) == first
    assert len(mails(engine)) == 2
    assert open_request(engine, PAGES, first, MONDAY + A_WEEK) is not None


def test_a_clock_that_was_far_ahead_does_not_stop_mails_for_ever(engine: Engine) -> None:
    sign_up(engine, now=MONDAY + timedelta(days=4000))
    sign_up(engine, now=MONDAY)
    assert len(mails(engine)) == 2


def test_an_expired_request_is_never_opened_again_by_a_later_sign_up(store: Engine) -> None:
    old = sign_up(store)
    new = sign_up(store, now=MONDAY + A_WEEK)
    assert new != old
    assert confirm(store, PAGES, old, MONDAY + A_WEEK) is None
    assert confirm(store, PAGES, new, MONDAY + A_WEEK) is not None


def suppressed(engine: Engine) -> None:
    person = add_subscriber(engine, SignUp(ANN, topics=("trending",), confirmed=True))
    with writing(engine) as connection:
        suppressions.suppress(connection, [NewSuppression(person.id, "550 5.1.1 no")], MONDAY)


def erased(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, confirmed=True))
    erase(engine, ANN, MONDAY)


def left(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("trending",), confirmed=True))
    unsubscribe(engine, ANN, MONDAY)


def waiting(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN))


BEFORE = {"unknown": lambda _: None, "suppressed": suppressed, "erased": erased, "left": left, "pending": waiting}


@pytest.mark.parametrize("before", BEFORE)
def test_whoever_gets_no_mail_gets_one_confirmation_and_then_what_they_asked_for(store: Engine, before: str) -> None:
    BEFORE[before](store)
    grant = sign_up(store)
    assert recipients(store) == [("confirmation", ANN)]
    details = decode_notice_details(mails(store)[0].details)
    assert (details.asked, details.is_addition) == (("All papers",), False)
    found = confirm(store, PAGES, grant, MONDAY)
    assert found is not None
    assert found.state is SubscriberState.ACTIVE
    assert "all" in [each.topic for each in found.subscriptions]
    if before == "left":
        assert [each.topic for each in found.subscriptions] == ["all"]


def test_an_address_that_refused_mail_gets_another_one_after_a_week_only(engine: Engine) -> None:
    suppressed(engine)
    for day in range(7):
        sign_up(engine, now=MONDAY + day * A_DAY)
    assert len(mails(engine)) == 1
    sign_up(engine, now=MONDAY + 7 * A_DAY)
    assert len(mails(engine)) == 2


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_subscriber_is_asked_to_confirm_an_addition_that_changes_nothing_else(store: Engine, is_paused: bool) -> None:
    known = add_subscriber(store, SignUp(ANN, ("diffusion",), cadence=Cadence.WEEKLY, hour="06:00", confirmed=True))
    if is_paused:
        known = pause(store, ANN, None, MONDAY)
    grant = sign_up(store, "ANN@example.org", cadence=Cadence.DAILY, hour="20:00", timezone="Asia/Tokyo")
    assert recipients(store) == [("confirmation", ANN)]
    assert decode_notice_details(mails(store)[0].details).is_addition
    with reading(store) as connection:
        assert subscribers.find(connection, ANN) == known
    shown = open_request(store, PAGES, grant, MONDAY)
    assert shown is not None
    assert (shown.is_addition, shown.cadence, shown.hour) == (True, Cadence.WEEKLY, "06:00")
    found = confirm(store, PAGES, grant, MONDAY)
    assert found is not None
    assert found.subscriptions[0] == known.subscriptions[0]
    assert [each.topic for each in found.subscriptions] == [None, "all"]
    names = ("state", "cadence", "hour", "timezone", "cursor", "next_due")
    assert [getattr(found, name) for name in names] == [getattr(known, name) for name in names]
    with reading(store) as connection:
        assert not outbox.items_since(connection, [known.id], MONDAY)


def test_after_a_confirmation_the_same_address_may_get_another_mail_on_the_same_day(engine: Engine) -> None:
    confirmed(engine)
    sign_up(engine, topics=("trending",))
    assert recipients(engine) == [("confirmation", ANN), ("confirmation", ANN)]


def test_the_mail_holds_no_words_of_whoever_typed_them(engine: Engine) -> None:
    sign_up(engine, queries=("visit evil example now",), topics=(), name="You won! https://evil.example")
    assert "evil" not in mails(engine)[0].details
    assert decode_notice_details(mails(engine)[0].details).asked == ("1 search",)


def test_a_topic_that_was_removed_meanwhile_is_left_out(engine: Engine) -> None:
    grant = sign_up(engine, topics=("robotics", "all"), name=None)
    without = PAGES.model_copy(update={"built_in_topics": False})
    shown = open_request(engine, without, grant, MONDAY)
    assert shown is not None
    assert [each.topic for each in shown.subscriptions] == ["all"]
    found = confirm(engine, without, grant, MONDAY)
    assert found is not None
    assert [each.topic for each in found.subscriptions] == ["all"]


def test_asking_for_nothing_in_particular_takes_what_is_trending_and_says_so(engine: Engine) -> None:
    grant = sign_up(engine, topics=())
    assert decode_notice_details(mails(engine)[0].details).asked == ("Trending",)
    shown = open_request(engine, PAGES, grant, MONDAY)
    found = confirm(engine, PAGES, grant, MONDAY)
    assert shown and found
    assert [each.topic for each in shown.subscriptions] == [each.topic for each in found.subscriptions] == ["trending"]


def test_looking_at_a_link_changes_nothing(store: Engine) -> None:
    grant = sign_up(store)
    person = confirmed(store, BOB)
    manage = manage_grant(person, MONDAY)
    with no_writes(store):
        assert open_request(store, PAGES, grant, MONDAY) is not None
        assert open_request(store, PAGES, manage, MONDAY) is not None


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (SignUp("no address"), UsageError),
        (SignUp(ANN, ("(",)), QueryError),
        (SignUp(ANN, topics=("no-topic",)), UsageError),
        (SignUp(ANN, hour="25:00"), UsageError),
        (SignUp(ANN, timezone="Mars/Olympus"), UsageError),
        (SignUp(ANN, tuple(f"word{number}" for number in range(101))), UsageError),
    ],
)
def test_a_sign_up_that_is_not_valid_is_refused_at_once(engine: Engine, wish: SignUp, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_request(catalogue_of(PAGES), wish)
    with pytest.raises(error):
        request_sign_up(engine, PAGES, wish, MONDAY)
    assert (mails(engine), count(engine, request)) == ([], 0)


def test_without_pages_no_mail_with_a_link_is_possible(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        request_sign_up(engine, Config(), SignUp(ANN), MONDAY)


def test_requests_that_nobody_confirmed_are_deleted_when_their_links_have_expired(store: Engine) -> None:
    person = confirmed(store)
    request_sign_in(store, PAGES, ANN, MONDAY)
    request_address_change(store, PAGES, person.id, BOB, MONDAY)
    requests_of_ann = select(request.c.kind).where(request.c.kind.in_(("sign-in", "address-change")))
    for later, left in ((timedelta(minutes=59), 2), (timedelta(hours=1), 1), (A_WEEK, 0)):
        sweep(store, MONDAY + later)
        with reading(store) as connection:
            assert len(connection.execute(requests_of_ann).all()) == left


def test_sign_ups_and_mails_about_requests_are_deleted_after_a_month(store: Engine) -> None:
    sign_up(store)
    sweep(store, MONDAY + timedelta(days=30) - A_SECOND)
    assert (count(store, request), len(mails(store))) == (1, 1)
    with writing(store) as connection:
        (claim,) = outbox.claim(connection, "me", MONDAY, 10)
        outbox.settle(connection, [(claim, Settlement(DeliveryState.ACCEPTED, "250", None, 1, 0))], MONDAY)
    sweep(store, MONDAY + timedelta(days=30))
    assert (count(store, request), len(mails(store))) == (0, 0)


def test_a_mail_that_still_waits_is_not_deleted(engine: Engine) -> None:
    sign_up(engine)
    sweep(engine, MONDAY + timedelta(days=300))
    assert recipients(engine) == [("confirmation", ANN)]


def test_erasing_leaves_no_request_and_no_notice(store: Engine) -> None:
    confirmed(store)
    sign_up(store, topics=("trending",))
    sign_up(store, BOB)
    assert erase(store, ANN, MONDAY) == 2
    assert recipients(store) == [("confirmation", BOB)]
    assert count(store, request) == 1
    assert grant_of(mails(store, DeliveryKind.CONFIRMATION)[0]) == newest_grant(store)


def test_notices_are_claimed_before_all_digests(store: Engine) -> None:
    rows = [{"kind": DeliveryKind.DIGEST, "subscriber_id": None, "period": f"2026-07-{day:02}"} for day in range(1, 21)]
    more = {"recipient": BOB, "subject": "", "items": "", "planned_at": MONDAY, "state": "PENDING"}
    digests = [{**row, **more, "message_id": f"<{row['period']}@x>", "next_try": outbox.AT_ONCE} for row in rows]
    with writing(store) as connection:
        outbox.add(connection, digests)
    sign_up(store)
    with writing(store) as connection:
        assert [each.kind for each in outbox.claim(connection, "me", MONDAY, 3)] == ["confirmation", "digest", "digest"]
