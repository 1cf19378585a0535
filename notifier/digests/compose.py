"""A digest's row becomes a mail: the same row, papers, settings and templates give the same bytes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property, partial

from jinja2 import Environment

from notifier.digests import items
from notifier.digests.bodies import Body, html_body, plain_body
from notifier.digests.cards import Card, card
from notifier.digests.headers import MailSettings, ascii_address, header_lines
from notifier.digests.letter import TITLES, Letter, addressed, letter_of
from notifier.digests.memory import Memory
from notifier.digests.mime import alternative
from notifier.errors import ComposeError
from notifier.models import Digest, Envelope, Item, Mail, Paper

KEPT_BYTES = 128 * 1024 * 1024  # of what mails have in common, roughly
CARD_BYTES = 2_500  # of a card beside its blocks
LETTER_BYTES = 3_000
ITEM_BYTES = 200  # of an item's place in a letter, or its line


class Composer:
    """Makes the mails of one sender, and keeps what mails have in common.

    What is kept never changes a mail: it is what would be made again.
    """

    def __init__(self, settings: MailSettings, templates: Environment, kept_bytes: int = KEPT_BYTES) -> None:
        self.settings = settings
        self.templates = templates
        self._memory = Memory(kept_bytes)
        self._cards: dict[Item, tuple[Paper, Card]] = self._memory.table()
        self._letters: dict[Hashable, tuple[list[Paper | None], Letter]] = self._memory.table()
        self.read = items.Reader(self._memory).loads

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

    def compose(self, digest: Digest, papers: Mapping[int, Paper]) -> Mail:
        """The mail of a digest, in plain text and HTML.

        `papers` holds every paper of the digest by id. Raises ComposeError where this one mail cannot be made, and
        ConfigError where a template is missing or broken, so that none can.
        """
        header = header_lines(digest, self.settings)
        letter = self._letter(digest, papers)
        plain, html = [body.blocks(letter) for body in self._bodies]
        envelope = Envelope(ascii_address(self.settings.envelope_sender), ascii_address(digest.recipient))
        content = alternative(header, plain, html, digest.message_id)
        return Mail(envelope, digest.message_id, content, is_wire_form=True)

    def _letter(self, digest: Digest, papers: Mapping[int, Paper]) -> Letter:
        """The letter as it was made for a reader who is told the same, where the papers are what they were then."""
        parts = [(section.label, section.items) for section in digest.sections]
        key = digest.subject, digest.period, digest.planned_at.date(), digest.rest, *parts
        shown = [papers.get(item.paper_id) for _, items in (*parts, ("", digest.rest[:TITLES])) for item in items]
        known = self._letters.get(key)
        if known is None or known[0] != shown:
            cards_of, paper_of = partial(self._cards_of, papers=papers), partial(_paper, papers=papers)
            letter = letter_of(digest, self.settings, cards_of, paper_of)
            self._memory.spend(LETTER_BYTES + len(shown) * ITEM_BYTES)
            self._letters[key] = shown, letter
            return letter
        known[0][:] = shown  # the same ones need not be compared again
        return addressed(known[1], digest, self.settings)

    def _cards_of(self, items: Iterable[Item], papers: Mapping[int, Paper]) -> tuple[Card, ...]:
        """The cards of items, as they were made before where their papers are what they were then."""
        found = []
        for item in items:
            known = self._cards.get(item)
            if known is None or known[0] is not papers.get(item.paper_id):
                known = self._cards[item] = self._card(item, _paper(item, papers))
            found.append(known[1])
        return tuple(found)

    def _card(self, item: Item, paper: Paper) -> tuple[Paper, Card]:
        known = self._cards.get(item)
        if known and (known[0] is paper or known[0] == paper):
            return paper, known[1]
        self._memory.spend(CARD_BYTES)
        if not item.also:
            return paper, card(item, paper)
        alone = item._replace(also=())
        self._cards[alone] = _, base = self._card(alone, paper)
        return paper, base.beside(item.also)


def _paper(item: Item, papers: Mapping[int, Paper]) -> Paper:
    try:
        return papers[item.paper_id]
    except KeyError:
        raise ComposeError(f"the digest holds paper {item.paper_id}, which is not stored; restore it") from None
