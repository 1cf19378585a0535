"""The doctor's look at the pages, with a real server with TLS on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from support.https_service import AUTHORITY, Answer, https_service
from support.service import MONDAY, free_ports

from notifier.config import Config, FetchingConfig, WebConfig
from notifier.operations.doctor.findings import Finding, State
from notifier.operations.doctor.pages import check_pages
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.unattended import _service

WELL = Answer(b'{"status": "ok"}', headers={"Date": "Mon, 06 Jul 2026 06:00:30 GMT"})


def last_finding(base_url: str, *, is_trusted: bool = True) -> Finding:
    fetching = FetchingConfig(ca_file=AUTHORITY if is_trusted else None)
    config = Config(web=WebConfig(base_url=base_url), fetching=fetching)
    return list(check_pages(Setup(config, None, MONDAY)))[-1]


def test_pages_behind_a_path_are_asked_for_there() -> None:
    with https_service({"/papers/healthz": WELL}) as service:
        found = last_finding(service.url("/papers"))
    assert (found.state, found.what.startswith("the pages answer")) == (State.OK, True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"not here", 404), "it answers 404 to /healthz"),
        (Answer(b"bad gateway", 502), "it answers 502 to /healthz"),
        (Answer(b"<h1>Welcome to nginx!</h1>"), "/healthz answers, but not as notifier does"),
        (Answer(b'["status"]'), "/healthz answers, but not as notifier does"),
    ],
)
def test_an_answer_that_is_not_from_the_service_is_a_fault(answer: Answer, said: str) -> None:
    with https_service({"/healthz": answer}) as service:
        found = last_finding(service.url(""))
        assert len(service.requests) == 1, "a request is not repeated"
    assert (found.state, said in found.what, "[web] host and port" in found.cure) == (State.FAULT, True, True)


def test_a_certificate_that_visitors_do_not_trust_is_a_fault() -> None:
    with https_service({"/healthz": WELL}) as service:
        found = last_finding(service.url(""), is_trusted=False)
    assert (found.state, "is signed by an unknown authority" in found.what) == (State.FAULT, True)
    assert found.cure == "renew or correct the certificate of the web server"


def test_pages_that_cannot_be_reached_from_here_may_be_reached_from_elsewhere() -> None:
    found = last_finding(f"https://127.0.0.1:{free_ports(1)[0]}")
    assert found.state is State.WARNING
    assert found.what.startswith("it could not be reached from this machine: ")


def test_another_program_on_the_port_of_the_service_is_found() -> None:
    for answer in (Answer(b"hello"), Answer(b"", 404)):
        with _http_service(answer) as port:
            found = _service(Setup(Config(web=WebConfig(port=port)), None, MONDAY))
        assert found is not None
        assert (found.state, "another program answers" in found.what) == (State.WARNING, True)
    assert _service(Setup(Config(web=WebConfig(port=free_ports(1)[0])), None, MONDAY)) is None


@contextmanager
def _http_service(answer: Answer) -> Iterator[int]:
    """Serve one answer without TLS, to one client, and yield the port."""
    head = f"HTTP/1.1 {answer.status} X\r\nContent-Length: {len(answer.body)}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(10_000)
                client.sendall(head + answer.body)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def test_a_private_address_is_asked_and_named() -> None:
    config = Config(web=WebConfig(base_url="https://127.0.0.2:1"))
    first = next(iter(check_pages(Setup(config, None, MONDAY))))
    assert (first.state, "links in mails work on this machine only" in first.what) == (State.WARNING, True)
    config = Config(web=WebConfig(base_url="https://10.255.255.254:1"))
    first = next(iter(check_pages(Setup(config, None, MONDAY))))
    assert (first.state, "the private IP address 10.255.255.254" in first.what) == (State.WARNING, True)
