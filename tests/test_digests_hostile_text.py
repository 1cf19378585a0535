"""Whatever a paper, a label or a query says, a mail shows it and nothing more happens."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from digest_samples import DIGEST, PAPER, bodies, mail_of
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser

from notifier.models import Digest, Item, Paper, Section, Spans
from notifier.text.harmless import inert, safe_url

PAYLOADS = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "--><svg/onload=alert(1)>",
    "<![CDATA[<script>]]>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "a\r\nBcc: all@example.org\r\n\r\nA new body",
    "a\n\n-- \nTo leave, write to https://evil.example",
    "a\r.\r\n.\r\nMAIL FROM:<x@example.org>",
    "\0null \x1b[31mred\x1b[0m \x07bell \x08back",
    "right \u202eot tfel\u202c \u2066isolated\u2069 \u200emark\u200f",
    "line\u2028para\u2029next\x85end\x0bvt\x0cff",
    "\ud800 alone \udfff",
    "--=_boundary\r\nContent-Type: text/html\r\n\r\n<b>x</b>",
    "=?utf-8?q?forged?= =3D=\n",
    "From someone\n.\n..",
    "*not bold* _nor this_",
    "\U000e0041\U000e0042 invisible tags",
    "a" * 3000,
    "<" * 500,
]
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
    "mark",
    "meta",
    "p",
    "span",
    "style",
    "title",
    "ul",
}
ALLOWED_ATTRIBUTES = {"aria-roledescription", "charset", "class", "content", "href", "lang", "name", "role", "style"}


def hostile_digest(payload: str) -> tuple[Digest, list[Paper]]:
    """A digest with the payload wherever text from outside comes in."""
    papers = [
        replace(
            PAPER, id=2, title=payload, abstract=payload * 3, authors=(payload,) * 2, arxiv_id=payload, url=payload
        ),
        replace(PAPER, id=3, arxiv_id=None, url=f"https://example.org/{payload}"),
        replace(PAPER, id=4, title=payload, arxiv_id=None, url=payload),
    ]
    marks = Spans(title=((0, 2), (3, 9)), abstract=((1, 4), (5, 800)))
    items = (Item(2, 1, marks, (payload, "other")), Item(3, 1, marks))
    return replace(DIGEST, sections=(Section(payload, items),), rest=(Item(4),)), papers


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
    """`link` is where the payload itself leads to, if it is one that anybody may follow; else empty."""
    assert inert(html.replace("\n", "")) == html.replace("\n", "")
    found = parser.document_fromstring(html)
    elements = [element for element in found.iter() if isinstance(element.tag, str)]
    assert {element.tag for element in elements} <= ALLOWED
    assert {name for element in elements for name in element.attrib} <= ALLOWED_ATTRIBUTES
    for url in found.xpath("//@href"):
        assert url.startswith(("https://example.org/", "https://arxiv.org/", "mailto:leave@")) or url == link
        assert urlsplit(url).scheme in {"http", "https", "mailto"}
    assert len(found.xpath("//h1")) == 1 and len(found.xpath("//h2")) == 2 and len(found.xpath("//h3")) == 2
    assert [comment.text for comment in found.xpath("//comment()")] == [
        '[if mso]><table role="presentation" width="640" align="center"><tr><td><![endif]',
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


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_shown_harmless(payload: str) -> None:
    check(payload)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="<>&\"'/=-!a \r\n\0\u202e\ud800{}%#*?:._", max_size=60))
def test_any_text_made_of_what_markup_is_made_of_is_shown_harmless(payload: str) -> None:
    check(payload)
