"""Mails composed from cached parts: they equal mails that are rendered whole, whatever is in the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from binascii import a2b_qp
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.digest_samples import DIGEST, PAPER, SETTINGS, TEMPLATES, bodies, paper
from support.hostile_digest import PAYLOADS
from support.paths import PYTHON_PATH

from benchmarks.whole_mails import WholeMails
from notifier.delivery.smtp.connection import dot_stuffed
from notifier.mail import Composer, MailSettings
from notifier.mail.quoted_printable import LONGEST_LINE, block
from notifier.mail.slot_values import encoded_values
from notifier.models import Digest, Item, Paper, Section, Spans
from notifier.signing import LinkSigner
from notifier.templates import inline_css
from notifier.text.harmless import inert

WITH_PAGES = replace(
    SETTINGS,
    link_signer=LinkSigner("https://papers.example.org", b"a secret key of thirty-two bytes"),
    cards=3,
    topics={"a": "Topic A", "b": "R&D"},
    postal_address="Example Labs & Co, 1 Analytical Way",
)
WARM = {sender: Composer(sender, TEMPLATES) for sender in (SETTINGS, WITH_PAGES)}
WHOLE = {sender: WholeMails(sender, TEMPLATES) for sender in (SETTINGS, WITH_PAGES)}

texts = st.text(alphabet=st.characters(), max_size=40) | st.sampled_from(PAYLOADS)
long_texts = st.text(alphabet=st.sampled_from("ab .<=&é論\u00a0\U0001f600"), max_size=700)
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 90)), max_size=4).map(lambda found: (*found,))
papers = st.builds(
    lambda number, title, abstract, authors, url, known, code, stars, topics: paper(
        number,
        title=title,
        abstract=abstract,
        authors=tuple(authors),
        url=url,
        arxiv_id=f"2607.{number:05}" if known else None,
        code=code,
        project=code,
        stars=stars,
        topics=topics,
    ),
    st.integers(1, 6),
    texts | long_texts,
    texts | long_texts,
    st.lists(texts, max_size=5),
    texts | st.just("https://example.org/a?b=1&c=.2"),
    st.booleans(),
    texts | st.just("https://example.org/code"),
    st.none() | st.integers(0, 999),
    st.frozensets(st.sampled_from("abc")),
)
items = st.builds(
    Item,
    st.integers(1, 6),
    st.none() | st.integers(0, 999),
    st.builds(Spans, spans, spans),
    st.lists(texts, max_size=2).map(tuple),
)
sections = st.builds(Section, texts, st.lists(items, max_size=4).map(tuple), st.none() | st.integers(1, 10**6))
digests = st.builds(
    lambda parts, rest, subject, subscriber, delivery, recipient: replace(
        DIGEST,
        sections=tuple(parts),
        rest=tuple(rest),
        subject=inert(subject[:200]) or "papers",
        subscriber_id=subscriber,
        delivery_id=delivery,
        recipient=recipient,
    ),
    st.lists(sections, max_size=3),
    st.lists(items, max_size=3),
    texts,
    st.none() | st.integers(1, 10**9),
    st.none() | st.integers(1, 10**9),
    st.sampled_from(["a@example.org", f"{'long.' * 12}name+tag@example.net", "o'hara@bücher.example"]),
)


def named(stored: list[Paper]) -> dict[int, Paper]:
    """Return a paper for each id from 1 to 6: the stored one if there is one, else a sample."""
    return {number: paper(number) for number in range(1, 7)} | {each.id: each for each in stored}


class _Seen(HTMLParser):
    """Collects what a page shows: its elements with their attributes and styles, and its texts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(reversed(attrs))  # if an attribute is given twice, the first one counts
        styles = sorted(each.strip() for each in (attributes.pop("style", None) or "").split(";"))
        self.parts.append((tag, attributes, [each.replace(": ", ":") for each in styles if each]))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(tag)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem != "style" and data.split():
            self.parts.append(" ".join(data.split()))

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))


def seen(html: str) -> list[object]:
    """Return what a page shows, without the rules in its style element and with single spaces between words."""
    parser = _Seen()
    parser.feed(html)
    parser.close()
    return parser.parts


@settings(deadline=None, max_examples=60)
@given(digests, st.lists(papers, max_size=4), st.sampled_from([SETTINGS, WITH_PAGES]))
def test_a_mail_says_what_its_templates_say_when_they_are_rendered_whole(
    digest: Digest, stored: list[Paper], sender: MailSettings
) -> None:
    text, html = bodies(WARM[sender].compose(digest, named(stored)))
    whole_text, whole_html = WHOLE[sender].bodies(digest, named(stored))
    assert text == whole_text
    assert seen(html) == seen(inline_css(whole_html))


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4))
def test_a_mail_does_not_depend_on_the_mails_before_it(digest: Digest, stored: list[Paper]) -> None:
    """The warm composer has composed the mails of the earlier examples, whose papers have the same ids."""
    cold = Composer(WITH_PAGES, TEMPLATES)
    assert cold.compose(digest, named(stored)) == WARM[WITH_PAGES].compose(digest, named(stored))


ids = st.none() | st.integers(1, 10**9)
rows = st.tuples(ids, ids, ids)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4), st.sampled_from(["b@example.org", "o'b&c@example.org"]), rows)
def test_subscribers_who_get_the_same_papers_get_links_of_their_own(
    digest: Digest,
    stored: list[Paper],
    recipient: str,
    row_ids: tuple[int | None, int | None, int | None],
) -> None:
    subscriber, subscription, delivery = row_ids
    sections = tuple(replace(each, subscription_id=subscription) for each in digest.sections)
    other = replace(digest, recipient=recipient, subscriber_id=subscriber, sections=sections, delivery_id=delivery)
    WARM[WITH_PAGES].compose(digest, named(stored))
    cold = Composer(WITH_PAGES, TEMPLATES)
    assert WARM[WITH_PAGES].compose(other, named(stored)) == cold.compose(other, named(stored))


@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4))
def test_smtp_can_carry_every_line_unchanged(digest: Digest, stored: list[Paper]) -> None:
    mail = WARM[WITH_PAGES].compose(digest, named(stored))
    content = mail.content
    assert mail.is_wire_form and dot_stuffed(content) == content
    header, body = content.split(b"\r\n\r\n", 1)
    lines = body.split(b"\r\n")
    assert content.isascii() and lines.pop() == b""
    assert not any(b"\r" in line or b"\n" in line or line.startswith(b".") for line in lines)
    assert max(map(len, lines)) <= LONGEST_LINE
    boundary = header.split(b'boundary="')[1].split(b'"')[0]
    assert content.count(boundary) == 4, "the boundary is in the header, before each of the two parts, and at the end"


def test_a_composer_with_a_very_small_cache_makes_the_same_mails() -> None:
    small = Composer(WITH_PAGES, TEMPLATES, cache_bytes=3000)
    many = [paper(number, title=f"Paper {number}") for number in range(1, 9)]
    stored = {each.id: each for each in many}
    for first in range(1, 7):
        digest = replace(DIGEST, sections=(Section("x", tuple(Item(n) for n in range(first, first + 3)), 3),))
        assert small.compose(digest, stored) == WARM[WITH_PAGES].compose(digest, stored)


def test_a_paper_whose_text_has_changed_is_shown_as_it_is_now() -> None:
    composer = Composer(SETTINGS, TEMPLATES)
    composer.compose(DIGEST, {1: PAPER})
    changed = composer.compose(DIGEST, {1: replace(PAPER, title="Another Title for the Same Thing")})
    assert b"Another" in changed.content and b"Low-Bit" not in changed.content


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import sys; from support.digest_samples import *\nsys.stdout.buffer.write(mail_of(DIGEST, paper(2)).content)"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": PYTHON_PATH, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1 and made != {b""}


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(alphabet="a.= \n\tß論\"<&'x", max_size=160), max_size=6))
def test_joined_blocks_are_the_encoding_of_their_joined_texts(pieces: list[str]) -> None:
    joined = b"".join(map(block, pieces))
    assert a2b_qp(joined).decode() == "".join(pieces).replace("\n", "\r\n")
    assert all(len(line) <= LONGEST_LINE and not line.startswith(b".") for line in joined.split(b"\r\n"))


@pytest.mark.parametrize("length", range(70, 80))
def test_a_space_at_the_end_of_a_full_line_does_not_make_the_line_too_long(length: int) -> None:
    text = "a" * length + " \nb"
    assert a2b_qp(block(text)).decode() == text.replace("\n", "\r\n")
    assert all(len(line) <= LONGEST_LINE for line in block(text).split(b"\r\n"))


@given(st.text(alphabet="ab.=~! <&'\"é:/?+", max_size=100))
def test_a_short_value_is_encoded_like_any_other_text(value: str) -> None:
    (own,) = encoded_values([{"recipient": value, "unsubscribe_url": "mailto:x", "unsubscribe_page": ""}])
    plain, markup = own.text["recipient"], own.html["recipient"]
    assert a2b_qp(plain).decode() == value
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;").replace('"', "&#34;")
    assert a2b_qp(markup).decode() == escaped
    for encoded in (plain, markup):
        assert all(len(line) <= LONGEST_LINE and not line.startswith(b".") for line in encoded.split(b"\r\n"))
