"""A document is fetched once, and then only if it has changed; what comes is bounded in size and time."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
from typing import Any

import pytest
from support.fetching import client_for, problem
from support.https_service import Answer, Asked, https_service, slowly, zipped

from notifier.errors import FetchError
from notifier.fetching import Validators

MB = 1 << 20


def test_an_unchanged_document_is_not_sent_again() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("if-none-match") == '"v1"':
            return Answer(status=304)
        return Answer(b"papers", headers={"ETag": '"v1"', "Last-Modified": "Mon, 06 Jul 2026 00:00:00 GMT"})

    with https_service({"/papers": answer}) as service, client_for() as client:
        first = client.get(service.url("/papers"))
        second = client.get(service.url("/papers"), validators=first.validators)
    assert (first.status, first.body, first.not_modified) == (200, b"papers", False)
    assert first.validators == Validators('"v1"', "Mon, 06 Jul 2026 00:00:00 GMT")
    assert (second.status, second.body, second.not_modified) == (304, b"", True)
    assert second.validators == first.validators
    assert service.requests[1].headers["if-modified-since"] == "Mon, 06 Jul 2026 00:00:00 GMT"


def test_not_modified_is_an_error_if_nothing_was_known() -> None:
    assert problem(Answer(status=304)).startswith("HTTP 304 from https://localhost/papers; ")


def test_packed_replies_are_unpacked() -> None:
    members = Answer(gzip.compress(b"bees ") + gzip.compress(b"wasps"), headers={"Content-Encoding": "x-gzip"})
    with https_service({"/one": zipped(b"bees"), "/two": members}) as service, client_for() as client:
        assert client.get(service.url("/one")).body == b"bees"
        assert client.get(service.url("/two")).body == b"bees wasps"
        assert service.requests[0].headers["accept-encoding"] == "gzip"


def test_a_request_says_who_asks() -> None:
    with https_service({"/": Answer(b"x")}) as service, client_for(contact="https://papers.example.org") as client:
        client.get(service.url("/"), accept="application/json")
    headers = service.requests[0].headers
    assert headers["user-agent"].startswith("notifier/") and headers["user-agent"].endswith(
        " (+https://papers.example.org)"
    )
    assert headers["host"] == f"localhost:{service.port}" and headers["accept"] == "application/json"
    assert "cookie" not in headers and "authorization" not in headers


@pytest.mark.parametrize(
    "answer",
    [
        Answer(bytes(MB + 1)),
        Answer(pieces=[bytes(MB), b"x"]),
        Answer(headers={"Content-Length": "9" * 15}),
        zipped(bytes(MB + 1)),
        zipped(bytes(200 * MB)),
    ],
    ids=["told", "not told", "told only", "unpacked", "bomb"],
)
def test_a_reply_that_is_too_large_is_refused(answer: Answer) -> None:
    assert problem(answer) == (
        "the response of https://localhost/papers is larger than 1 MB; if this is intended, raise [fetching] file_mb"
    )


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"half", headers={"Content-Length": "8"}),
        Answer(gzip.compress(b"whole" * 99)[:-9], headers={"Content-Encoding": "gzip"}),
        Answer(b"no gzip", headers={"Content-Encoding": "gzip"}),
        Answer(raw=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf"]),
    ],
    ids=["length", "gzip", "no gzip", "chunked"],
)
def test_a_reply_that_breaks_off_is_no_document(answer: Answer) -> None:
    assert problem(answer) == "the response of https://localhost/papers was cut off; it may work later"


@pytest.mark.parametrize(
    "drip",
    [
        lambda: Answer(pieces=slowly([b"x"] * 99, 0.05)),
        lambda: Answer(raw=slowly([b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 99], 0.05)),
        lambda: Answer(raw=slowly([b"HTTP/1.1 200 OK\r\n\r\n"], 4)),
    ],
    ids=["body", "header", "silence"],
)
def test_the_whole_reply_must_come_in_time(drip: Any) -> None:
    began = time.monotonic()
    assert problem(drip(), seconds=1) == "https://localhost/papers took longer than 1 s; it may work later"
    assert time.monotonic() - began < 2.5


def test_a_handshake_must_come_in_time_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, client_for(seconds=1) as client:
        began = time.monotonic()
        with pytest.raises(FetchError, match="took longer than 1 s"):
            client.get(f"https://localhost:{silent.getsockname()[1]}/")
        assert time.monotonic() - began < 2.5


def test_a_bomb_takes_no_memory() -> None:
    bomb = zipped(bytes(300 * MB))
    tracemalloc.start()
    try:
        problem(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()


def test_an_encoding_that_was_not_asked_for_is_refused() -> None:
    assert "has a Content-Encoding that was not asked for" in problem(Answer(b"x", headers={"Content-Encoding": "br"}))
    assert "has a Content-Encoding that was not asked for" in problem(
        Answer(b"x", headers={"Content-Encoding": "gzip, gzip"})
    )


def test_validators_that_no_header_can_hold_are_forgotten() -> None:
    answer = Answer(b"x", headers={"ETag": "e" * 501, "Last-Modified": "caf\xe9"})
    with https_service({"/": answer}) as service, client_for() as client:
        assert client.get(service.url("/")).validators == Validators()
