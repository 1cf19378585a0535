"""What a template is once it is taken apart: steps, each with its shape, most of which was made for an earlier mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Protocol

from jinja2 import Template

from notifier.digests.cards import Card
from notifier.digests.letter import OWN
from notifier.digests.memory import Memory
from notifier.digests.quoted import block
from notifier.digests.reading import Reads, together
from notifier.digests.shapes import Draft, Made, Shape

# Stands for a reader's own value. No text in a letter holds a control character, and no template may.
HOLE = "\0"
_HOLE = re.compile(f"{HOLE}(\\d+){HOLE}")

ENTRY_BYTES = 300  # of what a table keeps, beside its blocks


class Step(Protocol):
    """A part of a template."""

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add this part's shape, given the variables in `scope`."""


def shape_of(steps: Iterable[Step], scope: SimpleNamespace) -> Shape:
    """The shapes of steps, one after the other, as one."""
    draft = Draft()
    for step in steps:
        step.write(scope, draft)
    return draft.shape()


class Piece:
    """A part of a template without loops over parts. Its shape is kept for what it reads.

    What is only shown of a reader's own values stands in slots. Where more is done with them it is all made for each
    reader, unless the reader has none.
    """

    def __init__(self, template: Template, reads: Reads, memory: Memory) -> None:
        self.reads = reads
        self._template = template
        self._memory = memory
        self._kept: dict[Any, Shape] = memory.table()
        self._key = _key_getter(reads.shared, (*reads.own, *reads.tested))

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add this part's shape."""
        draft.add(self.shape(scope))

    def shape(self, scope: SimpleNamespace) -> Shape:
        """What was made of the same before, else made now."""
        key = self._key(scope)
        if (shape := self._kept.get(key)) is None:
            shape = self._new_shape(scope)
            self._memory.spend(sum(map(len, shape.blocks)) + ENTRY_BYTES)
            self._kept[key] = shape
        return shape

    def _new_shape(self, scope: SimpleNamespace) -> Shape:
        if self.reads.own and any(attrgetter(path)(scope) for path in self.reads.own):
            return Shape((b"",), made=((0, self._made),))
        if not self.reads.shown:
            return Shape((self._made(scope),))
        variables = vars(scope).copy()
        for place, path in enumerate(self.reads.shown):
            if attrgetter(path)(scope):
                name, field = path.split(".")
                variables[name] = replace(variables[name], **{field: f"{HOLE}{place}{HOLE}"})
        return _with_slots(_text(self._template, variables), [_value(path) for path in self.reads.shown])

    def _made(self, scope: SimpleNamespace) -> bytes:
        return block(_text(self._template, vars(scope)))


class Cards:
    """A loop over cards that reads each card and what is outside of the loop, so that a card keeps its blocks."""

    def __init__(self, variable: str, path: str, pieces: Sequence[Piece], memory: Memory) -> None:
        self._variable = variable
        self._cards = attrgetter(path)
        self._memory = memory
        reads = together(piece.reads for piece in pieces)
        self._outer = _key_getter(tuple(path for path in reads.shared if not path.startswith(f"{variable}.")), ())
        also = f"{variable}.also"
        self._runs = [(alike, tuple(run)) for alike, run in groupby(pieces, lambda each: also not in each.reads.shared)]
        self._kept: dict[Any, dict[Card, tuple[bytes, ...]]] = memory.table()
        self._kept_runs: dict[Any, dict[tuple[Card, int], bytes]] = memory.table()

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add every card's blocks."""
        kept = self._kept.setdefault(self._outer(scope), {})
        for card in self._cards(scope):
            draft.blocks += kept.get(card) or self._keep(card, kept, scope)

    def _keep(self, card: Card, kept: dict[Card, tuple[bytes, ...]], scope: SimpleNamespace) -> tuple[bytes, ...]:
        """The blocks of a card; the runs of pieces that do not read `also` are the same in all cards that are alike."""
        setattr(scope, self._variable, card)
        kept_runs = self._kept_runs.setdefault(self._outer(scope), {})
        blocks: list[bytes] = []
        for number, (is_alike, pieces) in enumerate(self._runs):
            if not is_alike:
                blocks += _blocks(pieces, scope)
                continue
            key = card.alone or card, number
            if (run := kept_runs.get(key)) is None:
                kept_runs[key] = run = self._joined(pieces, scope)
            blocks.append(run)
        kept[card] = whole = tuple(blocks)
        return whole

    def _joined(self, pieces: Iterable[Piece], scope: SimpleNamespace) -> bytes:
        """Pieces as one block."""
        joined = b"".join(_blocks(pieces, scope))
        self._memory.spend(len(joined) + ENTRY_BYTES)
        return joined


def _blocks(pieces: Iterable[Piece], scope: SimpleNamespace) -> list[bytes]:
    """The blocks of pieces that show nothing of a reader's own."""
    return [each for piece in pieces for each in piece.shape(scope).blocks]


class Loop:
    """A loop over parts, each of which is written by the steps of its body."""

    def __init__(self, variable: str, path: str, body: Sequence[Step]) -> None:
        self._variable = variable
        self._parts = attrgetter(path)
        self._body = body

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add the shapes of every turn."""
        outer = getattr(scope, "loop", None)
        parts = self._parts(scope)
        for turn, part in zip(_turns(len(parts)), parts, strict=True):
            setattr(scope, self._variable, part)
            scope.loop = turn
            slots, made = len(draft.slots), len(draft.made)
            for step in self._body:
                step.write(scope, draft)
            if len(draft.slots) > slots:
                draft.slots[slots:] = [(place, self._in_turn(value, turn)) for place, value in draft.slots[slots:]]
            if len(draft.made) > made:
                draft.made[made:] = [(place, self._within(turn, each)) for place, each in draft.made[made:]]
        scope.loop = outer

    def _in_turn(self, value: int | str, turn: Turn) -> int | str:
        return len(OWN) + turn.index0 if value == self._variable else value

    def _within(self, turn: Turn, made: Made) -> Made:
        """What is made of what is read in a turn."""

        def in_its_turn(scope: SimpleNamespace) -> bytes:
            setattr(scope, self._variable, self._parts(scope)[turn.index0])
            scope.loop = turn
            return made(scope)

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


@lru_cache(256)
def _turns(length: int) -> tuple[Turn, ...]:
    return tuple(Turn(index, length) for index in range(length))


def _text(template: Template, variables: Mapping[str, Any]) -> str:
    """What a template makes of variables, without the copies that `Template.render` makes of them."""
    context = template.new_context({**template.globals, **variables}, shared=True)
    return "".join(template.root_render_func(context))


def _with_slots(text: str, values: Sequence[int | str]) -> Shape:
    """A text as blocks, with slots where it holds the places of a reader's own values."""
    draft = Draft()
    for place, each in enumerate(_HOLE.split(text)):
        if place % 2:
            draft.add(Shape((b"",), slots=((0, values[int(each)]),)))
        elif each:
            draft.add(Shape((block(each),)))
    return draft.shape()


def _value(path: str) -> int | str:
    """Which of a reader's own values this is: its number, or the variable of the group whose it is."""
    name, field = path.split(".")
    return OWN.index(field) if name == "mail" else name


def _key_getter(shared: tuple[str, ...], tested: tuple[str, ...]) -> Callable[[SimpleNamespace], Any]:
    """What a shape depends on: the values of `shared`, and whether those of `tested` hold anything."""
    values = attrgetter(*shared) if shared else lambda _: None
    if not tested:
        return values
    tests = [attrgetter(path) for path in tested]
    return lambda scope: (values(scope), *[bool(test(scope)) for test in tests])
