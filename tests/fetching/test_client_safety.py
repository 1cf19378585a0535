"""A client goes nowhere else than it may: not by a redirect, a name, a proxy or a certificate, and tells no secret."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from support.fetching import HOSTS, client_for, failure, problem
from support.https_service import CERTIFICATES, Answer, https_service, redirect
from support.service import free_ports

from notifier.errors import FetchError
from notifier.fetching.ip_addresses import Resolve

TRAP = {"*": Answer(b"secret of the network")}
SECRETS = ("hunter2", "s3cr3t", "0123456789abcdef0123", "Zm9vYmFyYmF6cXV4MTIz")


def addresses_of(hosts: dict[str, list[str]], asked: list[str] | None = None) -> Resolve:
    def ask(host: str, _port: int) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        return hosts[host]

    return ask


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_checked(status: int) -> None:
    with https_service({"/b": redirect("c", status), "/c": Answer(b"papers")}) as service:
        service.scripts["/a"] = redirect(service.url("/b", "mirror.example.org"), status)
        with client_for() as client:
            reply = client.get(service.url("/a"))
    assert (reply.body, reply.url) == (b"papers", service.url("/c", "mirror.example.org"))
    assert [asked.headers["host"].partition(":")[0] for asked in service.requests] == ["localhost", *HOSTS[2:3] * 2]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://127.0.0.1:{port}/x", "the host 127.0.0.1 has the IP address 127.0.0.1, which is not public"),
        (
            "https://inside.example.org:{port}/x",
            "the host inside.example.org has the IP address 10.0.0.5, which is not",
        ),
        ("https://[::1]:{port}/x", "the host ::1 has the IP address ::1, which is not public"),
        ("https://[::ffff:127.0.0.1]:{port}/", "which is not public"),
        ("https://2130706433:{port}/x", "the host of the URL is a number"),
        ("https://0x7f.1/", "the host of the URL is a number"),
        ("https://localhost:22/", "redirects to https://localhost:22/, which has an unusual port"),
        ("http://localhost:{port}/x", "/x, which is without TLS"),
        ("https://user:hunter2@localhost:{port}/x", "the URL has a user name or a password in it"),
        ("file:///etc/passwd", "the URL does not begin with https://"),
        ("https://:443/x", "the URL has no host"),
        ("https://papers.example.org\\@evil.example/", "a backslash, a space or a control character"),
        ("https://[half", "cannot be read"),
    ],
)
def test_redirects_to_other_places_are_refused(location: str, reason: str) -> None:
    hosts = addresses_of({"localhost": ["127.0.0.1"], "inside.example.org": ["10.0.0.5"]})
    with https_service(TRAP) as service:
        service.scripts["/papers"] = redirect(location.format(port=service.port))
        message = str(failure(service, resolve_host=hosts, allow_http=("localhost",)))
    assert reason in message and message.startswith(f"{service.url('/papers')} redirects to ") and "; " in message
    assert "hunter2" not in message
    assert [asked.path for asked in service.requests] == ["/papers"]


def test_redirects_end() -> None:
    with https_service({"/papers": redirect("/papers")}) as service:
        assert "redirects more than 5 times" in str(failure(service))
    assert len(service.requests) == 6


def test_a_redirect_without_a_place_is_an_error() -> None:
    assert "HTTP 302 from https://localhost/papers has no Location" in problem(Answer(status=302))


# Names and addresses


def test_the_connection_is_made_to_the_address_that_was_checked() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    with https_service({"/": Answer(b"papers")}) as service, client_for(resolve_host=rebinding) as client:
        reply = client.get(service.url("/", "papers.example.org"))
    assert reply.body == b"papers"
    assert asked == ["papers.example.org"]
    assert service.requests[0].headers["host"] == f"papers.example.org:{service.port}"


def test_each_redirect_is_looked_up_and_checked_again() -> None:
    answers = iter([["127.0.0.1"], ["0.0.0.0"]])
    with https_service({"/papers": redirect("/x"), **TRAP}) as service:
        message = str(failure(service, host="papers.example.org", resolve_host=lambda *_: next(answers)))
    assert "the host papers.example.org has the IP address 0.0.0.0, which no server can have" in message
    assert len(service.requests) == 1


@pytest.mark.parametrize("private", ["127.0.0.1", "10.1.2.3", "fe80::1", "::ffff:192.168.0.1", "100.64.0.1"])
def test_one_private_address_among_others_is_enough(private: str) -> None:
    with https_service(TRAP) as service:
        for addresses in (["93.184.216.34", private], [private, "93.184.216.34"]):
            error = failure(service, resolve_host=lambda *_, found=addresses: found, allow_private=())
            assert "which is not public; if this is intended, name the host in [fetching] allow_private" in str(error)
    assert not service.requests


def test_the_next_address_is_asked_if_one_takes_no_connection() -> None:
    client = client_for(resolve_host=lambda *_: ["127.0.0.9", "127.0.0.1"])
    with https_service({"/": Answer(b"papers")}) as service, client:
        assert client.get(service.url("/")).body == b"papers"


def test_an_international_host_is_asked_by_its_ascii_name() -> None:
    asked: list[str] = []
    hosts = addresses_of({"xn--bcher-kva.example": ["127.0.0.1"]}, asked)
    client = client_for(resolve_host=hosts, allow_private=("Bücher.example",))
    with https_service({"/": Answer(b"papers")}) as service, client:
        assert client.get(service.url("/", "BÜCHER.example")).body == b"papers"
    assert asked == ["xn--bcher-kva.example"]


def test_a_host_that_does_not_exist_is_told() -> None:
    def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with https_service() as service:
        assert (
            str(failure(service, resolve_host=nowhere))
            == "no such host: localhost; check the URL and the network of this machine"
        )


def test_a_server_that_is_not_there_is_told() -> None:
    (port,) = free_ports(1)
    with client_for() as client, pytest.raises(FetchError) as caught:
        client.get(f"https://localhost:{port}/")
    assert str(caught.value) == (
        f"no connection to https://localhost:{port}/ was made: connection refused; it may work later"
    )


def test_http_is_for_hosts_that_are_named() -> None:
    with https_service({"/": Answer(b"papers")}, certificate=None) as service:
        error = failure(service, "/")
        assert "is without TLS; write https://, or name its host in [fetching] allow_http" in str(error)
        with client_for(allow_http=("LOCALHOST",)) as client:
            assert client.get(service.url("/")).body == b"papers"
    assert len(service.requests) == 1


# Certificates


@pytest.mark.parametrize(
    ("certificate", "authority", "message"),
    [
        ("expired", "authority", "the certificate of localhost has expired; its operator has to renew it"),
        ("elsewhere", "authority", "the certificate of localhost is for another host; check the URL"),
        ("self-signed", "authority", "the certificate of localhost is self-signed; if this is intended, name its file"),
        (
            "web",
            "authority",
            "the certificate of localhost is signed by an unknown authority; if this is intended, name",
        ),
    ],
)
def test_a_wrong_certificate_is_told(certificate: str, authority: str, message: str) -> None:
    found = problem(TRAP, certificate, ca_file=CERTIFICATES / f"{authority}.pem")
    assert found.startswith(message)


def test_a_certificate_counts_for_the_host_and_not_for_its_address() -> None:
    """Two hosts at one IP address do not share a connection."""
    with https_service({"*": Answer(b"papers")}) as service, client_for(allow_private=(*HOSTS, "evil.test")) as client:
        assert client.get(service.url("/")).body == b"papers"
        with pytest.raises(FetchError, match=r"the certificate of evil\.test:[0-9]+ is for another host"):
            client.get(service.url("/", "evil.test"))
    assert len(service.requests) == 1


def test_a_server_without_tls_is_told() -> None:
    assert problem(TRAP, None, scheme="https").startswith("no TLS connection to https://localhost/papers was made (")


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("", encoding="utf-8")
    for name in ("empty.pem", "none.pem"):
        with pytest.raises(FetchError, match=f"{name} has no certificates .*; check \\[fetching\\] ca_file"):
            client_for(ca_file=tmp_path / name)


# Proxies


@contextmanager
def tunnel() -> Iterator[tuple[int, list[bytes]]]:
    """Run a proxy on loopback that connects everything to the asked port of 127.0.0.1; yield what it was asked."""
    asked: list[bytes] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # either side may close first
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve(listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            head = client.recv(65_536)
            asked.append(head)
            port = int(head.split(b" ")[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threads = [Thread(target=pump, args=pair) for pair in ((client, server), (server, client))]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_proxies_and_passwords_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    (tmp_path / "netrc").write_text("machine localhost login ann password hunter2\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with https_service({"/": Answer(b"papers")}) as service, client_for() as client:
        assert client.get(service.url("/")).body == b"papers"
    assert "authorization" not in service.requests[0].headers


def test_the_proxy_of_the_config_is_used_and_finds_the_host() -> None:
    def never(*_: object) -> Sequence[str]:
        raise AssertionError("the proxy finds the host")

    with https_service({"/": Answer(b"papers")}) as service, tunnel() as (port, asked):
        proxy = f"http://ann:hunter2@127.0.0.1:{port}"
        with client_for(proxy=proxy, resolve_host=never, allow_private=()) as client:
            assert client.get(service.url("/", "papers.example.org")).body == b"papers"
            with pytest.raises(FetchError, match="which is not public"):
                client.get(service.url("/", "127.0.0.1"))
    assert asked[0].startswith(f"CONNECT papers.example.org:{service.port} HTTP/1.1\r\n".encode())


def test_a_proxy_that_is_not_there_is_told_without_its_password() -> None:
    (port,) = free_ports(1)
    with https_service() as service:
        error = failure(service, host="papers.example.org", proxy=f"http://ann:hunter2@127.0.0.1:{port}")
    assert "no connection to the proxy for https://papers.example.org" in str(error) and "hunter2" not in str(error)
    assert str(error).endswith("; check [fetching] proxy")


# Secrets


def test_no_secret_of_a_url_is_in_a_log_or_a_message(caplog: pytest.LogCaptureFixture) -> None:
    path = f"/feeds/{SECRETS[2]}/{SECRETS[3]}?api_key={SECRETS[0]}&token={SECRETS[1]}&k={SECRETS[1]}&date=2026-07-06"
    caplog.set_level(logging.DEBUG)
    with https_service({"*": redirect(path)}) as service:
        message = str(failure(service, path, allow_private=HOSTS))
    told = message + caplog.text + "".join(map(repr, caplog.records))
    assert [secret for secret in SECRETS if secret in told] == []
    assert "/feeds/***/***?api_key=***&token=***&k=***&date=2026-07-06" in message
