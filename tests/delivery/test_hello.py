"""The name in EHLO is the configured one, else the machine's full name, else an address literal; never localhost."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_relay import ScriptedRelay
from support.smtp import AUTHORITY, a_mail, send, settings_for, tls_server_context

from notifier.delivery.smtp.hello import address_literal, is_full_name

pytestmark = pytest.mark.usefixtures("offers_pipelining")


def name_machine(monkeypatch: pytest.MonkeyPatch, name: str, resolved: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    monkeypatch.setattr(socket, "getfqdn", lambda _name="": resolved)


@pytest.mark.parametrize(
    ("name", "resolved", "hello"),
    [
        ("mail.example.org", "localhost", "mail.example.org"),
        ("vm", "vm.example.org", "vm.example.org"),
        ("vm", "localhost", "[127.0.0.1]"),
        ("localhost", "localhost.localdomain", "[127.0.0.1]"),
        ("3f2a9c1be04d", "3f2a9c1be04d", "[127.0.0.1]"),
        ("anns-laptop.local", "anns-laptop.local", "[127.0.0.1]"),
        ("my_host.example.org", "10.0.0.7", "[127.0.0.1]"),
        ("", "ip6-localhost", "[127.0.0.1]"),
    ],
)
def test_the_name_is_the_machines_full_name_or_its_address(
    monkeypatch: pytest.MonkeyPatch, name: str, resolved: str, hello: str
) -> None:
    name_machine(monkeypatch, name, resolved)
    with ScriptedRelay() as relay:
        send(settings_for(relay), a_mail())
    assert relay.lines()[0] == f"EHLO {hello}"


@pytest.mark.parametrize("hello", ["papers.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
def test_the_configured_name_is_said_before_and_after_starttls(hello: str) -> None:
    with ScriptedRelay(tls=tls_server_context("valid")) as relay:
        send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, hello=hello), a_mail())
    assert [line for line in relay.lines() if line.startswith("EHLO")] == [f"EHLO {hello}"] * 2


@pytest.mark.parametrize(
    ("address", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
        ("::ffff:192.0.2.1", "[192.0.2.1]"),
    ],
)
def test_an_address_is_written_as_a_literal_of_smtp(address: str, literal: str) -> None:
    assert address_literal(address) == literal


@given(st.text(alphabet="aZ9-._ \né", max_size=300))
def test_no_name_that_could_break_the_command_is_taken_for_a_full_name(name: str) -> None:
    if is_full_name(name):
        assert name.isascii()
        assert not set(name) & set(" \n_")
        assert all(0 < len(label) <= 63 for label in name.split("."))
