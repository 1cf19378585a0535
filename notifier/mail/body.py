"""One body of a mail, plain text or HTML: how its parts are put together, and where the slot values go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from notifier.digests.cache import Cache
from notifier.mail.content import MailContent, SectionContent, SectionPaper, named
from notifier.mail.parts import Parts
from notifier.mail.quoted_printable import block
from notifier.mail.slot_values import section_page
from notifier.mail.stylesheet import Stylesheet

_NO_PAGE = ("unsubscribe_page",)


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
        self._cards: dict[SectionPaper, bytes] = cache.table()

    def body(self, content: MailContent) -> Body:
        """Return the body with this content. Raises the same errors as `Parts.part`."""
        digest = self._parts.part(
            "digest",
            subject=content.subject,
            brand=content.brand,
            opening=content.opening,
            stylesheet=self._style_element,
        )
        has_more = content.more or content.unlisted
        more = self._parts.part("more", papers=content.more, unlisted=content.unlisted) if has_more else ()
        slots: dict[str, Sequence[bytes | str]] = {
            "preheader": [block(escape(content.preheader))] if self._is_html else [],
            "sections": self._sections(content.sections),
            "more": more,
            "footer": self._footer(content),
        }
        return _body(digest.filled(slots))

    def _sections(self, sections: Iterable[SectionContent]) -> list[bytes | str]:
        pieces: list[bytes | str] = []
        for number, section in enumerate(sections):
            if not section.papers:
                continue
            part = self._parts.part("section", () if section.has_page else _NO_PAGE, label=section.label)
            cards = [self._cards.get(paper) or self._card(paper) for paper in section.papers]
            pieces += part.filled({"cards": cards, "unsubscribe_page": [section_page(number)]})
        return pieces

    def _card(self, paper: SectionPaper) -> bytes:
        also = self._parts.part("also", labels=named(paper.also)).joined({}) if paper.also else b""
        card = self._parts.part("card", card=paper.card).joined({"also": also})
        self._cache.make_room(len(card))
        self._cards[paper] = card
        return card

    def _footer(self, content: MailContent) -> list[bytes | str]:
        part = self._parts.part("footer", () if content.has_page else _NO_PAGE)
        shown = named(content.labels)
        labels: list[bytes | str] = []
        for place, label in enumerate(shown, start=1):
            labels += self._parts.part("label", label=label, last=place == len(shown))
        values = {slot: [slot] for slot in ("recipient", "unsubscribe_page", "unsubscribe_url")}
        return part.filled({"labels": labels, **values})


def _body(pieces: Iterable[bytes | str]) -> Body:
    body = Body([], [])
    for place, piece in enumerate(pieces):
        if isinstance(piece, bytes):
            body.blocks.append(piece)
        else:
            body.blocks.append(b"")
            body.slots.append((place, piece))
    return body
