"""Limits by address, network and domain: counted in the database, for all services together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from support.service import MONDAY
from support.sign_ups import ANN

from notifier.store import limits, reading, writing
from notifier.store.limits import Limit
from notifier.store.tables import usage_count
from notifier.subscribers import Action, sweep, within_limits
from notifier.subscribers.limiting import BY_ADDRESS, BY_DOMAIN, BY_NETWORK, network_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAX_BY_ADDRESS = BY_ADDRESS[Action.SIGN_UP][0][0]
MAX_BY_NETWORK = BY_NETWORK[Action.SIGN_UP][0][0]
MAX_BY_DOMAIN = BY_DOMAIN[Action.SIGN_UP][0][0]


def test_an_address_is_limited_whatever_the_network_and_the_spelling(store: Engine) -> None:
    found = [
        within_limits(store, Action.SIGN_UP, ANN if number % 2 else "ANN@Example.org", f"10.{number}.0.1", MONDAY)
        for number in range(MAX_BY_ADDRESS + 3)
    ]
    assert found == [True] * MAX_BY_ADDRESS + [False] * 3
    assert within_limits(store, Action.SIGN_UP, ANN, "10.99.0.1", MONDAY + HOUR)
    assert within_limits(store, Action.SIGN_IN, ANN, "10.99.0.1", MONDAY)


@pytest.mark.parametrize("form", ["192.0.2.{}", "::ffff:192.0.2.{}", "2001:db8:1:2::{}", "2001:db8:1:2:{}::1"])
def test_a_network_is_limited_whatever_the_address(store: Engine, form: str) -> None:
    found = [
        within_limits(store, Action.SIGN_UP, f"a{number}@d{number}.example", form.format(number + 1), MONDAY)
        for number in range(MAX_BY_NETWORK + 2)
    ]
    assert found == [True] * MAX_BY_NETWORK + [False] * 2
    for other in ("192.0.3.1", "2001:db8:1:3::1"):
        assert within_limits(store, Action.SIGN_UP, "new@example.com", other, MONDAY)


def test_a_customer_with_many_networks_of_ipv6_is_limited(engine: Engine) -> None:
    most = 10 * MAX_BY_NETWORK
    found = [
        within_limits(engine, Action.SIGN_UP, f"a{number}@d{number}.example", f"2001:db8:7:{number:x}::1", MONDAY)
        for number in range(most + 2)
    ]
    assert found == [True] * most + [False] * 2
    assert within_limits(engine, Action.SIGN_UP, "new@example.com", "2001:db8:8::1", MONDAY)


def test_a_domain_is_limited_whatever_the_address_and_the_network(engine: Engine) -> None:
    found = [
        within_limits(engine, Action.SIGN_UP, f"a{number}@example.org", f"10.{number % 256}.{number // 256}.1", MONDAY)
        for number in range(MAX_BY_DOMAIN + 2)
    ]
    assert found == [True] * MAX_BY_DOMAIN + [False] * 2


def test_a_network_that_has_too_much_already_uses_up_no_limit_of_others(store: Engine) -> None:
    for number in range(MAX_BY_DOMAIN + 20):
        within_limits(store, Action.SIGN_UP, f"a{number}@example.org", "10.0.0.1", MONDAY)
    assert within_limits(store, Action.SIGN_UP, ANN, "10.1.0.1", MONDAY)


def test_an_address_that_has_too_much_already_does_not_use_up_the_limit_of_its_domain(engine: Engine) -> None:
    for number in range(MAX_BY_DOMAIN + 20):
        within_limits(engine, Action.SIGN_UP, ANN, f"10.{number % 256}.{number // 256}.1", MONDAY)
    assert within_limits(engine, Action.SIGN_UP, "other@example.org", "10.99.99.1", MONDAY)


def test_the_addresses_of_one_mailbox_are_limited_together(store: Engine) -> None:
    found = [
        within_limits(store, Action.SIGN_UP, f"ann+{number}@example.org", f"10.{number}.0.1", MONDAY)
        for number in range(MAX_BY_ADDRESS + 2)
    ]
    assert found == [True] * MAX_BY_ADDRESS + [False] * 2


def test_services_that_count_at_the_same_time_lose_no_use(store: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: within_limits(store, Action.SIGN_UP, ANN, "10.0.0.1", MONDAY), range(40)))
    assert sum(found) == MAX_BY_ADDRESS


def test_no_address_is_stored_and_ended_windows_are_deleted(store: Engine) -> None:
    within_limits(store, Action.SIGN_UP, ANN, "192.0.2.1", MONDAY)
    with reading(store) as connection:
        rows = str(connection.execute(select(usage_count)).all())
    assert "ann" not in rows
    assert "192.0" not in rows
    sweep(store, MONDAY + DAY)
    with reading(store) as connection:
        assert connection.execute(select(usage_count)).all() == []


def test_previews_are_limited_by_network_alone(engine: Engine) -> None:
    assert within_limits(engine, Action.PREVIEW, "", "192.0.2.1", MONDAY)
    assert within_limits(engine, Action.PREVIEW, "", None, MONDAY)
    with reading(engine) as connection:
        assert len(connection.execute(select(usage_count)).all()) == 1


@pytest.mark.parametrize(
    ("kind", "most", "window", "others"),
    [
        ("address ann@example.org", *BY_ADDRESS[Action.REACTION][1], ("bob@example.org", "192.0.2.9")),
        ("network 192.0.2.0/24", *BY_NETWORK[Action.REACTION][0], (ANN, "192.0.3.1")),
        ("network 192.0.2.0/24", *BY_NETWORK[Action.REACTION][1], (ANN, "192.0.3.1")),
        ("network 2001:db8:1::/48", 10 * BY_NETWORK[Action.REACTION][0][0], HOUR, (ANN, "2001:db8:2::1")),
        ("domain example.org", *BY_DOMAIN[Action.REACTION][0], ("ann@example.net", "192.0.2.1")),
    ],
    ids=["address a day", "network an hour", "network a day", "site of IPv6 an hour", "domain an hour"],
)
def test_reactions_are_limited_by_day_by_network_and_by_domain_until_the_window_ends(
    store: Engine, kind: str, most: int, window: timedelta, others: tuple[str, str]
) -> None:
    ip = "2001:db8:1:2::3" if "db8" in kind else "192.0.2.1"
    with writing(store) as connection:
        limits.add(connection, Limit(f"{Action.REACTION} {kind}", most, window), most - 1, MONDAY)
    assert within_limits(store, Action.REACTION, ANN, ip, MONDAY)
    assert not within_limits(store, Action.REACTION, ANN, ip, MONDAY)
    assert within_limits(store, Action.REACTION, *others, MONDAY)
    assert within_limits(store, Action.SIGN_IN, ANN, ip, MONDAY)
    assert within_limits(store, Action.REACTION, ANN, ip, MONDAY + window)


@given(st.ip_addresses().map(str) | st.text(max_size=50))
def test_every_text_has_a_network(text: str) -> None:
    assert network_of(text) == text or network_of(network_of(text).partition("/")[0]) == network_of(text)


def test_every_action_has_limits() -> None:
    for table in (BY_ADDRESS, BY_NETWORK, BY_DOMAIN):
        assert set(table) == set(Action)
