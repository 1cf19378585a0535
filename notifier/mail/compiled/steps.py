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
from jinja2.runtime import Context

from notifier.digests.cache import Memory
from notifier.mail.cards import Card, Placed
from notifier.mail.compiled.reads import Reads
from notifier.mail.compiled.shapes import Draft, Made, Shape
from notifier.mail.personal import OWN
from notifier.mail.quoted_printable import block

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
        self._text = renderer(template)
        self._memory = memory
        self._kept: dict[Any, Shape] = memory.table()
        self._key = _key_getter(reads.shared, (*reads.own, *reads.tested))

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add this part's shape."""
        key = self._key(scope)
        draft.add(self._kept.get(key) or self._keep(key, scope))

    def block(self, scope: SimpleNamespace) -> bytes:
        """This part as one block, where it reads nothing of a reader's own."""
        key = self._key(scope)
        (only,), _, _ = self._kept.get(key) or self._keep(key, scope)
        return only

    def _keep(self, key: Any, scope: SimpleNamespace) -> Shape:
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
        return _with_slots(self._text(variables), [_value(path) for path in self.reads.shown])

    def _made(self, scope: SimpleNamespace) -> bytes:
        return block(self._text(vars(scope)))


class Cards:
    """A loop over the cards of a group that reads each card and what is outside of the loop, so that blocks are kept.

    Pieces that do not read `also` are made once for a card, whatever labels it is placed beside.
    """

    def __init__(self, variable: str, path: str, pieces: Sequence[Piece], memory: Memory) -> None:
        self._variable = variable
        self._placed = attrgetter(f"{path.removesuffix('.cards')}.placed")
        self._memory = memory
        outside = [path for path in _shared(pieces) if not path.startswith(f"{variable}.")]
        self._outer = _key_getter(tuple(outside), ())
        also = f"{variable}.also"
        self._runs = [(alike, tuple(run)) for alike, run in groupby(pieces, lambda each: also not in each.reads.shared)]
        beside = [piece for alike, run in self._runs if not alike for piece in run]
        self._are_alike = not beside
        self._reads_also_alone = set(_shared(beside)) <= {also, *outside}
        self._kept: dict[Any, dict[Card | Placed, bytes]] = memory.table()
        self._kept_alike: dict[Any, dict[Card, list[bytes]]] = memory.table()

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add every card's block."""
        outer = self._outer(scope)
        kept = self._kept.setdefault(outer, {})
        known = kept.get
        placed = self._placed(scope)
        draft.blocks += [
            self._keep(each, outer, kept, scope) if (made := known(each)) is None else made
            for each in ([one.alone for one in placed] if self._are_alike else placed)
        ]

    def _keep(self, each: Card | Placed, outer: Any, kept: dict[Card | Placed, bytes], scope: SimpleNamespace) -> bytes:
        made = b"".join(self._blocks(each, outer, scope))
        self._memory.spend(len(made) + ENTRY_BYTES)
        kept[each] = made  # which nobody will find, where the memory starts anew amid a letter
        return made

    def _blocks(self, each: Card | Placed, outer: Any, scope: SimpleNamespace) -> list[bytes]:
        if isinstance(each, Card):
            return self._alike(each, scope)
        kept = self._kept_alike.setdefault(outer, {})
        if (alike := kept.get(each.alone)) is None:
            alike = self._alike(each.alone, scope)
            self._memory.spend(sum(map(len, alike)) + ENTRY_BYTES)
            kept[each.alone] = alike
        # What reads no more of the card than `also` finds that here too, and no card with it has to be made.
        setattr(scope, self._variable, each if self._reads_also_alone else each.card)
        runs = iter(alike)
        return [next(runs) if is_alike else _block(run, scope) for is_alike, run in self._runs]

    def _alike(self, card: Card, scope: SimpleNamespace) -> list[bytes]:
        """The runs of pieces that do not read `also`."""
        setattr(scope, self._variable, card)
        return [_block(run, scope) for is_alike, run in self._runs if is_alike]


def _shared(pieces: Iterable[Piece]) -> list[str]:
    return sorted({path for piece in pieces for path in piece.reads.shared})


def _block(pieces: Iterable[Piece], scope: SimpleNamespace) -> bytes:
    return b"".join([piece.block(scope) for piece in pieces])


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
            draft.places[self._variable] = len(OWN) + turn.index0
            made = len(draft.made)
            for step in self._body:
                step.write(scope, draft)
            if len(draft.made) > made:
                draft.made[made:] = [(place, self._within(turn, each)) for place, each in draft.made[made:]]
        scope.loop = outer

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
        self._text = renderer(template)
        self._branches = branches

    def write(self, scope: SimpleNamespace, draft: Draft) -> None:
        """Add the shape of the branch that is taken."""
        for step in self._branches[int(self._text(vars(scope)))]:
            step.write(scope, draft)


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


def renderer(template: Template) -> Callable[[Mapping[str, Any]], str]:
    """What a template without blocks makes of variables, in a context that is kept: `render` makes one each time."""
    known = template.globals
    root = template.root_render_func
    context = _context(template)

    def text(variables: Mapping[str, Any]) -> str:
        nonlocal context
        context.parent = {**known, **variables}
        context.vars = {}
        try:
            made = "".join(root(context))
        except BaseException:
            context = _context(template)  # the old one may stand amid something that does not escape
            raise
        context.parent = {}  # nothing of a reader stays
        return made

    return text


def _context(template: Template) -> Context:
    return template.environment.context_class(template.environment, {}, template.name, {})


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
    values: Callable[[SimpleNamespace], Any] = attrgetter(*shared) if shared else bool  # always True
    if not tested:
        return values
    tests = attrgetter(*tested)
    if len(tested) == 1:
        return lambda scope: (values(scope), bool(tests(scope)))
    return lambda scope: (values(scope), *map(bool, tests(scope)))
