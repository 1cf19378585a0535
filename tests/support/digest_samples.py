"""Digests to compose mails from, and the mails read back as a mail program reads them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache

from lxml import html as parser

from notifier.mail import Composer, MailSettings
from notifier.models import Digest, Item, Mail, Paper, Section, Spans
from notifier.templates import environment

SETTINGS = MailSettings(
    sender="Daily Papers <papers@example.org>",
    envelope_sender="bounces@example.org",
    unsubscribe_mailbox="leave@example.org",
)
TEMPLATES = environment()
PAPER = Paper(
    id=1,
    key="2607.00001",
    title="Low-Bit Quantization for Everyone",
    abstract="We show that quantization to four bits is enough.",
    sequence=1,
    first_seen=datetime(2026, 7, 6, 4, tzinfo=UTC),
    listed_on=date(2026, 7, 6),
    arxiv_id="2607.00001",
    authors=("Ada Lovelace", "Alan Turing"),
)
ITEM = Item(1, upvotes=140, marks=Spans(title=((8, 20),), abstract=((13, 25),)))
DIGEST = Digest(
    recipient="reader@example.net",
    period="2026-07-06",
    planned_at=datetime(2026, 7, 6, 8, tzinfo=UTC),
    message_id="<digest.42@example.org>",
    subject="Daily papers of 6 Jul 2026",
    sections=(Section("quantization", (ITEM,)),),
)


def paper(number: int, **fields: object) -> Paper:
    """Return a paper that differs from the sample in its id, its key, its arXiv id, and in `fields`."""
    named = replace(PAPER, id=number, key=f"2607.{number:05}", arxiv_id=f"2607.{number:05}")
    return replace(named, **fields)  # type: ignore[arg-type]


def digest_of(*papers: Paper, upvotes: int | None = None) -> Digest:
    """Return a digest with one section of these papers."""
    return replace(DIGEST, sections=(Section("all", tuple(Item(each.id, upvotes) for each in papers)),))


def mail_of(digest: Digest = DIGEST, *papers: Paper, settings: MailSettings = SETTINGS) -> Mail:
    """Return the mail of `digest`, whose papers are the sample and `papers`."""
    return composer(settings).compose(digest, {each.id: each for each in (PAPER, *papers)})


@cache
def composer(settings: MailSettings) -> Composer:
    """Return the composer that all tests with these settings share, so that they also test its cache."""
    return Composer(settings, TEMPLATES)


def read(mail: Mail) -> EmailMessage:
    """Return the mail as a mail program parses it, and assert that no part or header has a defect."""
    message = message_from_bytes(mail.content, policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
        for name, header in part.items():
            assert header.defects == (), name
    return message


def bodies(mail: Mail) -> tuple[str, str]:
    """Return the plain text and the HTML of a mail, decoded, with line feeds as line ends."""
    plain, html = read(mail).iter_parts()
    assert isinstance(plain, EmailMessage) and isinstance(html, EmailMessage)
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def page(digest: Digest = DIGEST, *papers: Paper, settings: MailSettings = SETTINGS) -> parser.HtmlElement:
    """Return the HTML of the mail of a digest as a browser reads it."""
    return parser.document_fromstring(bodies(mail_of(digest, *papers, settings=settings))[1])


def texts(elements: list[parser.HtmlElement]) -> list[str]:
    """Return the texts of elements, with single spaces between words."""
    return [" ".join(element.text_content().split()) for element in elements]
