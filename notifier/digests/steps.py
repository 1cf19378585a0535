"""What a template is once it is taken apart: steps, each with its shape, most of which were made for an earlier mail.

A shape is blocks, with slots for what is one reader's own. Blocks are not joined before a whole mail is, so that one
that stands in many cards, sections and mails is kept once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from jinja2 import Template

from notifier.digests.cards import Card
from notifier.digests.memory import Memory
from notifier.digests.quoted import block, escaped_block, value_block
from notifier.digests.reading import Reads, together

# Stands for a reader's own value. No text in a letter holds a control character, and no template may.
HOLE = "\0"
_HOLE = re.compile(f"{HOLE}(\\d+){HOLE}")

ENTRY_BYTES = 300  # of what a table keeps, beside its blocks
PLACE_BYTES = 8  # of a block's place in a shape

Slot = Callable[[SimpleNamespace], bytes]  # makes the block that stands there of the variables in scope


class Shape(NamedTuple):
    """Blocks, and the slots among them by their places, where the blocks are empty."""

    blocks: tuple[bytes, ...]
    slots: tuple[tuple[int, Slot], ...] = ()


class Draft:
    """Shapes, one after the other, on their way to a mail."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.slots: list[tuple[int, Slot]] = []

    def add(self, shape: Shape) -> None:
        """Go on with a shape."""
        if shape.slots:
            start = len(self.blocks)
            self.slots += [(start + place, slot) for place, slot in shape.slots]
        self.blocks += shape.blocks

    def shape(self) -> Shape:
        """All of it as one shape."""
        return Shape(tuple(self.blocks), tuple(self.slots))


def filled(shape: Shape, scope: SimpleNamespace) -> list[bytes]:
    """The blocks of a shape, its slots filled from the variables in `scope`."""
    blocks = list(shape.blocks)
    for place, slot in shape.slots:
        blocks[place] = slot(scope)
    return blocks


def shape_of(steps: Iterable[Step], scope: SimpleNamespace) -> Shape:
    """The shapes of steps, one after the other, as one."""
    draft = Draft()
    for step in steps:
        step.write(scope, draft)
    return draft.shape()


class Step(Protocol):
    """A part of a template."""

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add this part's shape, given the variables in `scope`."""


class Piece:
    """A part of a template without loops over parts. Its shape is kept for what it reads.

    What is only shown of a reader's own values stands in slots. Where more is done with them it is all one slot, unless
    the reader has none.
    """

    def __init__(self, template: Template, reads: Reads, escapes: bool, memory: Memory) -> None:
        self.reads = reads
        self._template = template
        self._slots = [_slot(_shown(path, escapes)) for path in reads.shown]
        self._memory = memory
        self._kept: dict[Any, Shape] = memory.table()
        self._card = attrgetter(reads.card) if reads.card else None
        self._key = _key_getter(reads.shared, (*reads.own, *reads.tested))

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add this part's shape."""
        draft.add(self.shape(scope))

    def shape(self, scope: SimpleNamespace) -> Shape:
        """What was made of the same before, else made now."""
        kept, key = self._kept, self._key(scope)
        if self._card:
            kept, key = self._card(scope).parts, (self, key)
        if (shape := kept.get(key)) is None:
            shape = self._made(scope)
            self._memory.spend(sum(map(len, shape.blocks)) + ENTRY_BYTES)
            kept[key] = shape
        return shape

    def _made(self, scope: SimpleNamespace) -> Shape:
        if any(attrgetter(path)(scope) for path in self.reads.own):
            return _slot(self._rendered)
        variables = vars(scope).copy()
        for place, path in enumerate(self.reads.shown):
            if attrgetter(path)(scope):
                name, field = path.split(".")
                variables[name] = replace(variables[name], **{field: f"{HOLE}{place}{HOLE}"})
        draft = Draft()
        for place, text in enumerate(_HOLE.split(self._template.render(variables))):
            if place % 2:
                draft.add(self._slots[int(text)])
            elif text:
                draft.add(Shape((block(text),)))
        return draft.shape()

    def _rendered(self, scope: SimpleNamespace) -> bytes:
        return block(self._template.render(vars(scope)))


class Cards:
    """A loop over cards that reads each card and what is outside of the loop, so that a card keeps its shape."""

    def __init__(self, variable: str, path: str, pieces: Sequence[Piece], memory: Memory) -> None:
        self._variable = variable
        self._cards = attrgetter(path)
        self._pieces = pieces
        self._memory = memory
        reads = together(piece.reads for piece in pieces)
        self._key = _key_getter(tuple(path for path in reads.shared if path != f"{variable}.also"), reads.tested)

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add every card's shape."""
        key = self, self._key(scope)
        for card in self._cards(scope):
            draft.add(card.kept.get(key) or self._keep(card, key, scope))

    def _keep(self, card: Card, key: Hashable, scope: SimpleNamespace) -> Shape:
        setattr(scope, self._variable, card)
        card.kept[key] = shape = self._made(scope)
        return shape

    def _made(self, scope: SimpleNamespace) -> Shape:
        shapes = [shape for piece in self._pieces if (shape := piece.shape(scope)).blocks]
        if len(shapes) == 1:
            return shapes[0]
        draft = Draft()
        for shape in shapes:
            draft.add(shape)
        self._memory.spend(len(draft.blocks) * PLACE_BYTES + ENTRY_BYTES)
        return draft.shape()


class Loop:
    """A loop over parts, each of which is written by the steps of its body."""

    def __init__(self, variable: str, path: str, body: Sequence[Step]) -> None:
        self._variable = variable
        self._parts = attrgetter(path)
        self._body = body
        self._within = lru_cache(256)(self._slot_within)

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add the shapes of every turn."""
        outer = getattr(scope, "loop", None)
        length = len(self._parts(scope))
        for turn in [_turn(index, length) for index in range(length)]:
            self._begin(turn, scope)
            before = len(draft.slots)
            for step in self._body:
                step.write(scope, draft)
            draft.slots[before:] = [(place, self._within(turn, slot)) for place, slot in draft.slots[before:]]
        scope.loop = outer

    def _begin(self, turn: Turn, scope: SimpleNamespace) -> None:
        setattr(scope, self._variable, self._parts(scope)[turn.index0])
        scope.loop = turn

    def _slot_within(self, turn: Turn, slot: Slot) -> Slot:
        """A slot of a turn, which reads what it did there."""

        def in_its_turn(scope: SimpleNamespace) -> bytes:
            self._begin(turn, scope)
            return slot(scope)

        return in_its_turn


class Choice:
    """A condition around loops; its template names the branch to take, from 0."""

    def __init__(self, template: Template, branches: Sequence[Sequence[Step]]) -> None:
        self._template = template
        self._branches = branches

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add the shape of the branch that is taken."""
        draft.add(shape_of(self._branches[int(self._template.render(vars(scope)))], scope))


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a loop is: what templates read of `loop`."""

    index0: int
    length: int

    @property
    def index(self) -> int:
        return self.index0 + 1

    @property
    def revindex(self) -> int:
        return self.length - self.index0

    @property
    def revindex0(self) -> int:
        return self.revindex - 1

    @property
    def first(self) -> bool:
        return self.index0 == 0

    @property
    def last(self) -> bool:
        return self.revindex0 == 0


_turn = lru_cache(4096)(Turn)


def _slot(slot: Slot) -> Shape:
    return Shape((b"",), ((0, slot),))


def _shown(path: str, escapes: bool) -> Slot:
    """Where the value of a field is shown."""
    encoded, value = escaped_block if escapes else value_block, attrgetter(path)
    return lambda scope: encoded(value(scope))


def _key_getter(shared: tuple[str, ...], tested: tuple[str, ...]) -> Callable[[SimpleNamespace], Any]:
    """What a shape depends on: the values of `shared`, and whether those of `tested` hold anything."""
    values = attrgetter(*shared) if shared else lambda _: None
    if not tested:
        return values
    tests = [attrgetter(path) for path in tested]
    return lambda scope: (values(scope), *[bool(test(scope)) for test in tests])
