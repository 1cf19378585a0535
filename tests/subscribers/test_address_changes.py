"""Changing an address: the old and the new address both confirm, and nothing changes before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from support.service import MONDAY
from support.sign_ups import ANN, BOB, PAGES, confirmed, grant_of, mails, newest_grant, recipients, session_of

from notifier.digests.details import decode_notice_details
from notifier.errors import UsageError
from notifier.models import DeliveryKind, Subscriber
from notifier.signing import Grant, LinkPurpose
from notifier.store import erasing, reading, subscribers
from notifier.subscribers import (
    confirm,
    erase,
    manage_grant,
    open_request,
    request_address_change,
    request_sign_in,
    sign_in,
    subscriber_of_session,
)

NEW = "ann@new.example"
A_WEEK = timedelta(days=7)


@pytest.fixture
def ann(store: Engine) -> Subscriber:
    return confirmed(store)


def ask(store: Engine, person: Subscriber, new: str = NEW) -> list[Grant]:
    """Ask for a change, and return the grants of the two newest mails: to the old and to the new address."""
    request_address_change(store, PAGES, person.id, new, MONDAY)
    return [grant_of(row) for row in mails(store, DeliveryKind.ADDRESS_CHANGE)[-2:]]


def test_no_link_in_the_old_mailbox_opens_a_session_after_the_change(store: Engine, ann: Subscriber) -> None:
    request_sign_in(store, PAGES, ANN, MONDAY)
    asked, digest = newest_grant(store), manage_grant(ann, MONDAY)
    for grant in ask(store, ann):
        confirm(store, PAGES, grant, MONDAY)
    for grant in (asked, digest):
        assert open_request(store, PAGES, grant, MONDAY) is None
        assert sign_in(store, grant, MONDAY) is None
    later = MONDAY + timedelta(seconds=1)
    assert sign_in(store, manage_grant(replace(ann, email=NEW), later), later)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_address_changes_when_both_have_confirmed(store: Engine, ann: Subscriber, order: tuple[int, int]) -> None:
    grants = ask(store, ann)
    assert recipients(store)[-2:] == [("address-change", ANN), ("address-change", NEW)]
    token = session_of(store)
    first, second = (grants[place] for place in order)
    half = confirm(store, PAGES, first, MONDAY)
    assert half is not None
    assert half.email == ANN
    assert confirm(store, PAGES, first, MONDAY) is None
    assert open_request(store, PAGES, first, MONDAY) is None
    whole = confirm(store, PAGES, second, MONDAY)
    assert whole is not None
    assert (whole.id, whole.email, whole.subscriptions) == (ann.id, NEW, ann.subscriptions)
    assert confirm(store, PAGES, second, MONDAY) is None
    assert subscriber_of_session(store, token, MONDAY) is None
    with reading(store) as connection:
        assert subscribers.find(connection, ANN) is None
        assert subscribers.find(connection, "ANN@new.example") == whole


def test_one_address_alone_changes_nothing_however_often_it_confirms(store: Engine, ann: Subscriber) -> None:
    old, _ = ask(store, ann)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: confirm(store, PAGES, old, MONDAY), range(8)))
    assert [each.email for each in found if each] == [ANN]


def test_both_at_the_same_moment_change_it(store: Engine, ann: Subscriber) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda grant: confirm(store, PAGES, grant, MONDAY), ask(store, ann)))
    with reading(store) as connection:
        assert subscribers.find(connection, NEW) is not None


def test_only_the_mail_to_the_old_address_names_the_other_one(engine: Engine) -> None:
    old, new = ask(engine, confirmed(engine))
    to_old, to_new = mails(engine, DeliveryKind.ADDRESS_CHANGE)
    assert decode_notice_details(to_old.details).new_email == NEW
    assert ANN not in to_new.details
    shown = open_request(engine, PAGES, new, MONDAY)
    assert shown is not None
    assert (shown.email, shown.subscriptions, shown.state, shown.new_email) == (NEW, (), None, "")
    shown = open_request(engine, PAGES, old, MONDAY)
    assert shown is not None
    assert (shown.email, shown.new_email) == (ANN, NEW)


def test_a_later_wish_makes_the_links_of_an_earlier_one_useless(store: Engine, ann: Subscriber) -> None:
    _, stolen = ask(store, ann, "eve@evil.example")
    old, new = ask(store, ann)
    assert confirm(store, PAGES, stolen, MONDAY) is None
    confirm(store, PAGES, old, MONDAY)
    changed = confirm(store, PAGES, new, MONDAY)
    assert changed is not None
    assert changed.email == NEW


def test_the_same_wish_again_sends_no_more_mails(store: Engine, ann: Subscriber) -> None:
    ask(store, ann)
    ask(store, ann)
    assert len(mails(store, DeliveryKind.ADDRESS_CHANGE)) == 2


def test_the_links_expire(engine: Engine) -> None:
    old, _ = ask(engine, confirmed(engine))
    assert confirm(engine, PAGES, old, MONDAY + A_WEEK) is None


def test_only_who_reads_the_mail_to_the_new_address_learns_that_it_is_another_subscribers(
    store: Engine, ann: Subscriber
) -> None:
    confirmed(store, BOB)
    old, new = ask(store, ann, BOB)
    assert recipients(store)[-2:] == [("address-change", ANN), ("address-change", BOB)]
    confirm(store, PAGES, old, MONDAY)
    with pytest.raises(UsageError, match="own subscription"):
        confirm(store, PAGES, new, MONDAY)
    erase(store, BOB, MONDAY)
    changed = confirm(store, PAGES, new, MONDAY)
    assert changed is not None
    assert changed.email == BOB
    with reading(store) as connection:
        assert erasing.erased_among(connection, [BOB]) == set()


def test_an_address_can_be_changed_in_its_spelling_alone(engine: Engine) -> None:
    person = confirmed(engine)
    old, new = ask(engine, person, "Ann@example.org")
    confirm(engine, PAGES, old, MONDAY)
    changed = confirm(engine, PAGES, new, MONDAY)
    assert changed is not None
    assert changed.email == "Ann@example.org"


@pytest.mark.parametrize("new", [ANN, "no address", ""])
def test_what_is_no_new_address_is_refused(engine: Engine, new: str) -> None:
    person = confirmed(engine)
    with pytest.raises(UsageError):
        request_address_change(engine, PAGES, person.id, new, MONDAY)


def test_the_links_open_no_session(engine: Engine) -> None:
    for grant in ask(engine, confirmed(engine)):
        assert sign_in(engine, grant, MONDAY) is None
        assert sign_in(engine, Grant(LinkPurpose.SIGN_IN, grant.row_id), MONDAY) is None


def test_erasing_deletes_the_mail_to_the_new_address_too(store: Engine, ann: Subscriber) -> None:
    ask(store, ann)
    erase(store, ANN, MONDAY)
    assert mails(store) == []
