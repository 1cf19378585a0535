"""The header of a digest's mail. If an RFC requires a line, the name of the test says which RFC."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.digest_samples import DIGEST, SETTINGS, mail_of, read
from support.thoroughness import examples

from notifier.errors import ComposeError
from notifier.mail import MailSettings
from notifier.mail.headers import UnsubscribeLinks, header_lines
from notifier.mail.slot_values import slot_values
from notifier.models import Digest, Envelope
from notifier.text.addresses import ascii_address
from notifier.text.harmless import inert

HOSTILE = ["\r\nBcc: all@example.org", "\n", "\r", "\0", "\x1b[31m", "\u202e", "\u2028", "\ud800", "\x85", "\x7f"]


def raw_lines(message: bytes) -> dict[str, str]:
    """Return the value of each header line by its name, unfolded but not decoded."""
    header = message.split(b"\r\n\r\n", 1)[0].decode("ascii").replace("\r\n ", " ")
    return dict(line.split(": ", 1) for line in header.split("\r\n"))


def lines_of(digest: Digest, sender: MailSettings) -> bytes:
    return header_lines(digest, unsubscribe_links(digest, sender), sender)


def unsubscribe_links(digest: Digest, sender: MailSettings) -> UnsubscribeLinks:
    (values,) = slot_values([digest], sender)
    if isinstance(values, ComposeError):
        raise values
    return UnsubscribeLinks(values["unsubscribe_url"], values["unsubscribe_page"])


def test_rfc_5322_every_line_that_a_message_needs_is_there_once() -> None:
    message = read(mail_of())
    assert message["From"].addresses[0].display_name == "Daily Papers"
    assert message["From"].addresses[0].addr_spec == "papers@example.org"
    assert message["To"].addresses[0].addr_spec == "reader@example.net"
    assert message["Subject"] == "Daily papers of 6 Jul 2026"
    assert message["Message-ID"] == "<digest.42@example.org>"
    assert message["MIME-Version"] == "1.0"
    assert len(message.keys()) == len({name.lower() for name in message.keys()})  # noqa: SIM118


def test_rfc_5322_the_date_is_when_the_digest_was_planned_in_utc() -> None:
    berlin = datetime(2026, 7, 6, 8, 0, 30, 500, tzinfo=timezone(timedelta(hours=2)))
    message = read(mail_of(replace(DIGEST, planned_at=berlin)))
    assert message["Date"] == "Mon, 06 Jul 2026 06:00:30 +0000"
    assert parsedate_to_datetime(message["Date"]) == datetime(2026, 7, 6, 6, 0, 30, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ComposeError, match="no time zone"):
        lines_of(replace(DIGEST, planned_at=datetime(2026, 7, 6)), SETTINGS)


def test_rfc_2919_the_list_id_is_in_the_senders_domain() -> None:
    assert raw_lines(mail_of().content)["List-Id"] == '"Daily Papers" <papers.example.org>'


@pytest.mark.parametrize(
    ("sender", "brand", "list_id"),
    [
        ("a.b+c@example.org", "", "<a-b-c.example.org>"),
        ("papers@example.org", 'The "best", daily', '"The \\"best\\", daily" <papers.example.org>'),
        ("papers@example.org", "Täglich", "<papers.example.org>"),
        ("papers@example.org", "=?utf-8?q?x?=", "<papers.example.org>"),
        ("papers@bücher.example", "Papers", '"Papers" <papers.xn--bcher-kva.example>'),
    ],
)
def test_rfc_2919_the_list_id_never_needs_an_encoded_word(sender: str, brand: str, list_id: str) -> None:
    mail = mail_of(settings=replace(SETTINGS, sender=sender, brand=brand))
    assert raw_lines(mail.content)["List-Id"] == list_id


def test_rfc_2369_the_unsubscribe_link_makes_a_mail_that_names_the_subscriber() -> None:
    header = raw_lines(mail_of().content)["List-Unsubscribe"]
    assert header == "<mailto:leave@example.org?subject=unsubscribe%20reader%40example.net>"
    url = urlsplit(header.strip("<>"))
    assert parse_qs(url.query) == {"subject": ["unsubscribe reader@example.net"]}


def test_rfc_2369_subscribers_cannot_post_and_no_line_names_a_service_that_does_not_exist() -> None:
    header = raw_lines(mail_of().content)
    assert header["List-Post"] == "NO"
    assert not {"List-Help", "List-Subscribe", "List-Archive", "List-Unsubscribe-Post"} & header.keys()


@pytest.mark.parametrize("length", [10, 60, 200])
def test_no_list_header_is_folded_or_encoded_however_long_it_is(length: int) -> None:
    long = f"{'a' * 60}@{'b' * 60}.{'c' * length}.example"
    mail = mail_of(replace(DIGEST, recipient=long), settings=replace(SETTINGS, unsubscribe_mailbox=long))
    lines = [line for line in mail.content.split(b"\r\n") if line.startswith(b"List-")]
    assert len(lines) == 3
    assert not any(b"=?" in line for line in lines)
    assert mail.content.count(long.replace("@", "%40").encode()) == 1, "whole, in one line"


def test_rfc_3834_the_header_asks_for_no_automatic_replies() -> None:
    header = raw_lines(mail_of().content)
    assert header["Auto-Submitted"] == "auto-generated"
    assert header["Precedence"] == "bulk"


@pytest.mark.parametrize(
    "subject", ["Tägliche Papiere", "論文 " * 40, "=?utf-8?q?forged?=", "plain", "a 🙂 " + "x" * 200]
)
def test_rfc_2047_a_subject_reads_as_it_was_written(subject: str) -> None:
    mail = mail_of(replace(DIGEST, subject=subject))
    assert str(read(mail)["Subject"]).rstrip() == subject.rstrip()
    header = mail.content.split(b"\r\n\r\n", 1)[0]
    assert header.isascii()
    assert all(len(word) <= 75 for word in header.split() if word.startswith(b"=?"))
    assert all(len(line) <= 76 for line in header.split(b"\r\n") if b"=?" in line)


@pytest.mark.parametrize(
    "name", ["Daily Papers", "Papers, Daily", 'The "best"', "Tägliche Papiere", "a.b (c)", "=?x?=", ""]
)
def test_a_display_name_is_quoted_or_encoded_if_necessary(name: str) -> None:
    escaped = name.replace('"', '\\"')
    message = read(mail_of(settings=replace(SETTINGS, sender=f'"{escaped}" <papers@example.org>')))
    assert [(each.display_name, each.addr_spec) for each in message["From"].addresses] == [(name, "papers@example.org")]


def test_a_long_display_name_is_encoded_in_several_words_that_read_as_one() -> None:
    name = "論文" * 40
    mail = mail_of(settings=replace(SETTINGS, sender=f"{name} <papers@example.org>"))
    assert str(make_header(decode_header(raw_lines(mail.content)["From"]))) == f"{name} <papers@example.org>"
    assert read(mail)["From"].addresses[0].addr_spec == "papers@example.org"


def test_the_envelope_has_its_own_sender_and_both_addresses_are_in_ascii() -> None:
    mail = mail_of(
        replace(DIGEST, recipient="reader@bücher.example"), settings=replace(SETTINGS, envelope_sender="b@é.example")
    )
    assert mail.envelope == Envelope("b@xn--9ca.example", "reader@xn--bcher-kva.example")
    assert read(mail)["To"] == "reader@xn--bcher-kva.example"
    assert mail.message_id == "<digest.42@example.org>"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "jür gen@example.org",
        "jür\u00a0gen@example.org",
        "jür<gen@example.org",
        "jürgen@-ü-.example",
        "a b@example.org",
        "a@x, b@y",
        "a@b>",
        "<a@b",
        "a@-ü-.example",
        "a@b@c",
    ],
)
def test_an_address_that_no_mail_can_go_to_is_refused(address: str) -> None:
    with pytest.raises(ComposeError, match="no mail can go to or from"):
        ascii_address(address)
    with pytest.raises(ComposeError):
        mail_of(replace(DIGEST, recipient=address))


def test_a_sender_has_no_letters_beyond_ascii_before_the_at_sign() -> None:
    with pytest.raises(ComposeError, match="no mail can go to or from"):
        ascii_address("jürgen@example.org")


@pytest.mark.parametrize(
    "recipient", ["jürgen@bücher.example", "用户@例え.jp", "δοκιμή@example.org", "j\u00fcr.gen+x@a.b"]
)
def test_rfc_6532_letters_beyond_ascii_before_the_at_sign_are_written_in_utf_8(recipient: str) -> None:
    mail = mail_of(replace(DIGEST, recipient=recipient))
    local = recipient.partition("@")[0]
    assert mail.envelope.recipient.startswith(f"{local}@")
    assert f"\r\nTo: {mail.envelope.recipient}\r\n".encode() in mail.content
    assert mail.envelope.recipient.partition("@")[2].isascii()
    assert mail.content.replace(local.encode(), b"").isascii()
    assert not mail.is_wire_form
    assert f"unsubscribe%20{quote(local, safe='')}%40".encode() in mail.content.replace(b"=\r\n", b"")


@pytest.mark.parametrize("domain", ["bücher.example", "BÜCHER.example", "bu\u0308cher。example"])
def test_an_international_domain_is_the_same_however_it_is_typed(domain: str) -> None:
    assert ascii_address(f"reader@{domain}") == "reader@xn--bcher-kva.example"


def test_a_senders_name_without_an_address_is_refused() -> None:
    with pytest.raises(ComposeError, match=r"Daily Papers.* write it as Name <address@example\.org>"):
        lines_of(DIGEST, replace(SETTINGS, sender="Daily Papers"))


@pytest.mark.parametrize("message_id", ["", "42", "<42>", "<4 2@example.org>", "<42@example.org> <43@example.org>"])
def test_a_malformed_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(ComposeError, match="not a Message-ID"):
        lines_of(replace(DIGEST, message_id=message_id), SETTINGS)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["recipient", "subject", "message_id"])
def test_no_control_character_of_a_row_reaches_a_header(field: str, hostile: str) -> None:
    value = getattr(DIGEST, field)
    with pytest.raises(ComposeError):
        lines_of(replace(DIGEST, **{field: value[:3] + hostile + value[3:]}), SETTINGS)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["sender", "unsubscribe_mailbox", "brand"])
def test_no_control_character_of_the_config_reaches_a_header(field: str, hostile: str) -> None:
    value = getattr(SETTINGS, field)
    with pytest.raises(ComposeError):
        lines_of(DIGEST, replace(SETTINGS, **{field: value[:3] + hostile + value[3:]}))


def test_a_line_that_is_too_long_for_smtp_is_refused() -> None:
    with pytest.raises(ComposeError, match="Subject cannot be written"):
        lines_of(replace(DIGEST, subject="x" * 1000), SETTINGS)
    lines_of(replace(DIGEST, subject="x" * 980), SETTINGS)


@settings(deadline=None, max_examples=examples(200))
@given(st.text(alphabet=st.characters(), min_size=1, max_size=80), st.text(alphabet=st.characters(), max_size=40))
def test_any_subject_and_brand_is_refused_or_read_back(subject: str, brand: str) -> None:
    mail_settings = replace(SETTINGS, brand=brand)
    try:
        header = lines_of(replace(DIGEST, subject=subject), mail_settings)
    except ComposeError:
        assert inert(subject) != subject or inert(brand) != brand
        return
    assert header.isascii() and header.endswith(b"\r\n")
    lines = header.split(b"\r\n")[:-1]
    assert all(0 < len(line) <= 998 for line in lines)
    assert len([line for line in lines if not line.startswith(b" ")]) == 11, "the subject and the brand added no line"


def test_the_header_has_the_unsubscribe_link_of_the_slot_values() -> None:
    assert unsubscribe_links(DIGEST, SETTINGS).mailto in raw_lines(mail_of().content)["List-Unsubscribe"]
    assert isinstance(read(mail_of()), EmailMessage)
