"""A mail's body as a template makes it: by blocks where the template can be taken apart, else as a whole."""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

from jinja2 import Environment

from notifier.digests.letter import Letter
from notifier.digests.memory import Memory
from notifier.digests.quoted import block
from notifier.digests.reading import UnsplittableError
from notifier.digests.samples import SAMPLES
from notifier.digests.splitting import split
from notifier.digests.steps import Step, filled, shape_of
from notifier.digests.styles import styled
from notifier.errors import NotifierError, TemplateError
from notifier.rendering import explained, inline_css, render

Blocks = Callable[[Letter], Iterable[bytes]]


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
        return Body(lambda letter: [block(inline_css(render(templates, name, mail=letter)))], _slow(name, error))


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
        steps = split(templates, name, memory)
    for letter in SAMPLES:
        _check(steps, templates, name, letter)

    def by_blocks(letter: Letter) -> Iterable[bytes]:
        key = name, letter.blanks
        try:
            if (shape := letter.kept.get(key)) is None:
                letter.kept[key] = shape = shape_of(steps, SimpleNamespace(mail=letter))
            return filled(shape, SimpleNamespace(mail=letter))
        except Exception:  # a template may hold any expression; made whole, it says in which line it failed
            return _whole(templates, name, letter)

    return by_blocks


def _whole(templates: Environment, name: str, letter: Letter) -> list[bytes]:
    return [block(render(templates, name, mail=letter))]


def _check(steps: Iterable[Step], templates: Environment, name: str, letter: Letter) -> None:
    """See that the blocks of a sample are what the whole template makes of it."""
    try:
        whole = render(templates, name, mail=letter)
        with explained(name):
            scope = SimpleNamespace(mail=letter)
            blocks = filled(shape_of(steps, scope), scope)
    except TemplateError as error:
        raise UnsplittableError(f"it fails on a sample: {error}") from None
    if a2b_qp(b"".join(blocks)) != a2b_qp(block(whole)):
        raise UnsplittableError("its parts do not add up to the whole")


def _slow(name: str, error: NotifierError) -> str:
    return f"mails are made whole, one by one, since {name} cannot be taken apart: {error}"
