"""Hostile text in a paper, a label or a query is shown as text in a mail, and has no other effect."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser
from support.digest_samples import bodies, mail_of
from support.hostile_digest import PAYLOADS, hostile_digest
from support.thoroughness import examples

from notifier.text.harmless import inert, safe_url

ALLOWED = {
    "a",
    "body",
    "br",
    "div",
    "h1",
    "h2",
    "h3",
    "head",
    "html",
    "li",
    "meta",
    "p",
    "span",
    "style",
    "title",
    "ul",
}
ALLOWED_ATTRIBUTES = {
    "aria-roledescription",
    "charset",
    "class",
    "content",
    "dir",
    "href",
    "id",
    "lang",
    "name",
    "role",
    "style",
}


def check(payload: str) -> None:
    digest, papers = hostile_digest(payload)
    mail = mail_of(digest, *papers)
    header, body = mail.content.split(b"\r\n\r\n", 1)
    assert header == mail_of().content.split(b"\r\n\r\n", 1)[0], "the header is that of a harmless digest"
    assert max(map(len, body.split(b"\r\n"))) <= 76
    plain, html = bodies(mail)
    check_text(plain)
    check_html(html, safe_url(payload))


def check_text(plain: str) -> None:
    assert inert(plain.replace("\n", "")) == plain.replace("\n", "")
    assert plain.count("\n-- \n") == 1 and "\nBcc:" not in plain


def check_html(html: str, link: str) -> None:
    """Check the HTML of a mail; `link` is the payload as a safe URL, or empty if the payload is not one."""
    assert inert(html.replace("\n", "")) == html.replace("\n", "")
    found = parser.document_fromstring(html)
    elements = [element for element in found.iter() if isinstance(element.tag, str)]
    assert {element.tag for element in elements} <= ALLOWED
    assert {name for element in elements for name in element.attrib} <= ALLOWED_ATTRIBUTES
    for url in found.xpath("//@href"):
        assert (
            url.startswith(("https://example.org/", "https://arxiv.org/", "mailto:leave@", "#section-")) or url == link
        )
        assert urlsplit(url).scheme in {"http", "https", "mailto", ""}
    assert len(found.xpath("//h1")) == 1 and len(found.xpath("//h2")) == 3 and len(found.xpath("//h3")) == 3
    assert [comment.text for comment in found.xpath("//comment()")] == [
        '[if mso]><table role="presentation" width="600" align="center" cellpadding="20"><tr><td><![endif]',
        "[if mso]></td></tr></table><![endif]",
    ]


@pytest.mark.parametrize("payload", [*PAYLOADS, "MAILTO:someone@", "HTTP://0"])
def test_a_known_attack_is_shown_harmless(payload: str) -> None:
    check(payload)


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", "{{ 7 * 7 }}", "&lt;b&gt;", "a < b & c > d \"e\" 'f'"]
)
def test_markup_is_shown_as_it_was_written(payload: str) -> None:
    digest, papers = hostile_digest(payload)
    plain, html = bodies(mail_of(digest, *papers))
    assert f"- {payload}\n" in plain
    assert parser.document_fromstring(html).xpath("//li")[0].text_content().strip() == payload


@settings(deadline=None, max_examples=examples(60))
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_shown_harmless(payload: str) -> None:
    check(payload)


@settings(deadline=None, max_examples=examples(60))
@given(st.text(alphabet="<>&\"'/=-!a \r\n\0\u202e\ud800{}%#*?:._", max_size=60))
def test_any_text_of_markup_characters_is_shown_harmless(payload: str) -> None:
    check(payload)
