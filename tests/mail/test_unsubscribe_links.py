"""The unsubscribe links of a mail if there are web pages: in the header, and in the footer for each subscription."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html as parser
from support.digest_samples import DIGEST, ITEM, SETTINGS, bodies, mail_of, page, texts

from notifier.mail.headers import LONGEST_LINE
from notifier.models import Digest, Section
from notifier.signing import Grant, LinkPurpose, LinkSigner, verify
from notifier.text.addresses import address_number

KEY = b"a secret key of thirty-two bytes"
BASE_URL = "https://papers.example.org"
ALL = f"{BASE_URL}/unsubscribe/M2pHNOHYsOEfVEclxb7Da_JYa17"
BY_MAIL = "mailto:leave@example.org?subject=unsubscribe%20reader%40example.net"
MANAGED = 17, address_number(DIGEST.recipient), int(DIGEST.planned_at.timestamp())
NUMBERED = replace(
    DIGEST, subscriber_id=17, sections=(Section("quantization", (ITEM,), 3), Section("video", (ITEM,), 4))
)


def header(digest: Digest = NUMBERED, base_url: str | None = BASE_URL) -> dict[bytes, bytes]:
    """Return the header fields of a mail whose names begin with `List-`, as they are on the wire."""
    pages = LinkSigner(base_url, KEY) if base_url else None
    lines = mail_of(digest, settings=replace(SETTINGS, link_signer=pages)).content.split(b"\r\n\r\n")[0].split(b"\r\n")
    return dict(line.split(b": ", 1) for line in lines if line.startswith(b"List-"))


def test_the_header_names_the_page_before_the_mailbox_and_allows_one_click_as_in_rfc_8058() -> None:
    found = header()
    assert found[b"List-Unsubscribe"].decode() == f"<{ALL}>, <{BY_MAIL}>"
    assert found[b"List-Unsubscribe-Post"] == b"List-Unsubscribe=One-Click"


@pytest.mark.parametrize("base_url", [None, BASE_URL])
def test_with_a_key_the_mail_to_the_mailbox_is_signed_with_or_without_pages(base_url: str | None) -> None:
    pages = LinkSigner(base_url, KEY) if base_url else None
    content = mail_of(NUMBERED, settings=replace(SETTINGS, link_signer=pages, key=KEY)).content
    signed = "M2pHNOHYsOEfVEclxb7Da_JYa17"
    assert f"<{BY_MAIL}%20{signed}>".encode() in content.split(b"\r\n\r\n")[0]
    assert verify(KEY, signed) == Grant(LinkPurpose.UNSUBSCRIBE_ALL, 17)


@pytest.mark.parametrize(
    ("digest", "base_url"),
    [(NUMBERED, None), (NUMBERED, "http://papers.example.org"), (DIGEST, BASE_URL)],
    ids=["no pages", "no https", "no subscriber any more"],
)
def test_without_a_page_for_one_click_the_header_names_the_mailbox_alone(digest: Digest, base_url: str | None) -> None:
    found = header(digest, base_url)
    assert found[b"List-Unsubscribe"].decode() == f"<{BY_MAIL}>"
    assert b"List-Unsubscribe-Post" not in found


def test_a_page_on_this_machine_allows_one_click_so_that_it_can_be_tried() -> None:
    assert b"List-Unsubscribe-Post" in header(base_url="http://127.0.0.1:8000")


def test_the_longest_link_is_in_one_line_without_encoding() -> None:
    base_url = f"https://{'a' * 60}.{'b' * 60}.example.org/{'c' * 60}"
    line = header(replace(NUMBERED, subscriber_id=10**18 - 1), base_url)[b"List-Unsubscribe"]
    url = line.decode().split(">", maxsplit=1)[0].lstrip("<")
    assert b"=?" not in line and len(line) < LONGEST_LINE
    assert verify(KEY, url.removeprefix(f"{base_url}/unsubscribe/")) == Grant(LinkPurpose.UNSUBSCRIBE_ALL, 10**18 - 1)


def test_the_footer_has_a_link_that_ends_each_subscription_and_one_that_ends_all() -> None:
    pages = LinkSigner(BASE_URL, KEY)
    plain, html = bodies(mail_of(NUMBERED, settings=replace(SETTINGS, link_signer=pages)))
    (footer,) = parser.document_fromstring(html).xpath("//div[@role='contentinfo']")
    (manage,) = pages.manage_urls([MANAGED])
    assert footer.xpath(".//a/@href") == [*pages.unsubscribe_one_urls([3, 4]), manage, ALL, BY_MAIL]
    assert texts(footer.xpath("ul/li")) == ["quantization (unsubscribe)", "video (unsubscribe)"]
    (first, second, *_) = texts(footer.xpath("p"))
    assert first.endswith(" subscribed to:")
    by_reply = "unsubscribe by mail, or reply with the word “unsubscribe”."
    assert second == f"Manage what you get · Unsubscribe from all, {by_reply}"
    linked = [line.strip() for line in plain.splitlines() if line.strip().startswith(BASE_URL)]
    assert linked == [*pages.unsubscribe_one_urls([3, 4]), manage, ALL], "each link is in a line of its own"
    assert plain.index("\n- quantization\n") < plain.index(linked[0]) < plain.index("\n- video\n")


def test_a_subscription_without_a_section_of_its_own_is_named_without_a_link() -> None:
    digest = replace(NUMBERED, sections=(Section("quantization", (ITEM._replace(also=("video",)),), 3),))
    pages = LinkSigner(BASE_URL, KEY)
    found = page(digest, settings=replace(SETTINGS, link_signer=pages))
    assert texts(found.xpath("//div[@role='contentinfo']/ul/li")) == ["quantization (unsubscribe)", "video"]


def test_a_section_without_a_subscription_id_has_no_link_of_its_own() -> None:
    old = replace(DIGEST, subscriber_id=17)
    pages = LinkSigner(BASE_URL, KEY)
    (manage,) = pages.manage_urls([MANAGED])
    plain, html = bodies(mail_of(old, settings=replace(SETTINGS, link_signer=pages)))
    for body in (plain, html):
        assert body.count(BASE_URL) == 2
        assert body.count(ALL) == body.count(manage) == 1


def test_without_pages_no_body_links_to_a_page() -> None:
    for body in bodies(mail_of(NUMBERED)):
        assert "/unsubscribe/" not in body
    assert texts(page(NUMBERED).xpath("//div[@role='contentinfo']/p"))[1].startswith("Unsubscribe by mail, or reply")


def test_the_same_row_and_papers_give_the_same_bytes() -> None:
    pages = replace(SETTINGS, link_signer=LinkSigner(BASE_URL, KEY))
    assert mail_of(NUMBERED, settings=pages).content == mail_of(NUMBERED, settings=pages).content
