"""A digest's row becomes a mail: the same row, papers, settings and templates give the same bytes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property

from jinja2 import Environment

from notifier.digests import items
from notifier.digests.cache import Memory
from notifier.errors import ComposeError
from notifier.mail.cards import Card, Placed, Told, card, placed, told
from notifier.mail.compiled.bodies import Body, html_body, plain_body
from notifier.mail.headers import MailSettings, ascii_address, header_lines
from notifier.mail.letter import TITLES, Letter, letter_of
from notifier.mail.mime import alternative
from notifier.mail.personal import Own, owns_of
from notifier.models import Digest, Envelope, Item, Mail, Paper

KEPT_BYTES = 128 * 1024 * 1024  # of what mails have in common, roughly; joined shapes take up to a quarter more
CARD_BYTES = 2_500  # of a card without its blocks
PLACED_BYTES = 500  # of one beside its labels
LETTER_BYTES = 3_000
ITEM_BYTES = 200  # of an item's place in a letter, or its line


class Composer:
    """Makes the mails of one sender, in one thread at a time, and keeps what mails have in common.

    What is kept never changes a mail: it is what would be made again.
    """

    def __init__(self, settings: MailSettings, templates: Environment, kept_bytes: int = KEPT_BYTES) -> None:
        self.settings = settings
        self.templates = templates
        self._memory = Memory(kept_bytes)
        self._papers: Mapping[int, Paper] = {}
        self._told: dict[int, Told] = self._memory.table()
        self._cards: dict[Hashable, Card] = self._memory.table()  # by what their items say but for the other labels
        # By ids, since to look into each item takes longer than all else about it; what has such an id is held.
        self._placed: dict[int, Placed] = self._memory.table()
        self._letters: dict[Hashable, Letter] = self._memory.table()
        self._held: dict[int, object] = self._memory.table()
        self.read = items.ItemsDecoder(self._memory).loads

    @cached_property
    def _bodies(self) -> tuple[Body, Body]:
        return (
            plain_body(self.templates, "email/digest.txt.j2", self._memory),
            html_body(self.templates, "email/digest.html.j2", self._memory),
        )

    @property
    def why_slow(self) -> tuple[str, ...]:
        """Why mails have to be made whole, one by one: a sentence for each template that cannot be taken apart.

        Raises ConfigError where a template is missing or broken.
        """
        return tuple(body.why_slow for body in self._bodies if body.why_slow)

    def compose(self, digest: Digest, papers: Mapping[int, Paper], return_path: str = "") -> Mail:
        """The mail of a digest, in plain text and HTML, whose bounces go to `return_path` if that is given.

        `papers` holds every paper of the digest by id; others may join them later, but where one has changed it must be
        another mapping, with which all starts anew. Raises ComposeError where this one mail cannot be made, and
        ConfigError where a template is missing or broken, so that none can.
        """
        (mail,) = self.compose_all([(digest, return_path)], papers)
        if isinstance(mail, ComposeError):
            raise mail
        return mail

    def compose_all(
        self, digests: Sequence[tuple[Digest, str]], papers: Mapping[int, Paper]
    ) -> list[Mail | ComposeError]:
        """As `compose`, for each digest with its return path; what they have of their own costs less together."""
        if papers is not self._papers:
            self._memory.clear()
            self._papers = papers
        owns = owns_of([digest for digest, _ in digests], self.settings)
        return [self._made(*each, own) for each, own in zip(digests, owns, strict=True)]

    def _made(self, digest: Digest, return_path: str, own: Own | ComposeError) -> Mail | ComposeError:
        try:
            return own if isinstance(own, ComposeError) else self._mail(digest, return_path, own)
        except ComposeError as error:
            return error

    def _mail(self, digest: Digest, return_path: str, own: Own) -> Mail:
        header = header_lines(digest, own.out, self.settings)
        letter = self._letter(digest, own)
        plain, html = self._bodies
        content = alternative(header, plain.blocks(letter, own), html.blocks(letter, own), digest.message_id)
        bounces_to = return_path or ascii_address(self.settings.envelope_sender)
        envelope = Envelope(bounces_to, ascii_address(digest.recipient))
        return Mail(envelope, digest.message_id, content, is_wire_form=True)

    def _letter(self, digest: Digest, own: Own) -> Letter:
        """The letter that says what this one says and has links of its own where this has, made before or now.

        It is found where the digest was read by this composer, which gives the same items for the same text.
        """
        sections = [(each.label, id(each.items), each.subscription_id is None) for each in digest.sections]
        key = digest.subject, digest.period, id(digest.rest), digest.subscriber_id is None, *sections
        if (letter := self._letters.get(key)) is None:
            letter = letter_of(digest, self.settings, own, self._placed_of, self._told_of)
            shown = sum([len(section.items) for section in digest.sections], len(digest.rest[:TITLES]))
            self._memory.spend(LETTER_BYTES + shown * ITEM_BYTES)
            for some in (digest.rest, *[section.items for section in digest.sections]):
                self._held[id(some)] = some
            self._letters[key] = letter
        return letter

    def _placed_of(self, items: Iterable[Item]) -> tuple[Placed, ...]:
        known = self._placed.get
        return tuple([known(id(item)) or self._place(item) for item in items])

    def _place(self, item: Item) -> Placed:
        alone = self._cards.get(item[:3]) or self._card(item)
        self._memory.spend(PLACED_BYTES)
        self._held[id(item)] = item
        self._placed[id(item)] = made = placed(item, alone)
        return made

    def _card(self, item: Item) -> Card:
        self._memory.spend(CARD_BYTES)
        self._cards[item[:3]] = made = card(item, self._told_of(item))
        return made

    def _told_of(self, item: Item) -> Told:
        if (known := self._told.get(item.paper_id)) is None:
            if (paper := self._papers.get(item.paper_id)) is None:
                raise ComposeError(f"the digest holds paper {item.paper_id}, which is not stored; restore it")
            self._told[item.paper_id] = known = told(paper)
        return known
