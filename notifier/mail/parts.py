"""Render the parts of a mail: small Jinja templates, each rendered once for each context.

A part sees the values of its context and nothing else, so the context is the key under which the result is cached.
Content that differs from mail to mail goes into the part's slots. A slot holds a value of the subscriber, a count, or
another part. A template can only show a slot or test whether it is empty. The rendered part is split at its slots, and
each mail fills them. See docs/templates.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from jinja2 import Environment, Template
from markupsafe import Markup

from notifier.digests.cache import Cache
from notifier.errors import TemplateError
from notifier.mail.quoted_printable import block
from notifier.templates import explaining_errors_of


class PartKind(NamedTuple):
    """The names that the template of a part can use: the values of its context, and its slots."""

    values: tuple[str, ...]
    slots: tuple[str, ...] = ()


LINKS_OF_FOOTER = ("digest_page", "manage_page", "unsubscribe_page", "unsubscribe_url")

PARTS: Mapping[str, PartKind] = {
    "digest": PartKind(
        ("subject", "brand", "opening", "stylesheet"), ("preheader", "contents", "sections", "more", "footer")
    ),
    "contents": PartKind(("others",), ("entries",)),
    "entry": PartKind(("label", "last"), ("anchor", "total")),
    "section": PartKind(("label", "note"), ("anchor", "total", "cards", "lines")),
    "card": PartKind(("card",), ("also", "because", "vote")),
    "also": PartKind(("labels",)),
    "because": PartKind(("title",)),
    "vote": PartKind((), ("vote_page",)),
    "line": PartKind(("paper",)),
    "more": PartKind(("total", "unlisted", "waiting"), ("lines", "digest_page")),
    "footer": PartKind(("brand", "postal_address"), ("recipient", "labels", *LINKS_OF_FOOTER)),
    "label": PartKind(("label",), ("unsubscribe_page",)),
}

PART_BYTES = 500  # the memory that a cached part takes, without its blocks
LINE_BYTES = 150  # the memory that a cached line takes, without its text

_MARKER = re.compile("\0([^\0]*)\0")  # no text in a mail holds a control character


class SlotPlaceholder:
    """A slot as a template sees it: it can be shown, and is true in a condition. Every other use raises TypeError."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.marker = Markup(f"\0{name}\0")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(f"{self._name} is filled in later, so a template can only show it as it is")

    __str__ = __html__ = __eq__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class RenderedPart(tuple[bytes | str, ...]):
    """A part that is ready to be put into mails: encoded blocks, and between them the names of slots."""

    def filled(self, slots: Mapping[str, Sequence[bytes | str]]) -> list[bytes | str]:
        """Return the part with each slot replaced by its content: blocks, or names of slots that each mail fills."""
        pieces: list[bytes | str] = []
        for each in self:
            if isinstance(each, str):
                pieces += slots[each]
            else:
                pieces.append(each)
        return pieces

    def joined(self, slots: Mapping[str, bytes]) -> bytes:
        """Return the block of the part with a block in each slot."""
        return b"".join([slots[each] if isinstance(each, str) else each for each in self])


class Parts:
    """Renders the parts of one body of a mail and caches them. Raises ConfigError if a template is missing or broken.

    `suffix` is the kind of body, `html` or `txt`. `finish` is applied to each rendered part before it is encoded.
    """

    def __init__(self, templates: Environment, suffix: str, cache: Cache, finish: Callable[[str], str] = str) -> None:
        self._templates = part_templates(templates.overlay(finalize=_with_marker), suffix)
        self._finish = finish
        self._cache = cache
        self._rendered: dict[Hashable, RenderedPart] = cache.table()
        self._lines: dict[str, bytes] = cache.table()

    def part(self, name: str, without: tuple[str, ...] = (), **context: Any) -> RenderedPart:
        """Return a part for this context, from the cache if it was rendered before.

        The slots in `without` are empty, which the template can test. Raises TemplateError if the template fails on
        this context, or does anything with a slot other than show it or test whether it is empty.
        """
        key = name, without, *context.values()
        if (part := self._rendered.get(key)) is None:
            slots = {slot: "" if slot in without else _PLACEHOLDERS[slot] for slot in PARTS[name].slots}
            part = self._split(name, self._finish(self._text(name, {**context, **slots})))
            self._cache.make_room(PART_BYTES + sum(map(len, part)))
            self._rendered[key] = part
        return part

    def _text(self, name: str, variables: dict[str, Any]) -> str:
        try:
            text = self._templates[name].render(variables)
            text.encode()  # raises an error if a template makes half of a surrogate pair
        except Exception:
            with explaining_errors_of(self._templates[name].filename or name):
                raise
        return text

    def _split(self, name: str, text: str) -> RenderedPart:
        """Return a rendered part as blocks and slots."""
        texts_and_slots = _MARKER.split(text)
        if not {*PARTS[name].slots} >= {*texts_and_slots[1::2]} or "\0" in "".join(texts_and_slots):
            file = self._templates[name].filename
            raise TemplateError(f"the template {file} changes a slot after it was shown; show the slot as it is")
        pieces = [each if index % 2 else self._block(each) for index, each in enumerate(texts_and_slots) if each]
        return RenderedPart(pieces)

    def _block(self, text: str) -> bytes:
        """Return the block of a text. Its lines are cached, since the cards of a paper share most of their lines."""
        known = self._lines.get
        return b"".join([known(line) or self._line(line) for line in text.splitlines(keepends=True)])

    def _line(self, text: str) -> bytes:
        self._cache.make_room(LINE_BYTES + 2 * len(text))
        self._lines[text] = encoded = block(text)
        return encoded


def part_templates(templates: Environment, suffix: str) -> dict[str, Template]:
    """Return the template of each part. Raises ConfigError if one is missing or broken."""
    variables = dict(templates.globals)
    found = {}
    for name in PARTS:
        file = f"email/{name}.{suffix}.j2"
        with explaining_errors_of(file):
            found[name] = templates.get_template(file)
        found[name].globals = variables  # a plain dict, since look-ups in Jinja's chain of dicts are slow
    return found


_PLACEHOLDERS = {slot: SlotPlaceholder(slot) for kind in PARTS.values() for slot in kind.slots}


def _with_marker(value: object) -> object:
    """Return what a template writes for a value: the marker of a slot, or else the value."""
    return value.marker if isinstance(value, SlotPlaceholder) else value
