"""Compose mails from digests: the same row, papers, settings and templates give the same bytes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from jinja2 import Environment

from notifier.digests import items
from notifier.digests.cache import Cache
from notifier.digests.content import ContentMaker, DigestContent
from notifier.errors import ComposeError
from notifier.mail.body import Body, BodyMaker
from notifier.mail.headers import MailSettings, header_lines
from notifier.mail.mime import alternative
from notifier.mail.notices import compose_alert, compose_notice
from notifier.mail.parts import Parts
from notifier.mail.quoted_printable import block
from notifier.mail.shortening import bodies_within_limit
from notifier.mail.slot_values import EncodedSlotValues, encoded_values, slot_values
from notifier.mail.stylesheet import Stylesheet
from notifier.models import Alert, Digest, Envelope, Mail, Notice, Paper
from notifier.text.addresses import ascii_address, recipient_address

CACHE_BYTES = 128 * 1024 * 1024  # the memory for everything that mails share, roughly
BODIES_BYTES = 3_000  # the memory that the bodies of a mail take, without their papers
LARGEST_ROW_ID = (1 << 63) - 1
PAPER_BYTES = 300  # the memory that a paper takes in the bodies of a mail


class _CachedBodies(NamedTuple):
    """The plain text and the HTML of a digest, for all subscribers who get the same one.

    The bodies are cached by the Python ids of the digest's items. `digest` keeps these items alive, so that no other
    object can get their ids.
    """

    digest: Digest
    text: Body
    html: Body


class Composer:
    """Composes the mails of one sender, in one thread at a time. The cache never changes a mail's content."""

    def __init__(self, settings: MailSettings, templates: Environment, cache_bytes: int = CACHE_BYTES) -> None:
        self.settings = settings
        self.templates = templates
        self._cache = Cache(cache_bytes)
        self._papers: Mapping[int, Paper] = {}
        self._contents = ContentMaker(settings, self._cache, has_pages=settings.link_signer is not None)
        self._bodies: dict[Hashable, _CachedBodies] = self._cache.table()
        self.read_items = items.ItemsDecoder(self._cache).decode

    @cached_property
    def stylesheet(self) -> Stylesheet:
        """Return the stylesheet of the HTML. Raises ConfigError if it is missing."""
        return Stylesheet(self.templates, self._cache)

    @cached_property
    def _slot_bytes(self) -> Mapping[str, int]:
        """Return the most bytes that the link for voting takes, because every card has one."""
        signer = self.settings.link_signer
        return {"vote_page": len(block(signer.vote_urls([LARGEST_ROW_ID])[0]))} if signer else {}

    @cached_property
    def _text_maker(self) -> BodyMaker:
        return BodyMaker(Parts(self.templates, "txt", self._cache), self._cache)

    @cached_property
    def _html_maker(self) -> BodyMaker:
        parts = Parts(self.templates, "html", self._cache, finish=self.stylesheet.inline)
        return BodyMaker(parts, self._cache, self.stylesheet)

    def use_topics(self, titles: Mapping[str, str]) -> None:
        """Show these titles of topics, given by slug, from the next mail on."""
        if titles != self.settings.topics:
            self._cache.clear()
            self.settings = replace(self.settings, topics=titles)
            self._contents = ContentMaker(self.settings, self._cache, has_pages=self.settings.link_signer is not None)

    def compose(self, digest: Digest, papers: Mapping[int, Paper], return_path: str = "") -> Mail:
        """Return the mail of a digest, whose bounces go to `return_path` if that is given.

        `papers` holds every paper of the digest by id. Papers may be added to the mapping later. If a paper changes,
        pass a new mapping; the cache is then cleared. Raises ComposeError if this mail cannot be made, and ConfigError
        if a template is missing or broken, so that no mail can be made.
        """
        (mail,) = self.compose_all([(digest, return_path)], papers)
        if isinstance(mail, ComposeError):
            raise mail
        return mail

    def compose_all(
        self, digests: Sequence[tuple[Digest, str]], papers: Mapping[int, Paper]
    ) -> list[Mail | ComposeError]:
        """Return, for each digest and its return path, the mail as `compose` makes it, or its ComposeError."""
        if papers is not self._papers:
            self._cache.clear()
            self._papers = papers
        values = slot_values([digest for digest, _ in digests], self.settings)
        blocks = iter(encoded_values([each for each in values if not isinstance(each, ComposeError)]))
        return [
            each if isinstance(each, ComposeError) else self._mail(digest, return_path, next(blocks))
            for (digest, return_path), each in zip(digests, values, strict=True)
        ]

    def compose_notice(self, notice: Notice, return_path: str = "") -> Mail:
        """Return the mail of a notice. Raises the same errors as `compose`."""
        return compose_notice(notice, self.settings, self.templates, self.stylesheet, return_path)

    def compose_alert(self, alert: Alert, return_path: str = "") -> Mail:
        """Return the mail of an alert. Raises the same errors as `compose`."""
        return compose_alert(alert, self.settings, self.templates, self.stylesheet, return_path)

    def _mail(self, digest: Digest, return_path: str, values: EncodedSlotValues) -> Mail | ComposeError:
        try:
            header = header_lines(digest, values.links, self.settings)
            bodies = self._bodies_of(digest)
            bounces_to = return_path or ascii_address(self.settings.envelope_sender)
            envelope = Envelope(bounces_to, recipient_address(digest.recipient))
        except ComposeError as error:
            return error
        text, html = bodies.text.filled(values.text), bodies.html.filled(values.html)
        content = alternative(header, text, html, digest.message_id)
        return Mail(envelope, digest.message_id, content, is_wire_form=header.isascii())

    def _bodies_of(self, digest: Digest) -> _CachedBodies:
        """Return the plain text and the HTML, from the cache if another subscriber got the same papers and labels.

        Items are compared by identity, which is quick: `read_items` returns the same items for the same text.
        """
        sections = [(each.label, id(each.items), each.subscription_id is None) for each in digest.sections]
        of_welcome = digest.opening, digest.labels
        lacks_pages = digest.subscriber_id is None, digest.delivery_id is None
        key = digest.subject, digest.period, *of_welcome, id(digest.rest), *lacks_pages, *sections
        if (known := self._bodies.get(key)) is None:
            content = self._contents.content(digest, self._papers)
            text, html = bodies_within_limit(content, self._bodies_with, self._slot_bytes)
            known = _CachedBodies(digest, text, html)
            shown = sum([len(section.items) for section in digest.sections], len(digest.rest))
            self._cache.make_room(BODIES_BYTES + shown * PAPER_BYTES)
            self._bodies[key] = known
        return known

    def _bodies_with(self, content: DigestContent) -> tuple[Body, Body]:
        return self._text_maker.body(content), self._html_maker.body(content)
