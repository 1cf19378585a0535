"""Two things that somebody does at the same moment: one comes after the other, in whichever order, and neither fails.

Each race is run several times, because threads do not meet at the same place each time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from support.service import MONDAY, SEEDS
from support.sign_ups import ANN, BOB, PAGES, confirmed, grant_of, mails, newest_grant, session_of, sign_up

from notifier.errors import UsageError
from notifier.models import DeliveryKind, DeliveryState, RequestKind, Subscriber, SubscriberState
from notifier.pipeline import ingest, plan_welcomes
from notifier.signing import Grant
from notifier.store import reading, subscribers
from notifier.store.tables import request, session, subscriber
from notifier.subscribers import (
    confirm,
    erase,
    manage_grant,
    request_address_change,
    request_sign_in,
    sign_in,
    sign_out_everywhere,
    unsubscribe_from_all,
)

NEW, CAROL = "ann@new.example", "carol@example.com"
ROUNDS = 8
LATER = MONDAY.replace(hour=23)


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do these things at the same moment, and return what each returned, or its UsageError."""
    barrier = Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return action()
        except UsageError as error:
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def found(store: Engine, email: str) -> Subscriber | None:
    with reading(store) as connection:
        return subscribers.find(connection, email)


def rows(store: Engine, table: Any) -> int:
    with reading(store) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def sign_up_of(store: Engine, email: str, **asked: Any) -> Grant:
    """Ask to sign up again, also if a mail was sent to the address before, and return the grant of its link."""
    sign_up(store, email, **asked)
    with reading(store) as connection:
        kind = request.c.kind == RequestKind.SIGN_UP
        request_id = connection.scalars(select(request.c.id).where(kind).order_by(request.c.id.desc())).first()
    (row,) = [row for row in mails(store, DeliveryKind.CONFIRMATION) if row.period == f"request:{request_id}"]
    return grant_of(row)


def test_confirming_and_unsubscribing(store: Engine) -> None:
    ingest(store, SEEDS[1], MONDAY.date(), MONDAY)
    for number in range(ROUNDS):
        email = f"ann{number}@example.org"
        person = confirmed(store, email)
        grant = sign_up_of(store, email, topics=("vision",))
        at_once(
            partial(confirm, store, PAGES, grant, MONDAY),
            partial(unsubscribe_from_all, store, person.id, MONDAY),
            lambda: plan_welcomes(store, PAGES, MONDAY),
        )
        after = found(store, email)
        assert after is not None
        waiting = [row for row in mails(store) if row.subscriber_id == after.id and row.state == DeliveryState.PENDING]
        if after.state is SubscriberState.UNSUBSCRIBED:
            assert waiting == []
        assert after.state in (SubscriberState.ACTIVE, SubscriberState.UNSUBSCRIBED)
        assert confirm(store, PAGES, grant, MONDAY) is None


def test_confirming_twice(store: Engine) -> None:
    for number in range(ROUNDS):
        grant = sign_up_of(store, f"ann{number}@example.org")
        outcomes = at_once(*[partial(confirm, store, PAGES, grant, MONDAY)] * 4)
        assert sum(outcome is not None for outcome in outcomes) == 1
    assert rows(store, subscriber) == rows(store, request) == ROUNDS, "and each has one welcome mail to come"


def test_two_subscribers_change_to_the_same_address(store: Engine) -> None:
    for number in range(ROUNDS):
        new = f"new{number}@new.example"
        grants = []
        for email in (f"a{number}@example.org", f"b{number}@example.net"):
            request_address_change(store, PAGES, confirmed(store, email).id, new, MONDAY)
            grants += [grant_of(row) for row in mails(store, DeliveryKind.ADDRESS_CHANGE)[-2:]]
        outcomes = at_once(*[partial(confirm, store, PAGES, grant, MONDAY) for grant in grants])
        changed = found(store, new)
        assert changed is not None
        assert sum(isinstance(outcome, UsageError) for outcome in outcomes) == 1
    assert rows(store, subscriber) == 2 * ROUNDS


def test_one_subscriber_asks_for_two_new_addresses(store: Engine) -> None:
    for number in range(ROUNDS):
        person = confirmed(store, f"ann{number}@example.org")
        wishes = [f"x{number}@new.example", f"y{number}@new.example"]
        at_once(*[partial(request_address_change, store, PAGES, person.id, to, MONDAY) for to in wishes])
        newest = mails(store, DeliveryKind.ADDRESS_CHANGE)[-4:]
        at_once(*[partial(confirm, store, PAGES, grant_of(row), MONDAY) for row in newest])
        with reading(store) as connection:
            (after,) = subscribers.by_ids(connection, [person.id]).values()
        assert after.email in wishes
        assert newest[-1].recipient == after.email or newest[-2].recipient == after.email


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [False, True])
def test_erasing_and_confirming(store: Engine, is_known: bool) -> None:
    for number in range(ROUNDS):
        email = f"ann{number}@example.org"
        if is_known:
            confirmed(store, email)
        grant = sign_up_of(store, email, topics=("vision",))
        outcomes = at_once(partial(confirm, store, PAGES, grant, MONDAY), partial(erase, store, email, MONDAY))
        after = found(store, email)
        assert after is None or (outcomes[0] is not None and after.state is SubscriberState.ACTIVE)
        if after:
            erase(store, email, MONDAY)
        assert found(store, email) is None
        assert all(row.recipient != email for row in mails(store))
    assert rows(store, request) == rows(store, session) == 0


@pytest.mark.slow
def test_erasing_and_signing_in_and_changing_the_address(store: Engine) -> None:
    for number in range(ROUNDS):
        email = f"ann{number}@example.org"
        person = confirmed(store, email)
        request_sign_in(store, PAGES, email, MONDAY)
        asked = newest_grant(store)
        request_address_change(store, PAGES, person.id, NEW, MONDAY)
        old, new = (grant_of(row) for row in mails(store, DeliveryKind.ADDRESS_CHANGE)[-2:])
        confirm(store, PAGES, old, MONDAY)
        at_once(
            partial(sign_in, store, asked, MONDAY),
            partial(confirm, store, PAGES, new, MONDAY),
            partial(erase, store, email, MONDAY),
        )
        assert found(store, email) is None
        if found(store, NEW):
            erase(store, NEW, MONDAY)
    assert rows(store, subscriber) == rows(store, request) == rows(store, session) == 0


def test_signing_out_everywhere_and_signing_in_by_an_old_mail(store: Engine) -> None:
    person = confirmed(store, ANN)
    confirmed(store, BOB)
    session_of(store, BOB)
    for _ in range(ROUNDS):
        request_sign_in(store, PAGES, ANN, MONDAY)
        grants = (newest_grant(store), manage_grant(person, MONDAY), manage_grant(person, MONDAY))
        at_once(
            *[partial(sign_in, store, grant, LATER) for grant in grants],
            lambda: sign_out_everywhere(store, person.id, LATER),
        )
        assert rows(store, session) == 1, "that of Bob"
