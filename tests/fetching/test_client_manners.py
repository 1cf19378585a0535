"""Requests are repeated as the server wants it, and follow each other with a pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fetching import client_for, failure, problem
from support.https_service import AUTHORITY, Answer, Asked, HttpsService, Script, https_service

from notifier.config import FetchingConfig
from notifier.errors import FetchError
from notifier.fetching import Client
from notifier.fetching.waiting import back_off, retry_after

NOW = datetime(2026, 7, 6, 12, tzinfo=UTC)


def after_failures(*failures: Answer) -> Callable[[Asked], Answer]:
    """Return a script that fails so often, and then answers."""
    return lambda asked: failures[asked.number] if asked.number < len(failures) else Answer(b"papers")


def waits(script: Script) -> tuple[list[float], FetchError | None, HttpsService]:
    """Return the seconds that a client waits while it fetches from a server with this script, and the error."""
    slept: list[float] = []
    settings = FetchingConfig(ca_file=AUTHORITY, allow_private=("localhost",))
    with https_service({"/papers": script}) as service:
        client = Client(settings, sleep=slept.append, clock=lambda: NOW)
        with client:
            try:
                client.get(service.url("/papers"))
            except FetchError as error:
                return slept, error, service
    return slept, None, service


def test_trouble_that_passes_is_not_seen() -> None:
    _, error, service = waits(after_failures(Answer(status=503), Answer(raw=[])))
    assert error is None and len(service.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_trouble_that_does_not_pass_is_told_after_two_repeats(status: int) -> None:
    slept, error, service = waits(Answer(status=status))
    assert error and error.status == status and error.retry_after is None
    assert str(error).replace(f":{service.port}", "") == (
        f"HTTP {status} from https://localhost/papers; it may work later"
    )
    assert len(service.requests) == 3
    assert any(0.5 <= seconds <= 1.5 for seconds in slept) and any(1.5 <= seconds <= 4.5 for seconds in slept)


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 410, 418, 429, 501])
def test_an_answer_that_will_stay_is_not_asked_for_again(status: int) -> None:
    _, error, service = waits(Answer(status=status))
    assert error and error.status == status and str(error).startswith(f"HTTP {status} from https://localhost")
    assert "; " in str(error) and len(service.requests) == 1


def test_a_short_wait_that_the_server_asks_for_is_waited() -> None:
    slept, error, service = waits(after_failures(Answer(status=429, headers={"Retry-After": "7"})))
    assert error is None and len(service.requests) == 2
    assert slept[0] == 7


def test_a_long_wait_is_told_to_the_caller() -> None:
    slept, error, service = waits(Answer(status=429, headers={"Retry-After": "3600"}))
    assert error and error.status == 429 and error.retry_after == NOW + timedelta(hours=1)
    assert str(error).endswith("; it asks to wait until 2026-07-06 13:00:00 UTC")
    assert not slept and len(service.requests) == 1


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_wait_is_told_whatever_the_status_is(status: int) -> None:
    _, error, _ = waits(Answer(status=status, headers={"Retry-After": "86400"}))
    assert error and error.retry_after == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("99999999999", 86_400),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        ("Monday, 06-Jul-26 12:05:00 GMT", 300),
        ("Mon Jul  6 12:05:00 2026", 300),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 86_400),
    ],
)
def test_the_time_to_wait_is_read(value: str, seconds: int) -> None:
    assert retry_after({"retry-after": value}, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "-1", "1.5", "soon", "1e3", "٣", "9" * 40, "Mon, 99 Jul 2026", "Mon, 06 Jul 2026 11:00:00 GMT"]
)
def test_a_time_to_wait_that_makes_no_sense_is_ignored(value: str) -> None:
    assert retry_after({"retry-after": value}, NOW) is None


def test_a_date_is_taken_with_the_clock_of_the_server() -> None:
    theirs = NOW + timedelta(days=3)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "retry-after": format_datetime(theirs + timedelta(seconds=90), usegmt=True),
    }
    assert retry_after(headers, NOW) == NOW + timedelta(seconds=90)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_header_is_read(value: str, date: str) -> None:
    found = retry_after({"retry-after": value, "date": date}, NOW)
    assert found is None or NOW <= found <= NOW + timedelta(days=1)


def test_waits_grow_and_differ() -> None:
    assert all(0.5 <= back_off(0) <= 1.5 and 1.5 <= back_off(1) <= 4.5 for _ in range(100))
    assert len({back_off(0) for _ in range(10)}) > 1


def test_a_pause_lies_between_two_requests_to_a_host() -> None:
    settings = FetchingConfig(ca_file=AUTHORITY, allow_private=("localhost",))
    with https_service({"*": Answer(b"papers")}) as service:
        for path in ("/1", "/2"):  # also for two clients
            with Client(settings) as client:
                client.get(service.url(path), pause=0.4)
        first, second = (asked.came for asked in service.requests)
    assert 0.4 <= second - first < 2


def test_a_host_is_asked_one_thing_at_a_time() -> None:
    def answer(_asked: Asked) -> Answer:
        time.sleep(0.1)
        return Answer(b"papers")

    with https_service({"*": answer}) as service, client_for() as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(client.get, [service.url(f"/{number}") for number in range(6)]))
        assert (len(service.requests), service.most_at_once) == (6, 1)
        hosts = ("localhost", "papers.example.org", "mirror.example.org")
        list(pool.map(client.get, [service.url("/", host) for host in hosts]))
    assert service.most_at_once > 1  # other hosts do not wait


@pytest.mark.slow
def test_waiting_for_the_turn_does_not_count_as_time_of_the_reply() -> None:
    def answer(_asked: Asked) -> Answer:
        time.sleep(0.7)
        return Answer(b"papers")

    with https_service({"*": answer}) as service, client_for(seconds=1) as client, ThreadPoolExecutor(3) as pool:
        replies = pool.map(client.get, [service.url(f"/{number}") for number in range(3)])
        assert [reply.body for reply in replies] == [b"papers"] * 3


def test_no_repeat_begins_that_would_exceed_the_time() -> None:
    slow_down = Answer(status=503, headers={"Retry-After": "2"})
    with https_service({"/papers": slow_down}) as service:
        assert failure(service, seconds=1).status == 503
    assert len(service.requests) == 1


def test_a_server_that_speaks_no_http_is_told() -> None:
    assert problem(Answer(raw=[b"SSH-2.0-OpenSSH\r\n"])) == (
        "https://localhost/papers sent no response in HTTP; it may work later"
    )
