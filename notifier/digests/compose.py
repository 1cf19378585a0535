"""A digest's row becomes a mail: the same row, papers, settings and templates give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from jinja2 import Environment

from notifier.digests.cards import Card, Line, card, line
from notifier.digests.headers import MailSettings, ascii_address, header_lines, unsubscribe_page, unsubscribe_url
from notifier.digests.mime import alternative
from notifier.digests.periods import occasion
from notifier.errors import ComposeError
from notifier.models import Digest, Envelope, Item, Mail, Paper, Section
from notifier.rendering import inert, inline_css, render

TITLES = 200  # of the rest; beyond them their number is told, since Gmail clips what is longer than 102 kB
PREHEADER_TITLES = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A section of the mail: what the reader asked for, its papers, and the page to stop it (empty: there is none)."""

    label: str
    cards: tuple[Card, ...]
    unsubscribe_page: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What the templates show. `unlisted` counts the papers beyond those in `rest`; `labels` is what was asked for.

    `unsubscribe_url` is a mailto; `unsubscribe_page` is empty where there are no pages.
    """

    subject: str
    brand: str
    opening: str
    preheader: str
    groups: tuple[Group, ...]
    rest: tuple[Line, ...]
    unlisted: int
    labels: tuple[str, ...]
    recipient: str
    unsubscribe_url: str
    unsubscribe_page: str


def compose(digest: Digest, papers: Mapping[int, Paper], sender: MailSettings, templates: Environment) -> Mail:
    """The mail of a digest, in plain text and HTML.

    `papers` holds every paper of the digest by id. Raises ComposeError where this one mail cannot be made, and
    ConfigError where a template is missing or broken, so that none can.
    """
    header = header_lines(digest, sender)
    letter = _letter(digest, papers, sender)
    text = render(templates, "email/digest.txt.j2", mail=letter)
    html = inline_css(render(templates, "email/digest.html.j2", mail=letter))
    envelope = Envelope(ascii_address(sender.envelope_sender), ascii_address(digest.recipient))
    return Mail(envelope, digest.message_id, header + alternative(text, html, digest.message_id))


def _letter(digest: Digest, papers: Mapping[int, Paper], sender: MailSettings) -> Letter:
    numbers = count(1)
    groups = tuple(
        Group(
            inert(section.label),
            tuple(card(next(numbers), item, _paper(item, papers)) for item in section.items),
            _section_page(section, sender),
        )
        for section in digest.sections
    )
    cards = [each for group in groups for each in group.cards]
    labels = [*(group.label for group in groups), *(other for each in cards for other in each.also)]
    return Letter(
        subject=inert(digest.subject),
        brand=inert(sender.brand),
        opening=occasion(digest.period, digest.planned_at.date()).opening,
        preheader=" · ".join(each.plain_title for each in cards[:PREHEADER_TITLES]),
        groups=groups,
        rest=tuple(line(item, _paper(item, papers)) for item in digest.rest[:TITLES]),
        unlisted=max(0, len(digest.rest) - TITLES),
        labels=tuple(dict.fromkeys(labels)),
        recipient=inert(digest.recipient),
        unsubscribe_url=unsubscribe_url(digest.recipient, sender),
        unsubscribe_page=unsubscribe_page(digest, sender),
    )


def _section_page(section: Section, sender: MailSettings) -> str:
    if sender.pages is None or section.subscription_id is None:
        return ""
    return sender.pages.leave_one(section.subscription_id)


def _paper(item: Item, papers: Mapping[int, Paper]) -> Paper:
    try:
        return papers[item.paper_id]
    except KeyError:
        raise ComposeError(f"the digest holds paper {item.paper_id}, which is not stored; restore it") from None
