"""Check the templates with two sample digests: one with every optional value, and one without them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from jinja2 import Environment

from notifier.errors import ConfigError, TemplateError
from notifier.mail.composer import Composer
from notifier.mail.content import TITLES
from notifier.mail.headers import MailSettings
from notifier.models import Digest, Item, Paper, Section, Spans
from notifier.signing import LinkSigner

_PAPER = Paper(
    id=1,
    key="2607.00001",
    title="A Title",
    abstract="An abstract of some length. " * 40,
    sequence=1,
    first_seen=datetime(2026, 7, 6, tzinfo=UTC),
    listed_on=date(2026, 7, 6),
    arxiv_id="2607.00001",
    authors=("Ada Lovelace", "Alan Turing"),
)
_PAPERS = {1: _PAPER, 2: replace(_PAPER, id=2, abstract="", arxiv_id=None, authors=())}
_ITEM = Item(1, 140, Spans(((2, 7),), ((900, 908),)), ("another label",))
_FULL = Digest(
    recipient="subscriber@example.org",
    period="2026-07-06",
    planned_at=datetime(2026, 7, 6, 8, tzinfo=UTC),
    message_id="<check@example.org>",
    subject="A subject",
    sections=(Section("a label", (_ITEM, Item(2)), 1),),
    rest=(_ITEM, Item(2)) * TITLES,
    subscriber_id=1,
)
_BARE = replace(_FULL, sections=(Section("a label", (Item(2),)),), rest=(), subscriber_id=None)


def check_templates(settings: MailSettings, templates: Environment) -> list[str]:
    """Render each part of a mail, and return warnings about the stylesheet.

    Raises ConfigError, which names the file and line, if a template is missing or broken, or fails on a sample.
    """
    signer = LinkSigner("https://example.org", bytes(32))
    composer = Composer(replace(settings, pages=signer), templates)
    try:
        composer.compose(_FULL, _PAPERS)
        composer.compose(_BARE, _PAPERS)
    except TemplateError as error:
        raise ConfigError(str(error)) from None
    return composer.stylesheet.warnings
