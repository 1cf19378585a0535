"""Put the parts of a mail's body together, plain text or HTML, and fill in the slot values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from markupsafe import Markup, escape

from notifier.digests.cache import Cache
from notifier.digests.cards import PaperLine
from notifier.digests.content import DigestContent, SectionCard, SectionContent, matched_labels
from notifier.digests.labels import MAX_LABELS, quoted
from notifier.mail.parts import LINKS_OF_FOOTER, Parts
from notifier.mail.quoted_printable import block
from notifier.mail.slot_values import section_page
from notifier.mail.stylesheet import Stylesheet

_NO_PAGE = ("unsubscribe_page",)
_NO_PAGES = ("unsubscribe_page", "manage_page")
_NO_WEB_COPY = ("digest_page",)
_NO_LABELS = ("also",)
_NO_LINES = ("lines",)


class Body(NamedTuple):
    """A body as blocks. `slots` holds the index of each empty block, and the slot whose value fills the block."""

    blocks: list[bytes]
    slots: list[tuple[int, str]]

    def filled(self, values: Mapping[str, bytes]) -> list[bytes]:
        """Return the blocks of one subscriber's mail."""
        blocks = self.blocks.copy()
        for place, slot in self.slots:
            blocks[place] = values[slot]
        return blocks


class BodyMaker:
    """Puts the parts of one kind of body together. `stylesheet` is None for plain text."""

    def __init__(self, parts: Parts, cache: Cache, stylesheet: Stylesheet | None = None) -> None:
        self._parts = parts
        self._is_html = stylesheet is not None
        self._style_element = Markup(stylesheet.kept) if stylesheet else ""
        self._cache = cache
        self._cards: dict[SectionCard, bytes] = cache.table()
        self._lines: dict[PaperLine, bytes] = cache.table()

    def body(self, content: DigestContent) -> Body:
        """Return the body with this content. Raises the same errors as `Parts.part`."""
        digest = self._parts.part(
            "digest",
            subject=content.subject,
            brand=content.brand,
            opening=content.opening,
            stylesheet=self._style_element,
        )
        shown = [(number, section) for number, section in enumerate(content.sections) if section.cards or section.lines]
        slots: dict[str, Sequence[bytes | str]] = {
            "preheader": [_escaped_block(text) for text in content.preheader] if self._is_html else [],
            "contents": self._contents(shown),
            "sections": self._sections(shown),
            "more": self._more(content),
            "footer": self._footer(content),
        }
        return _body(digest.filled(slots))

    def _contents(self, sections: Sequence[tuple[int, SectionContent]]) -> Sequence[bytes | str]:
        """Return the line that links to the first sections; it is empty if there is only one section."""
        if len(sections) < 2:
            return ()
        linked = sections[:MAX_LABELS]
        entries: list[bytes | str] = []
        for place, (number, section) in enumerate(linked, start=1):
            entry = self._parts.part("entry", label=section.label, last=place == len(linked))
            entries += entry.filled(_place_of(number, section))
        return self._parts.part("contents", others=len(sections) - len(linked)).filled({"entries": entries})

    def _sections(self, sections: Iterable[tuple[int, SectionContent]]) -> list[bytes | str]:
        pieces: list[bytes | str] = []
        for number, section in sections:
            without = () if section.lines else _NO_LINES
            cards = [self._cards.get(each) or self._card(each) for each in section.cards]
            papers = {"cards": cards, "lines": self._line_blocks(section.lines)}
            pieces += self._parts.part("section", without, label=section.label).filled(
                {**_place_of(number, section), **papers}
            )
        return pieces

    def _card(self, shown: SectionCard) -> bytes:
        also = self._parts.part("also", labels=quoted(shown.also)).joined({}) if shown.also else b""
        card = self._parts.part("card", () if also else _NO_LABELS, card=shown.card).joined({"also": also})
        self._cache.make_room(len(card))
        self._cards[shown] = card
        return card

    def _line_blocks(self, lines: Iterable[PaperLine]) -> list[bytes]:
        return [self._lines.get(line) or self._line(line) for line in lines]

    def _line(self, paper: PaperLine) -> bytes:
        line = self._parts.part("line", paper=paper).joined({})
        self._cache.make_room(len(line))
        self._lines[paper] = line
        return line

    def _more(self, content: DigestContent) -> Sequence[bytes | str]:
        total = len(content.more) + content.unlisted
        if not total and not content.waiting:
            return ()
        without = (() if content.more else _NO_LINES) + (() if content.has_web_copy else _NO_WEB_COPY)
        part = self._parts.part("more", without, total=total, unlisted=content.unlisted, waiting=content.waiting)
        return part.filled({"lines": self._line_blocks(content.more), "digest_page": ["digest_page"]})

    def _footer(self, content: DigestContent) -> list[bytes | str]:
        without = (() if content.has_page else _NO_PAGES) + (() if content.has_web_copy else _NO_WEB_COPY)
        part = self._parts.part("footer", without, brand=content.brand, postal_address=content.postal_address)
        labels: list[bytes | str] = []
        for label, number in matched_labels(content):
            page = [] if number is None else [section_page(number)]
            labels += self._parts.part("label", () if page else _NO_PAGE, label=label).filled(
                {"unsubscribe_page": page}
            )
        values = {slot: [slot] for slot in ("recipient", *LINKS_OF_FOOTER)}
        return part.filled({"labels": labels, **values})


def _place_of(number: int, section: SectionContent) -> dict[str, Sequence[bytes]]:
    """Return the slots that say where a section is in its mail, and how many papers it has."""
    return {"anchor": [_short_block(anchor(number))], "total": [_short_block(str(section.total))]}


_short_block = lru_cache(1 << 10)(block)  # counts and anchors


@lru_cache(1 << 12)  # many mails have the same titles in their preheaders
def _escaped_block(text: str) -> bytes:
    return block(escape(text))


@cache
def anchor(number: int) -> str:
    """Return the name of the place in a mail where a section begins; sections are numbered from 0."""
    return f"section-{number + 1}"


def _body(pieces: Sequence[bytes | str]) -> Body:
    slots = [(place, piece) for place, piece in enumerate(pieces) if isinstance(piece, str)]
    return Body([b"" if isinstance(piece, str) else piece for piece in pieces], slots)
