"""Put the parts of a mail's body together, plain text or HTML, and fill in the slot values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any, NamedTuple

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
_NO_LINES = ("lines",)
_VOTE_PAGE = b"\0"  # the place of a slot in a block; quoted-printable has no such octet


class Body(NamedTuple):
    """A body as blocks. `places` holds the index of each empty block, and `slots` the slot whose value fills it.

    They are two lists, because a tuple for each slot would be one more object for the garbage collector.
    """

    blocks: list[bytes]
    places: list[int]
    slots: list[str]

    def filled(self, values: Mapping[str, bytes]) -> list[bytes]:
        """Return the blocks of one subscriber's mail."""
        blocks = self.blocks.copy()
        for place, slot in zip(self.places, self.slots, strict=True):
            blocks[place] = values[slot]
        return blocks


class BodyMaker:
    """Puts the parts of one kind of body together. `stylesheet` is None for plain text."""

    def __init__(self, parts: Parts, cache: Cache, stylesheet: Stylesheet | None = None) -> None:
        self._parts = parts
        self._is_html = stylesheet is not None
        self._style_element = Markup(stylesheet.kept) if stylesheet else ""
        self._cache = cache
        # Cards as blocks and the name of a slot, by whether they have the link for voting, which is the slot's.
        self._cards_with_votes: dict[SectionCard, Sequence[bytes | str]] = cache.table()
        self._cards_without_votes: dict[SectionCard, Sequence[bytes | str]] = cache.table()
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
            "sections": self._sections(shown, has_votes=content.has_page and content.has_web_copy),
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

    def _sections(self, sections: Iterable[tuple[int, SectionContent]], *, has_votes: bool) -> list[bytes | str]:
        pieces: list[bytes | str] = []
        known = self._cards_with_votes if has_votes else self._cards_without_votes
        for number, section in sections:
            without = () if section.lines else _NO_LINES
            cards = [known.get(each) or self._card(each, has_votes) for each in section.cards]
            papers: dict[str, Sequence[bytes | str]] = {
                "cards": list(chain.from_iterable(cards)),
                "lines": self._line_blocks(section.lines),
            }
            pieces += self._parts.part("section", without, label=section.label, note=section.note).filled(
                {**_place_of(number, section), **papers}
            )
        return pieces

    def _card(self, shown: SectionCard, has_votes: bool) -> Sequence[bytes | str]:
        """Return a card as blocks and the name of its slot, which holds the link for voting in each mail."""
        own = {
            "also": self._parts.part("also", labels=quoted(shown.also)).joined({}) if shown.also else b"",
            "because": self._parts.part("because", title=shown.because).joined({}) if shown.because else b"",
            "vote": self._vote(shown.card.paper_id) if has_votes else b"",
        }
        without = tuple([slot for slot, content in own.items() if not content])
        card = self._parts.part("card", without, card=shown.card).joined(own)
        self._cache.make_room(len(card))
        blocks = card.split(_VOTE_PAGE)
        pieces: list[bytes | str] = ["vote_page"] * (2 * len(blocks) - 1)
        pieces[::2] = blocks
        (self._cards_with_votes if has_votes else self._cards_without_votes)[shown] = pieces
        return pieces

    def _vote(self, paper_id: int) -> bytes:
        """Return the link for voting, with a mark where each mail has its own part of the URL."""
        return self._parts.part("vote").joined({"vote_page": _VOTE_PAGE + _short_block(f"/{paper_id}")})

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


_short_block = lru_cache(1 << 12)(block)  # counts, anchors, and ends of URLs


@lru_cache(1 << 12)  # many mails have the same titles in their preheaders
def _escaped_block(text: str) -> bytes:
    return block(escape(text))


@cache
def anchor(number: int) -> str:
    """Return the name of the place in a mail where a section begins; sections are numbered from 0."""
    return f"section-{number + 1}"


def _body(pieces: Sequence[bytes | str]) -> Body:
    places = [place for place, piece in enumerate(pieces) if isinstance(piece, str)]
    slots = [str(pieces[place]) for place in places]
    blocks: list[Any] = list(pieces)
    for place in places:
        blocks[place] = b""
    return Body(blocks, places, slots)
