"""Signing in: a link by mail, or the manage link of a digest, opens a session that only its token proves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from support.service import MONDAY
from support.sign_ups import ANN, BOB, PAGES, confirmed, mails, newest_grant, no_writes, recipients, session_of

from notifier.errors import UsageError
from notifier.models import DeliveryKind, SubscriberState
from notifier.signing import Grant, LinkPurpose
from notifier.store import reading, subscribers, suppressions, writing
from notifier.store.suppressions import NewSuppression
from notifier.store.tables import session
from notifier.subscribers import (
    SESSION_LIFETIME,
    end_session,
    erase,
    manage_grant,
    open_request,
    request_sign_in,
    sign_in,
    sign_out_everywhere,
    subscriber_of_session,
    sweep,
    unsubscribe,
)

AN_HOUR, A_MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_a_link_by_mail_opens_a_session_for_its_own_subscriber(store: Engine) -> None:
    confirmed(store, BOB)
    person = confirmed(store)
    token = session_of(store)
    assert subscriber_of_session(store, token, MONDAY) == person
    assert len(token) >= 43


def test_only_a_hash_of_the_token_is_stored(engine: Engine) -> None:
    confirmed(engine)
    token = session_of(engine)
    with reading(engine) as connection:
        assert token not in str(connection.execute(select(session)).all())


def test_a_sign_in_link_works_once_even_if_it_is_followed_twice_at_once(store: Engine) -> None:
    confirmed(store)
    request_sign_in(store, PAGES, ANN, MONDAY)
    grant = newest_grant(store)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: sign_in(store, grant, MONDAY), range(8)))
    assert sum(token is not None for token in tokens) == 1


def test_a_sign_in_link_expires_after_an_hour(engine: Engine) -> None:
    confirmed(engine)
    request_sign_in(engine, PAGES, ANN, MONDAY)
    assert sign_in(engine, newest_grant(engine), MONDAY + AN_HOUR) is None


def test_an_unknown_address_gets_no_mail_and_the_caller_sees_no_difference(engine: Engine) -> None:
    request_sign_in(engine, PAGES, ANN, MONDAY)
    assert mails(engine) == []
    with pytest.raises(UsageError):
        request_sign_in(engine, PAGES, "no address", MONDAY)


def test_an_address_that_has_refused_mail_gets_no_link_to_sign_in(store: Engine) -> None:
    person = confirmed(store)
    with writing(store) as connection:
        suppressions.suppress(connection, [NewSuppression(person.id, "550 5.1.1 no")], MONDAY)
    request_sign_in(store, PAGES, ANN, MONDAY)
    assert mails(store, DeliveryKind.SIGN_IN) == []


def test_many_requests_to_sign_in_send_few_mails(store: Engine) -> None:
    confirmed(store)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: request_sign_in(store, PAGES, ANN, MONDAY), range(40)))
    assert recipients(store)[1:] == [("sign-in", ANN)]
    request_sign_in(store, PAGES, ANN, MONDAY + 2 * A_MINUTE)
    assert recipients(store)[1:] == [("sign-in", ANN)] * 2


def test_somebody_who_left_can_sign_in_to_take_their_data(engine: Engine) -> None:
    confirmed(engine)
    unsubscribe(engine, ANN, MONDAY)
    found = subscriber_of_session(engine, session_of(engine), MONDAY)
    assert found is not None
    assert found.state is SubscriberState.UNSUBSCRIBED


def test_the_manage_link_of_a_digest_works_again_and_again(store: Engine) -> None:
    person = confirmed(store)
    grant = manage_grant(person, MONDAY)
    first, second = sign_in(store, grant, MONDAY), sign_in(store, grant, MONDAY)
    assert first and second
    assert first != second
    assert subscriber_of_session(store, first, MONDAY) == subscriber_of_session(store, second, MONDAY) == person
    for other in (
        replace(grant, row_id=person.id + 1),
        replace(grant, address=grant.address + 1),
        replace(grant, address=0),
        replace(grant, address=0, mailed=0),
    ):
        assert sign_in(store, other, MONDAY) is None
        assert open_request(store, PAGES, other, MONDAY) is None


def test_an_unsubscribe_link_opens_no_session(engine: Engine) -> None:
    person = confirmed(engine)
    for purpose in (LinkPurpose.UNSUBSCRIBE_ALL, LinkPurpose.UNSUBSCRIBE_ONE, LinkPurpose.CONFIRM):
        assert sign_in(engine, Grant(purpose, person.id), MONDAY) is None


def test_a_session_ends_after_thirty_days_or_when_its_subscriber_ends_it(store: Engine) -> None:
    person = confirmed(store)
    one, other = (sign_in(store, manage_grant(person, MONDAY), MONDAY) or "" for _ in range(2))
    assert subscriber_of_session(store, one, MONDAY + SESSION_LIFETIME - A_MINUTE) is not None
    assert subscriber_of_session(store, one, MONDAY + SESSION_LIFETIME) is None
    end_session(store, one)
    assert subscriber_of_session(store, one, MONDAY) is None
    assert subscriber_of_session(store, other, MONDAY) == person
    sign_out_everywhere(store, person.id, MONDAY)
    assert subscriber_of_session(store, other, MONDAY) is None
    assert subscriber_of_session(store, "", MONDAY) is None


def test_signing_out_everywhere_ends_every_link_that_was_mailed_before(store: Engine) -> None:
    person = confirmed(store)
    request_sign_in(store, PAGES, ANN, MONDAY)
    waiting, later = newest_grant(store), MONDAY + A_MINUTE
    sign_out_everywhere(store, person.id, later)
    with reading(store) as connection:
        after = subscribers.find(connection, ANN)
    assert after is not None
    for grant in (waiting, *(manage_grant(after, at) for at in (MONDAY - 400 * AN_HOUR, MONDAY, later))):
        assert sign_in(store, grant, later) is None
        assert open_request(store, PAGES, grant, later) is None
    next_mail = manage_grant(after, later + A_MINUTE)
    assert open_request(store, PAGES, next_mail, later + A_MINUTE) is not None
    assert sign_in(store, next_mail, later + A_MINUTE)
    request_sign_in(store, PAGES, ANN, later + A_MINUTE)
    assert sign_in(store, newest_grant(store), later + A_MINUTE)


def test_signing_out_everywhere_ends_nothing_of_somebody_else(store: Engine) -> None:
    person, other = confirmed(store), confirmed(store, BOB)
    token = session_of(store, BOB)
    sign_out_everywhere(store, person.id, MONDAY + A_MINUTE)
    assert subscriber_of_session(store, token, MONDAY + A_MINUTE) == other
    assert sign_in(store, manage_grant(other, MONDAY), MONDAY + A_MINUTE)


def test_the_last_use_is_stored_at_most_once_an_hour(engine: Engine) -> None:
    confirmed(engine)
    token = session_of(engine)
    with no_writes(engine):
        subscriber_of_session(engine, token, MONDAY + AN_HOUR - A_MINUTE)
    subscriber_of_session(engine, token, MONDAY + AN_HOUR)
    with reading(engine) as connection:
        assert connection.scalar(select(session.c.last_used_at)) == MONDAY + AN_HOUR


def test_erasing_ends_all_sessions(store: Engine) -> None:
    confirmed(store)
    token = session_of(store)
    erase(store, ANN, MONDAY)
    assert subscriber_of_session(store, token, MONDAY) is None


def test_expired_sessions_are_deleted(store: Engine) -> None:
    confirmed(store)
    session_of(store)
    sweep(store, MONDAY + SESSION_LIFETIME)
    with reading(store) as connection:
        assert connection.execute(select(session)).all() == []
