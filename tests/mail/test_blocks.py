"""Mails from blocks: the same as those made whole and by EmailMessage, whatever was made before."""

from __future__ import annotations

import os
import subprocess
import sys
from binascii import a2b_qp
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.digest_samples import DIGEST, PAPER, SETTINGS, TEMPLATES, paper
from support.hostile_digest import PAYLOADS, hostile_digest
from support.paths import CHECKOUT, TESTS

from notifier.delivery.smtp.connection import dot_stuffed
from notifier.errors import TemplateError
from notifier.mail.cards import card, placed, told
from notifier.mail.compiled.styles import _Page
from notifier.mail.composer import Composer
from notifier.mail.headers import MailSettings
from notifier.mail.letter import Letter, letter_of
from notifier.mail.personal import own_of, owned
from notifier.mail.quoted_printable import LONGEST_LINE, block
from notifier.models import Digest, Item, Mail, Paper, Section, Spans
from notifier.signing import LinkSigner
from notifier.templates import environment, inline_css, render, reparsed
from notifier.text.harmless import inert

WITH_PAGES = replace(SETTINGS, pages=LinkSigner("https://papers.example.org", b"a secret key of thirty-two bytes"))
WARM = {sender: Composer(sender, TEMPLATES) for sender in (SETTINGS, WITH_PAGES)}

texts = st.text(alphabet=st.characters(), max_size=40) | st.sampled_from(PAYLOADS)
long_texts = st.text(alphabet=st.sampled_from("ab .<=&é論\u00a0\U0001f600"), max_size=700)
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 90)), max_size=4).map(lambda found: (*found,))
papers = st.builds(
    lambda number, title, abstract, authors, url, known: paper(
        number,
        title=title,
        abstract=abstract,
        authors=tuple(authors),
        url=url,
        arxiv_id=f"2607.{number:05}" if known else None,
    ),
    st.integers(1, 6),
    texts | long_texts,
    texts | long_texts,
    st.lists(texts, max_size=5),
    texts | st.just("https://example.org/a?b=1&c=.2"),
    st.booleans(),
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
    lambda parts, rest, subject, subscriber, reader: replace(
        DIGEST,
        sections=tuple(parts),
        rest=tuple(rest),
        subject=inert(subject[:200]) or "papers",
        subscriber_id=subscriber,
        recipient=reader,
    ),
    st.lists(sections, max_size=3),
    st.lists(items, max_size=3),
    texts,
    st.none() | st.integers(1, 10**9),
    st.sampled_from(["a@example.org", f"{'long.' * 12}name+tag@example.net", "o'hara@bücher.example"]),
)


def named(stored: list[Paper]) -> dict[int, Paper]:
    """A paper for every id."""
    return {number: paper(number) for number in range(1, 7)} | {each.id: each for each in stored}


def by_email_message(digest: Digest, stored: dict[int, Paper], sender: MailSettings) -> EmailMessage:
    """The mail as a user would make it, of the same templates, read back from its bytes."""
    letter = letter_of(
        digest,
        sender,
        own_of(digest, sender),
        lambda some: tuple(placed(each, card(each, told(stored[each.paper_id]))) for each in some),
        lambda item: told(stored[item.paper_id]),
    )
    message = EmailMessage(policy=SMTP.clone(max_line_length=998))
    message["Subject"] = digest.subject
    message["From"] = sender.sender
    message.set_content(render(TEMPLATES, "email/digest.txt.j2", mail=letter), cte="quoted-printable")
    page = inline_css(render(TEMPLATES, "email/digest.html.j2", mail=letter))
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def parts(message: EmailMessage) -> tuple[str, str]:
    """Both bodies; of the HTML what a program understands that reads it, without the rules that are left in it."""
    plain, html = message.iter_parts()
    assert isinstance(plain, EmailMessage) and isinstance(html, EmailMessage)
    page = reparsed(html.get_content().replace("\r\n", "\n"))
    start, end = page.index("<style>"), page.index("</style>")
    return plain.get_content().replace("\r\n", "\n"), page[:start] + page[end:]


def read(mail: Mail) -> EmailMessage:
    message = message_from_bytes(mail.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4), st.sampled_from([SETTINGS, WITH_PAGES]))
def test_a_mail_from_blocks_is_the_mail_that_email_message_makes(
    digest: Digest, stored: list[Paper], sender: MailSettings
) -> None:
    mail = WARM[sender].compose(digest, named(stored))
    ours, theirs = read(mail), by_email_message(digest, named(stored), sender)
    assert str(ours["Subject"]).strip() == digest.subject.strip()
    assert str(ours["From"]) == str(theirs["From"])
    assert parts(ours)[0] == parts(theirs)[0]
    assert sorted_attributes(parts(ours)[1]) == sorted_attributes(parts(theirs)[1])


@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4))
def test_what_was_made_before_never_shows(digest: Digest, stored: list[Paper]) -> None:
    """The warm composer has made the mails of every example before, of other papers with the same ids."""
    cold = Composer(WITH_PAGES, TEMPLATES)
    assert cold.compose(digest, named(stored)) == WARM[WITH_PAGES].compose(digest, named(stored))


ids = st.none() | st.integers(1, 10**9)


@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4), st.sampled_from(["b@example.org", "o'b&c@example.org"]), ids, ids)
def test_who_is_told_the_same_gets_links_of_their_own(
    digest: Digest, stored: list[Paper], reader: str, subscriber: int | None, subscription: int | None
) -> None:
    sections = tuple(replace(each, subscription_id=subscription) for each in digest.sections)
    other = replace(digest, recipient=reader, subscriber_id=subscriber, sections=sections)
    WARM[WITH_PAGES].compose(digest, named(stored))
    cold = Composer(WITH_PAGES, TEMPLATES)
    assert WARM[WITH_PAGES].compose(other, named(stored)) == cold.compose(other, named(stored))


@settings(deadline=None, max_examples=40)
@given(digests, st.lists(papers, max_size=4))
def test_every_line_is_one_that_smtp_carries_as_it_is(digest: Digest, stored: list[Paper]) -> None:
    mail = WARM[WITH_PAGES].compose(digest, named(stored))
    content = mail.content
    assert mail.is_wire_form and dot_stuffed(content) == content
    header, body = content.split(b"\r\n\r\n", 1)
    lines = body.split(b"\r\n")
    assert content.isascii() and lines.pop() == b""
    assert not any(b"\r" in line or b"\n" in line or line.startswith(b".") for line in lines)
    assert max(map(len, lines)) <= LONGEST_LINE
    boundary = header.split(b'boundary="')[1].split(b'"')[0]
    assert content.count(boundary) == 4, "in the header, before each part, and at the end"


def test_a_composer_that_may_keep_next_to_nothing_makes_the_same_mails() -> None:
    forgetful = Composer(WITH_PAGES, TEMPLATES, kept_bytes=3000)
    many = [paper(number, title=f"Paper {number}") for number in range(1, 9)]
    stored = {each.id: each for each in many}
    for first in range(1, 7):
        digest = replace(DIGEST, sections=(Section("x", tuple(Item(n) for n in range(first, first + 3)), 3),))
        assert forgetful.compose(digest, stored) == WARM[WITH_PAGES].compose(digest, stored)


def test_a_paper_whose_text_has_changed_is_shown_as_it_is_now() -> None:
    composer = Composer(SETTINGS, TEMPLATES)
    composer.compose(DIGEST, {1: PAPER})
    changed = composer.compose(DIGEST, {1: replace(PAPER, title="Another Title for the Same Thing")})
    assert b"Another" in changed.content and b"Low-Bit" not in changed.content


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import sys; from support.digest_samples import *\nsys.stdout.buffer.write(mail_of(DIGEST, paper(2)).content)"
    )
    path = os.pathsep.join([str(TESTS), str(CHECKOUT)])
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1 and made != {b""}


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(alphabet="a.= \n\tß論\"<&'x", max_size=160), max_size=6))
def test_blocks_that_are_joined_are_the_encoding_of_their_texts(pieces: list[str]) -> None:
    joined = b"".join(map(block, pieces))
    assert a2b_qp(joined).decode() == "".join(pieces).replace("\n", "\r\n")
    assert all(len(line) <= LONGEST_LINE and not line.startswith(b".") for line in joined.split(b"\r\n"))


@pytest.mark.parametrize("length", range(70, 80))
def test_a_space_at_the_end_of_a_full_line_makes_it_no_longer(length: int) -> None:
    text = "a" * length + " \nb"
    assert a2b_qp(block(text)).decode() == text.replace("\n", "\r\n")
    assert all(len(line) <= LONGEST_LINE for line in block(text).split(b"\r\n"))


@given(st.text(alphabet="ab.=~! <&'\"é:/?+", max_size=100))
def test_a_short_value_is_encoded_as_any_text_is(value: str) -> None:
    (own,) = owned([(value,)])
    ((plain,), (markup,)) = own.blocks, own.escaped
    assert a2b_qp(plain).decode() == value
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;").replace('"', "&#34;")
    assert a2b_qp(markup).decode() == escaped
    for encoded in (plain, markup):
        assert all(len(line) <= LONGEST_LINE and not line.startswith(b".") for line in encoded.split(b"\r\n"))


# What an operator may write in place of email/digest.txt.j2, and why it is made whole where it is.
SPLITTABLE = {
    "a separator between cards": "{% for g in mail.groups %}{% for c in g.cards %}{{ '---\n' if not loop.first }}"
    "{{ loop.index }}. {{ c.plain_title }}{% endfor %}{% endfor %}",
    "no line ends at all": "{% for group in mail.groups %}{{ group.label }}{% for card in group.cards %}"
    "{{ card.plain_title }}{% endfor %}{% endfor %}{{ mail.recipient }}",
    "values that are changed": "{{ mail.recipient | upper }} {{ mail.labels | length }} {{ mail.rest | length }}"
    "{% for g in mail.groups %}{{ g.label | upper }}{{ g.unsubscribe_page | length }}{% endfor %}",
    "a value set before": "{% set who = mail.recipient %}{% if mail.rest %}{% set n = 1 %}{% else %}{% set n = 2 %}"
    "{% endif %}{% for g in mail.groups %}{{ who }}{{ n }}{{ g.label }}{% endfor %}",
    "a macro": "{% macro show(card, sep) %}{{ card.plain_title }}{{ sep }}{% endmacro %}"
    "{% for g in mail.groups %}{% for c in g.cards %}{{ show(c, '; ') }}{% endfor %}{% endfor %}",
    "a condition around the loops": "{% if mail.groups %}{% for g in mail.groups %}{% if g.cards %}"
    "{% for c in g.cards %}{{ c.why }}{% endfor %}{% else %}none{% endif %}{% endfor %}{% else %}nothing{% endif %}",
    "loops over all sections within a section": "{% for g in mail.groups %}{% for c in g.cards %}"
    "{% for h in mail.groups %}{{ h.label }}{{ h.unsubscribe_page }}{% if h.cards %}{{ c.why }}{% endif %}{% endfor %}"
    "{% endfor %}{% endfor %}",
    "a reader's value that is changed beside a card": "{% for g in mail.groups %}{% for c in g.cards %}{{ loop.index }}"
    "{{ c.plain_title }} {{ (mail.recipient ~ g.unsubscribe_page) | upper }}{% endfor %}{{ loop.index }}{% endfor %}",
    "a value that is set for some cards alone": "{% for g in mail.groups %}{% for c in g.cards %}{% if c.upvotes %}"
    "{% set votes = c.upvotes %}{% endif %}{{ votes if votes is defined else 'none' }}{% endfor %}{% endfor %}",
    "cards that are compared": "{% for g in mail.groups %}{% for c in g.cards %}{% for d in g.cards %}"
    "{{ 1 if c == d else 0 }}{% endfor %}{{ c.plain_title }}{% endfor %}{% endfor %}",
    "imports where a sample does not come": "{% import 'email/seen.txt.j2' as a %}{% for g in mail.groups %}"
    "{% for c in g.cards %}{% if c.plain_title == 'Paper <3>' %}{% import 'email/seen.txt.j2' as b %}"
    "{{ a.seen() }}{{ b.seen() }}{% endif %}{% endfor %}{% endfor %}",
    "a reader's value beside a card": "{% for g in mail.groups %}{% for c in g.cards %}{{ c.plain_title }} for "
    "{{ mail.recipient }}, {{ g.label }}{% endfor %}{% endfor %}",
}
WHOLE = {
    "a filter over all": (
        "{% filter upper %}{% for g in mail.groups %}{% for c in g.cards %}{{ c.why }}"
        "{% endfor %}{% endfor %}{% endfilter %}",
        "does something with all",
    ),
    "cards that are mixed": ("{{ mail.groups | map(attribute='label') | join(', ') }}", "takes mail.groups as a whole"),
    "cards of all sections": (
        "{{ mail.groups | map(attribute='cards') | sum(start=()) | length }}",
        "takes mail.groups as a whole",
    ),
    "the loop's neighbours": (
        "{% for g in mail.groups %}{{ loop.nextitem.label if not loop.last }}{% endfor %}",
        "loop.nextitem",
    ),
    "something that counts": (
        "{% set seen = [] %}{% for g in mail.groups %}{{ seen.append(g.label) or '' }}{{ seen | length }}{% endfor %}",
        "later line could change",
    ),
    "sections for one reader": (
        "{% if mail.recipient == 'a@example.org' %}{% for g in mail.groups %}{{ g.label }}{% endfor %}{% endif %}",
        "chooses by more of a reader's own",
    ),
    "an import that sees the reader": (
        "{% if mail.subject %}{% import 'email/seen.txt.j2' as a with context %}{{ a.seen() }}{% endif %}",
        "imports with all that is in sight",
    ),
    "a base template": ("{% extends 'email/base.txt.j2' %}", "extends another"),
    "another loop over the cards": (
        "{% for g in mail.groups %}{% for c in g.cards | reverse %}{{ c.why }}{% endfor %}{% endfor %}",
        "as a whole",
    ),
}


def composer_of(folder: Path, **sources: str) -> Composer:
    (folder / "email").mkdir()
    (folder / "email" / "base.txt.j2").write_text("base", encoding="utf-8")
    seen = "{% macro seen() %}{{ a is defined }}{{ mail.recipient if mail is defined }}{% endmacro %}"
    (folder / "email" / "seen.txt.j2").write_text(seen, encoding="utf-8")
    for name, source in sources.items():
        (folder / "email" / name.replace("_", ".")).write_text(source, encoding="utf-8")
    return Composer(WITH_PAGES, environment(folder))


def many() -> list[tuple[Digest, dict[int, Paper]]]:
    """Digests of many shapes."""
    stored = {number: paper(number, title=f"Paper <{number}>") for number in range(1, 9)}
    found = []
    for shape in ([], [1], [3, 1], [1, 0, 4]):
        sections = tuple(
            Section(f"label {place}", tuple(Item(n + 1, n or None) for n in range(size)), place + 1)
            for place, size in enumerate(shape)
        )
        for rest in ((), (Item(5), Item(6))):
            for reader in ("a@example.org", "b@example.org"):
                found.append((replace(DIGEST, sections=sections, rest=rest, recipient=reader, subscriber_id=9), stored))
    return found


def letter(digest: Digest, stored: dict[int, Paper]) -> Letter:
    return letter_of(
        digest,
        WITH_PAGES,
        own_of(digest, WITH_PAGES),
        lambda some: tuple(placed(each, card(each, told(stored[each.paper_id]))) for each in some),
        lambda item: told(stored[item.paper_id]),
    )


@pytest.mark.parametrize("source", SPLITTABLE.values(), ids=SPLITTABLE)
def test_a_template_that_can_be_taken_apart_says_what_it_says_whole(tmp_path: Path, source: str) -> None:
    composer = composer_of(tmp_path, **{"digest_txt_j2": source})
    assert composer.why_slow == ()
    for digest, stored in many() * 2:
        plain, _ = parts(read(composer.compose(digest, stored)))
        assert plain == render(composer.templates, "email/digest.txt.j2", mail=letter(digest, stored))


@pytest.mark.parametrize(("source", "reason"), WHOLE.values(), ids=WHOLE)
def test_a_template_that_cannot_is_used_whole_and_it_is_said_why(tmp_path: Path, source: str, reason: str) -> None:
    composer = composer_of(tmp_path, **{"digest_txt_j2": source})
    assert [reason in sentence for sentence in composer.why_slow] == [True], composer.why_slow
    for digest, stored in many() * 2:
        plain, _ = parts(read(composer.compose(digest, stored)))
        assert plain == render(composer.templates, "email/digest.txt.j2", mail=letter(digest, stored))


PAGE = "<html><head><style>{css}</style></head><body>{body}</body></html>"
CARDS = '{% for g in mail.groups %}{% for c in g.cards %}<p class="c">{{ c.plain_title }}</p>{% endfor %}{% endfor %}'


@pytest.mark.parametrize(
    ("css", "body", "reason"),
    [
        (".c + .c { color: red }", CARDS, "goes by more than"),
        (".c:first-child { color: red }", CARDS, "goes by more than"),
        ("[href] { color: red }", CARDS, "goes by more than"),
        (".hot { color: red }", CARDS.replace('"c"', '"{{ "hot" if c.upvotes == 977 }}"'), "is an expression"),
        (
            ".hot { color: red }",
            CARDS.replace(' class="c"', '{% if c.upvotes == 977 %} class="hot"{% endif %}'),
            "is an exp",
        ),
        ("p { color: {{ 'red' if mail.rest else 'blue' }} }", CARDS, "not the same in every mail"),
        (".c { color: red }", "{{ '<p class=c>x</p>' | safe }}" + CARDS, "not written in a template"),
        (".c { color: red }", CARDS + "{% if mail.unlisted == 977 %}<p class=c>x</p>{% endif %}", "shows in no sample"),
    ],
)
def test_styles_that_cannot_be_told_beforehand_are_inlined_in_every_mail(
    tmp_path: Path, css: str, body: str, reason: str
) -> None:
    composer = composer_of(tmp_path, digest_html_j2=PAGE.format(css=css, body=body))
    assert [reason in sentence for sentence in composer.why_slow] == [True], composer.why_slow
    for digest, stored in many():
        page = render(composer.templates, "email/digest.html.j2", mail=letter(digest, stored))
        ours = parts(read(composer.compose(digest, stored)))[1]
        assert sorted_attributes(ours) == sorted_attributes(parts(whole_page(page))[1])


def whole_page(page: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content("")
    message.add_alternative(inline_css(page), subtype="html", cte="quoted-printable")
    return message


def test_an_elements_own_style_and_its_rules_are_joined(tmp_path: Path) -> None:
    body = '<p class="c" style="margin:1px">{{ mail.recipient }}</p>' + CARDS
    composer = composer_of(tmp_path, digest_html_j2=PAGE.format(css=".c { color: red }", body=body))
    assert composer.why_slow == ()
    digest, stored = many()[-1]
    html = parts(read(composer.compose(digest, stored)))[1]
    assert html.count("style=") == 1 + 5 and "color:red" in html and "margin:1px" in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_known_attack_is_as_harmless_where_a_template_is_used_whole(tmp_path: Path, payload: str) -> None:
    source = TEMPLATES.loader.get_source(TEMPLATES, "email/digest.html.j2")[0]  # type: ignore[union-attr]
    whole = composer_of(tmp_path, digest_html_j2=source.replace("h2 {", "h2 + p { color: red }\nh2 {", 1))
    digest, stored = hostile_digest(payload)
    known = {each.id: each for each in stored}
    assert whole.why_slow
    ours, theirs = (read(each.compose(digest, known)) for each in (whole, WARM[WITH_PAGES]))
    assert parts(ours)[0] == parts(theirs)[0]
    assert sorted_attributes(parts(ours)[1]) == sorted_attributes(parts(theirs)[1])


def sorted_attributes(page: str) -> list[object]:
    """The elements and texts of a page: neither the order of attributes nor empty lines say anything."""
    empty = [("text", "\n" * count) for count in range(9)]
    return [part for part in _Page(page).parts if part not in empty]


def test_what_fails_amid_text_that_is_not_escaped_does_not_change_the_next_mail(tmp_path: Path) -> None:
    shown = "{% autoescape false %}{{ 1 // ((c.upvotes or 7) - 5) }}{% endautoescape %}{{ bold(c.plain_title) }}"
    composer = composer_of(
        tmp_path,
        digest_html_j2="{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}{% for g in mail.groups %}"
        "{% for c in g.cards %}{% if c.url %}" + shown + "{% endif %}{% endfor %}{% endfor %}",
    )
    assert composer.why_slow == ()
    stored = {1: paper(1, title="Paper <1>")}
    failing, next_one = (replace(DIGEST, sections=(Section("label", (Item(1, upvotes),), 1),)) for upvotes in (5, 6))
    with pytest.raises(TemplateError, match="ZeroDivisionError"):
        composer.compose(failing, stored)
    assert b"<b>Paper &lt;1&gt;</b>" in a2b_qp(composer.compose(next_one, stored).content)


def test_a_card_beside_labels_is_the_same_wherever_a_template_meets_it(tmp_path: Path) -> None:
    source = "{% for g in mail.groups %}{% for c in g.cards %}{% for d in g.cards %}{{ 1 if c == d else 0 }}"
    composer = composer_of(tmp_path, digest_txt_j2=source + "{% endfor %}{% endfor %}{% endfor %}")
    assert composer.why_slow == ()
    section = Section("label", (Item(1, also=("low-bit",)), Item(2, also=("low-bit",))), 1)
    mail = composer.compose(replace(DIGEST, sections=(section,)), {1: paper(1), 2: paper(2)})
    assert parts(read(mail))[0].strip() == "1001"
