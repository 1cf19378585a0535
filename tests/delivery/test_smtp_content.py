"""The content of a mail arrives byte for byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scripted_relay import HOST, ScriptedRelay
from support.smtp import a_mail, send, settings_for
from support.thoroughness import examples

from notifier.delivery.inbox import Inbox
from notifier.delivery.smtp.connection import BLOCK, dot_stuffed
from notifier.delivery.transport import RelaySettings
from notifier.models import DeliveryState

pytestmark = pytest.mark.usefixtures("offers_pipelining")

HEADER = b"Message-ID: <1@papers.example.org>\r\nSubject: papers\r\n\r\n"
BODIES = {
    "leading dots": b".\r\n..\r\n.hidden\r\n...\r\n",
    "a dot on a line of its own": b"before\r\n.\r\nMAIL FROM:<evil@example.org>\r\n",
    "long lines": b"x" * 20_000 + b"\r\n.\r\n",
    "eight bits": "Ünïcödé, 日本語\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "an empty last line": b"text\r\n\r\n",
    "nothing": b"",
    "many blocks, a dot at each border": (b"." * 60 + b"\r\n..\r\n") * (3 * BLOCK // 66),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_arrives_byte_for_byte(body: bytes) -> None:
    with ScriptedRelay() as relay:
        outcomes = send(settings_for(relay), a_mail(1, content=HEADER + body), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert [kept.content for kept in relay.kept] == [HEADER + body, a_mail(2).content]


@pytest.mark.parametrize("extensions", [("8BITMIME",), ()])
def test_8bit_content_is_announced_if_the_relay_supports_it(extensions: tuple[str, ...]) -> None:
    with ScriptedRelay(extensions=extensions) as relay:
        send(settings_for(relay), a_mail(1, content=HEADER + "é\r\n".encode()), a_mail(2))
    first, second = (line for line in relay.lines() if line.startswith("MAIL"))
    assert first.endswith("BODY=8BITMIME") == bool(extensions)
    assert "BODY" not in second


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"])
def test_a_message_cannot_end_early_and_smuggle_commands(end: bytes) -> None:
    smuggled = b"text" + end + b"MAIL FROM:<evil@example.org>\r\n"
    with ScriptedRelay() as relay:
        send(settings_for(relay), a_mail(1, content=HEADER + smuggled))
    assert relay.verbs().count("MAIL") == 1
    assert relay.kept[0].content == HEADER + b"text\r\n.\r\nMAIL FROM:<evil@example.org>\r\n"


def test_a_message_without_a_last_line_end_gets_one() -> None:
    with ScriptedRelay() as relay:
        send(settings_for(relay), a_mail(1, content=HEADER + b"text"))
    assert relay.kept[0].content == HEADER + b"text\r\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"x", b"\x00", b"\xff"])).map(b"".join))
@settings(deadline=None)
def test_dot_stuffing_can_be_undone_and_never_ends_a_message_early(content: bytes) -> None:
    lines = dot_stuffed(content).split(b"\r\n")
    assert lines.pop() == b""
    assert b"." not in lines
    assert not any(set(b"\r\n") & set(line) for line in lines)
    plain = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    received = b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)
    assert received == plain if plain.endswith(b"\r\n") else received == plain + b"\r\n"


def test_a_real_smtp_server_receives_any_lines_unchanged(tmp_path: Path) -> None:
    line = st.binary(max_size=80).map(lambda raw: re.sub(rb"[\r\n]", b"", raw)) | st.sampled_from([b".", b""])

    @given(st.lists(line))
    @settings(deadline=None, max_examples=examples(40))
    def check(body: list[bytes]) -> None:
        content = HEADER + b"".join(line + b"\r\n" for line in body)
        (outcome,) = send(RelaySettings(HOST, inbox.port, tls="none"), a_mail(1, content=content))
        assert outcome.state is DeliveryState.ACCEPTED
        assert inbox.mails[-1].content == content

    with Inbox(tmp_path) as inbox:
        check()
