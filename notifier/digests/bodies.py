"""A mail's body as a template makes it: by blocks where the template can be taken apart, else as a whole."""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

from jinja2 import Environment

from notifier.digests.letter import Letter, addressed, own_values
from notifier.digests.memory import Memory
from notifier.digests.own import Own
from notifier.digests.quoted import block
from notifier.digests.reading import UnsplittableError
from notifier.digests.samples import SAMPLES
from notifier.digests.shapes import Shape, filled, joined
from notifier.digests.splitting import escapes, split
from notifier.digests.steps import shape_of
from notifier.digests.styles import styled
from notifier.errors import NotifierError, TemplateError
from notifier.rendering import explained, inline_css, render

# Of a letter that says what the one to this reader says; where its own values are empty, this reader's are too.
Blocks = Callable[[Letter, Own], Iterable[bytes]]

JOINED_AT = 2  # times that a shape was needed before


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
        self._memory = memory
        self._kept: dict[Letter, tuple[Shape, int]] = memory.table()  # and how often it was needed

    def blocks(self, letter: Letter, own: Own) -> list[bytes]:
        """What it makes of a letter, whose shape is kept for the other readers to whom it goes.

        That is joined once it has been needed often enough to be worth its bytes: most letters to readers of several
        subscriptions are told once.
        """
        shape, times = self._kept.get(letter, (None, 0))
        if shape is None:
            shape = shape_of(self._steps, SimpleNamespace(mail=addressed(letter, own)))
        elif times == JOINED_AT:
            shape = joined(shape)
            self._memory.spend(sum(map(len, shape.blocks)))
        if times <= JOINED_AT:
            self._kept[letter] = shape, times + 1
        blocks = filled(shape, own.escaped if self._escapes else own.blocks)
        if shape.made:
            scope = SimpleNamespace(mail=addressed(letter, own))
            for place, made in shape.made:
                blocks[place] = made(scope)
        return blocks


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
