"""Notices: small mails with one link, as they are sent; and the welcome mail, which is made as a digest is."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html as parser
from support.digest_samples import DIGEST, PAPER, SETTINGS, TEMPLATES, bodies, composer, mail_of, read
from support.paths import DATA

from notifier.errors import ComposeError, TemplateError
from notifier.mail import Composer, MailSettings
from notifier.models import DeliveryKind, Mail, Notice, NoticeDetails
from notifier.signing import Grant, LinkPurpose, LinkSigner, verify
from notifier.templates import environment
from notifier.text.addresses import address_number

KEY = b"a secret key of thirty-two bytes"
BASE_URL = "https://papers.example.org"
WITH_PAGES = replace(SETTINGS, link_signer=LinkSigner(BASE_URL, KEY), postal_address="1 Library Road, Cambridge")
CONFIRMATION = Notice(
    kind=DeliveryKind.CONFIRMATION,
    recipient="reader@example.net",
    message_id="<notice.1@example.org>",
    subject="Please confirm: Daily Papers",
    planned_at=datetime(2026, 7, 6, 8, tzinfo=UTC),
    details=NoticeDetails(LinkPurpose.CONFIRM, 7, ("Computer vision", "2 searches")),
)
NOTICES = {
    "confirmation": CONFIRMATION,
    "addition": replace(CONFIRMATION, details=replace(CONFIRMATION.details, is_addition=True)),
    "sign-in": replace(CONFIRMATION, kind=DeliveryKind.SIGN_IN, details=NoticeDetails(LinkPurpose.SIGN_IN, 8)),
    "old-address": replace(
        CONFIRMATION,
        kind=DeliveryKind.ADDRESS_CHANGE,
        details=NoticeDetails(LinkPurpose.ADDRESS_OLD, 9, new_email="reader@new.example"),
    ),
    "new-address": replace(
        CONFIRMATION, kind=DeliveryKind.ADDRESS_CHANGE, details=NoticeDetails(LinkPurpose.ADDRESS_NEW, 9)
    ),
}


def notice_mail(notice: Notice, settings: MailSettings = WITH_PAGES) -> Mail:
    return composer(settings).compose_notice(notice)


def links(mail: Mail) -> list[str]:
    return [str(link) for link in parser.fromstring(bodies(mail)[1]).xpath("//@href")]


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_the_one_that_was_looked_at(name: str) -> None:
    compare(name, notice_mail(NOTICES[name]))


def test_a_welcome_mail_is_the_one_that_was_looked_at() -> None:
    opening = "Welcome. Here are your first papers. The next ones come on Tuesday, 7 July 2026 at 08:00 (UTC)."
    welcome = replace(
        DIGEST,
        period="2026-07-06T06:00:00+00:00",
        subject="Welcome to Daily Papers",
        opening=opening,
        labels=("quantization", "Trending"),
        subscriber_id=17,
    )
    compare("welcome", mail_of(welcome, PAPER, settings=WITH_PAGES))
    compare("welcome-without-papers", mail_of(replace(welcome, sections=()), settings=WITH_PAGES))


def compare(name: str, mail: Mail) -> None:
    """Compare a mail with the files of this name; with NOTIFIER_RENEW in the environment, write the files again."""
    for suffix, body in zip(("txt", "html"), bodies(mail), strict=True):
        file = DATA / "mails" / f"{name}.{suffix}"
        if os.environ.get("NOTIFIER_RENEW"):
            file.write_text(body, encoding="utf-8")
        assert body == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES)
def test_its_only_link_does_what_it_is_for(notice: Notice) -> None:
    found = set(links(notice_mail(notice)))
    (link,) = found
    assert link in bodies(notice_mail(notice))[0]
    assert verify(KEY, link.rpartition("/")[2]) == Grant(LinkPurpose(notice.details.link), notice.details.request_id)


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES)
def test_it_is_no_list_mail_and_answers_nothing(notice: Notice) -> None:
    message = read(notice_mail(notice))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == notice.recipient
    assert message["Message-ID"] == notice.message_id
    assert message["Date"] == "Mon, 06 Jul 2026 08:00:00 +0000"
    assert not [name for name in message if name.startswith("List-") or name == "Precedence"]


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES)
def test_it_is_small_and_the_same_each_time(notice: Notice) -> None:
    mail = notice_mail(notice)
    assert len(mail.content) < 10_000
    assert Composer(WITH_PAGES, TEMPLATES).compose_notice(notice) == mail
    assert mail.is_wire_form
    assert all(len(line) <= 76 for line in mail.content.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))


def test_without_pages_it_cannot_be_made() -> None:
    with pytest.raises(ComposeError, match="base_url"):
        notice_mail(CONFIRMATION, SETTINGS)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a\r\nBcc: x@y.example", "\x1b[31m\u202e", "{{ 7 * 7 }}"]
)
def test_hostile_text_is_inert(text: str) -> None:
    details = replace(CONFIRMATION.details, asked=(text,))
    mail = notice_mail(replace(CONFIRMATION, details=details))
    plain, html = bodies(mail)
    assert "<script" not in html
    assert "\x1b" not in plain + html
    assert "\u202e" not in plain + html
    assert "49" not in plain
    assert b"\r\nBcc" not in mail.content.split(b"\r\n\r\n")[0]
    changed = replace(CONFIRMATION, kind=DeliveryKind.ADDRESS_CHANGE, details=replace(details, new_email=text))
    assert "<script" not in bodies(notice_mail(changed))[1]


def test_a_subject_with_a_line_end_is_refused() -> None:
    with pytest.raises(ComposeError):
        notice_mail(replace(CONFIRMATION, subject="x\r\nBcc: y@example.org"))


def test_an_operators_own_words_replace_those_of_one_notice(tmp_path: Path) -> None:
    folder = tmp_path / "email"
    folder.mkdir()
    own = '{% extends "email/notice.txt.j2" %}{% block words %}Bonjour {{ recipient }} !{% endblock %}'
    (folder / "sign-in.txt.j2").write_text(own, encoding="utf-8")
    mail = Composer(WITH_PAGES, environment(folder.parent)).compose_notice(NOTICES["sign-in"])
    assert "Bonjour reader@example.net !" in bodies(mail)[0]
    (folder / "sign-in.txt.j2").write_text("{{ nothing }}", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"sign-in\.txt\.j2"):
        Composer(WITH_PAGES, environment(folder.parent)).compose_notice(NOTICES["sign-in"])


def test_every_digest_and_welcome_mail_has_the_manage_link_of_its_own_subscriber() -> None:
    mail = mail_of(replace(DIGEST, subscriber_id=17), PAPER, settings=WITH_PAGES)
    (manage,) = {link for link in links(mail) if "/manage/" in link}
    mail_itself = address_number(DIGEST.recipient), int(DIGEST.planned_at.timestamp())
    assert verify(KEY, manage.rpartition("/")[2]) == Grant(LinkPurpose.MANAGE, 17, *mail_itself)
    assert manage in bodies(mail)[0]
    for without in (mail_of(DIGEST, PAPER, settings=WITH_PAGES), mail_of(replace(DIGEST, subscriber_id=17), PAPER)):
        assert "manage" not in "".join(bodies(without)).casefold()
