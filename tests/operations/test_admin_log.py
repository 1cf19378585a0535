"""The log of administrators: an entry is there before the change, and an erased or renamed address is not in it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_subscriber

from notifier.errors import FetchError, UsageError
from notifier.models import ERASED, AdminEntry
from notifier.operations import logged, read_admin_log
from notifier.store import admin_log, reading, subscribers, writing
from notifier.subscribers import SignUp, erase, export_data

ANN, BOB = "ann@example.org", "bob@example.org"


def entry(subject: str = "delivery 7", details: str = "") -> AdminEntry:
    return AdminEntry(at=MONDAY, actor=ANN, action="hold", subject=subject, details=details)


def refuse() -> None:
    raise UsageError("it cannot be held")


def test_an_entry_is_stored_before_the_change_and_its_outcome_afterwards(store: Engine) -> None:
    during: list[AdminEntry] = []
    logged(store, entry(), lambda: during.extend(read_admin_log(store, 9)), lambda _: "held")
    assert [(each.subject, each.outcome) for each in during] == [("delivery 7", "")]
    (after,) = read_admin_log(store, 9)
    assert (after.actor, after.at, after.action, after.outcome) == (ANN, MONDAY, "hold", "held")


def test_what_is_refused_is_not_in_the_log_and_what_fails_is(store: Engine) -> None:
    def fail() -> None:
        raise FetchError("the server is gone")

    with pytest.raises(UsageError):
        logged(store, entry(), refuse)
    with pytest.raises(FetchError):
        logged(store, entry(), fail)
    with pytest.raises(ZeroDivisionError):
        logged(store, entry(), lambda: 1 / 0)
    outcomes = [each.outcome for each in read_admin_log(store, 9)]
    assert outcomes == ["failed: ZeroDivisionError", "failed: the server is gone"]


def test_hostile_text_is_cleaned_and_cut(store: Engine) -> None:
    logged(store, entry("a\nb\0\u202e\ud800", "x" * 9999), lambda: None)
    (after,) = read_admin_log(store, 9)
    assert (after.subject, len(after.details)) == ("a b", 500)


def test_an_erased_subscriber_is_in_no_entry_and_a_new_address_takes_the_place_of_the_old(store: Engine) -> None:
    ann, bob = (add_subscriber(store, SignUp(email, ("bees",), confirmed=True)) for email in (ANN, BOB))
    logged(store, entry(BOB, "search: bees of Bob"), lambda: None)
    exported = json.dumps(export_data(store, bob.id))
    assert "bees of Bob" in exported
    assert ANN not in exported
    assert export_data(store, ann.id)["admin_log"][0]["actor"] == ANN
    with writing(store) as connection:
        admin_log.rename(connection, ANN, "new@example.org")
    erase(store, BOB, MONDAY)
    (left,) = read_admin_log(store, 9)
    assert (left.actor, left.subject, left.details) == ("new@example.org", ERASED, "")
    with reading(store) as connection:
        assert subscribers.find(connection, BOB) is None


def test_pages_of_the_log_follow_each_other(store: Engine) -> None:
    for number in range(5):
        logged(store, entry(f"delivery {number}"), lambda: None)
    newest = read_admin_log(store, 2)
    older = read_admin_log(store, 9, newest[-1].id)
    assert [each.subject for each in newest + older] == [f"delivery {number}" for number in (4, 3, 2, 1, 0)]
    assert [each.subject for each in read_admin_log(store, 9, subject="delivery 1")] == ["delivery 1"]
    assert read_admin_log(store, 9, 1 << 62) == newest + older
