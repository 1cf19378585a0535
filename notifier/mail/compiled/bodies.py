"""A mail's body as a template makes it: by blocks where the template can be taken apart, else as a whole."""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

from jinja2 import Environment

from notifier.digests.cache import Memory
from notifier.errors import NotifierError, TemplateError
from notifier.mail.compiled.reads import UnsplittableError
from notifier.mail.compiled.samples import SAMPLES
from notifier.mail.compiled.shapes import Shape, filled, joined
from notifier.mail.compiled.splitting import escapes, split
from notifier.mail.compiled.steps import shape_of
from notifier.mail.compiled.styles import styled
from notifier.mail.letter import Letter, addressed, own_values
from notifier.mail.personal import Own
from notifier.mail.quoted_printable import block
from notifier.templates import explained, inline_css, render

# Of a letter that says what the one to this reader says; where its own values are empty, this reader's are too.
Blocks = Callable[[Letter, Own], Iterable[bytes]]

JOINED_AT = 2  # times that a shape was needed before
JOINED_SHARE = 8  # of the memory, for the joined shapes of a body alone: so that long ones drive out no card


@dataclass(frozen=True, slots=True)
class Body:
    """How a body is made, and why it has to be made the slow way (empty: it has not)."""

    blocks: Blocks
    why_slow: str = ""


def plain_body(templates: Environment, name: str, memory: Memory) -> Body:
    """The body that a template of plain text makes. Raises ConfigError where the template is missing or broken."""
    return _body(templates, name, memory)


def html_body(templates: Environment, name: str, memory: Memory) -> Body:
    """The body that a template of HTML makes, with its styles written into the elements.

    That is done with the template itself, once, or with every mail where it cannot be. Raises ConfigError as above.
    """
    try:
        return _body(styled(templates, name), name, memory)
    except (UnsplittableError, TemplateError) as error:
        return Body(partial(_inlined, templates, name), _slow(name, error))


def _body(templates: Environment, name: str, memory: Memory) -> Body:
    with explained(name):
        templates.get_template(name)
    try:
        by_blocks = _split(templates, name, memory)
    except UnsplittableError as error:
        return Body(partial(_whole, templates, name), _slow(name, error))
    return Body(by_blocks)


def _split(templates: Environment, name: str, memory: Memory) -> Blocks:
    with explained(name):
        parted = _Parted(templates, name, memory)
    for letter in SAMPLES:
        _check(parted.blocks, templates, name, letter)

    def by_blocks(letter: Letter, own: Own) -> Iterable[bytes]:
        try:
            return parted.blocks(letter, own)
        except Exception:  # a template may hold any expression; made whole, it says in which line it failed
            return _whole(templates, name, letter, own)

    return by_blocks


class _Parted:
    """A template that was taken apart."""

    def __init__(self, templates: Environment, name: str, memory: Memory) -> None:
        self._steps = split(templates, name, memory)
        self._escapes = escapes(templates, name)
        self._shapes: dict[Letter, Shape] = memory.table()
        self._joining = memory.part(JOINED_SHARE)
        self._needed: dict[Letter, int] = self._joining.table()  # how often, before it is joined
        self._joined: dict[Letter, Shape] = self._joining.table()

    def blocks(self, letter: Letter, own: Own) -> list[bytes]:
        """What it makes of a letter, whose shape is kept for the other readers to whom it goes."""
        shape = self._joined.get(letter) or self._shape(letter, own)
        blocks = filled(shape, own.escaped if self._escapes else own.blocks)
        if shape.made:
            scope = SimpleNamespace(mail=addressed(letter, own))
            for place, made in shape.made:
                blocks[place] = made(scope)
        return blocks

    def _shape(self, letter: Letter, own: Own) -> Shape:
        """The shape of a letter, which is joined once it was needed often enough to be worth its bytes.

        Most letters to readers of several subscriptions are told once.
        """
        if (shape := self._shapes.get(letter)) is None:
            self._shapes[letter] = made = shape_of(self._steps, SimpleNamespace(mail=addressed(letter, own)))
            return made
        times = self._needed.get(letter, 0) + 1
        if times < JOINED_AT:
            self._needed[letter] = times
            return shape
        shape = joined(shape)
        self._joining.spend(sum(map(len, shape.blocks)))
        self._joined[letter] = shape
        return shape


def _whole(templates: Environment, name: str, letter: Letter, own: Own) -> list[bytes]:
    return [block(render(templates, name, mail=addressed(letter, own)))]


def _inlined(templates: Environment, name: str, letter: Letter, own: Own) -> list[bytes]:
    return [block(inline_css(render(templates, name, mail=addressed(letter, own))))]


def _check(made: Blocks, templates: Environment, name: str, letter: Letter) -> None:
    """See that the blocks of a sample are what the whole template makes of it."""
    try:
        whole = render(templates, name, mail=letter)
        with explained(name):
            bodies = [b"".join(made(letter, own_values(letter))) for _ in range(JOINED_AT + 1)]  # at last joined
    except TemplateError as error:
        raise UnsplittableError(f"it fails on a sample: {error}") from None
    if {a2b_qp(body) for body in bodies} != {a2b_qp(block(whole))}:
        raise UnsplittableError("its parts do not add up to the whole")


def _slow(name: str, error: NotifierError) -> str:
    return f"mails are made whole, one by one, since {name} cannot be taken apart: {error}"
