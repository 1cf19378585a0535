"""What a template is once it is taken apart: steps that write blocks, most of which were made for an earlier mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Protocol

from jinja2 import Template
from markupsafe import escape

from notifier.digests.cards import Card
from notifier.digests.quoted import block
from notifier.digests.reading import Reads

# Stands for a reader's own value. No text in a letter holds a control character, and no template may.
HOLE = "\0"
_HOLE = re.compile(f"{HOLE}(\\d+){HOLE}")

ENTRY_BYTES = 300  # of what a table keeps, beside its blocks

Getter = Callable[[Any], Any]
Shape = tuple[Any, ...]  # blocks, and between them the places of the values that stand there


class Memory:
    """Tables of what was made before, bounded together: when they hold `limit` bytes, all start anew."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._tables: list[dict[Any, Any]] = []

    def table(self) -> dict[Any, Any]:
        """A new table."""
        self._tables.append({})
        return self._tables[-1]

    def spend(self, size: int) -> None:
        """Make room for what takes about `size` bytes and is put into a table next."""
        self._used += size
        if self._used > self._limit:
            for table in self._tables:
                table.clear()
            self._used = size


class Step(Protocol):
    """A part of a template. `scope` holds the variables that it reads."""

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add this part's blocks."""


class Piece:
    """A part of a template without loops over groups or cards.

    What it makes is kept for the values that it reads. A reader's own values are put between its blocks where they are
    shown as they are; where more is done with them, nothing is kept.
    """

    def __init__(self, template: Template, reads: Reads, escapes: bool, memory: Memory) -> None:
        self.reads = reads
        self._template = template
        self._escapes = escapes
        self._memory = memory
        self._kept = memory.table()
        self._card = attrgetter(reads.card) if reads.card else None
        self._shared = _getter(reads.shared)
        self._tested = _tuple_getter(reads.tested)
        self._shown = _tuple_getter(reads.shown)
        self._own = _tuple_getter(reads.own)

    def is_of(self, variable: str) -> bool:
        """Whether it reads nothing but the card of this name."""
        reads = self.reads
        return not (reads.tested or reads.own) and all(path == f"{variable}.also" for path in reads.shared)

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add this part's blocks."""
        if self.reads.own and any(self._own(scope)):
            out.append(block(self._template.render(vars(scope))))
            return
        key = (self, self._shared(scope), *map(bool, self._tested(scope)))
        kept = self._table(scope)
        shape = kept.get(key) or self._keep(kept, key, scope)
        if len(shape) == 1:
            out.append(shape[0])
            return
        values = [block(str(escape(value)) if self._escapes else value) for value in self._shown(scope)]
        out.extend([values[each] if type(each) is int else each for each in shape])

    def _table(self, scope: SimpleNamespace) -> dict[Any, Any]:
        if self._card is None:
            return self._kept
        parts: dict[Any, Any] = self._card(scope).parts
        return parts

    def _keep(self, kept: dict[Any, Shape], key: Any, scope: SimpleNamespace) -> Shape:
        shape = self._shape(scope)
        self._memory.spend(sum(len(each) for each in shape if isinstance(each, bytes)) + ENTRY_BYTES)
        kept[key] = shape
        return shape

    def _shape(self, scope: SimpleNamespace) -> Shape:
        """This part with holes in place of the values that are shown."""
        variables = vars(scope).copy()
        for place, (path, value) in enumerate(zip(self.reads.shown, self._shown(scope), strict=True)):
            if value:
                name, field = path.split(".")
                variables[name] = replace(variables[name], **{field: f"{HOLE}{place}{HOLE}"})
        pieces = _HOLE.split(self._template.render(variables))
        return tuple(int(text) if place % 2 else block(text) for place, text in enumerate(pieces))


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


class Loop:
    """A loop over groups, or over cards where more than the card is read."""

    def __init__(self, variable: str, path: str, body: Sequence[Step]) -> None:
        self._variable = variable
        self._parts = attrgetter(path)
        self._body = body

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add the blocks of every turn."""
        parts = self._parts(scope)
        outer = getattr(scope, "loop", None)
        for index, each in enumerate(parts):
            setattr(scope, self._variable, each)
            scope.loop = Turn(index, len(parts))
            for step in self._body:
                step.write(scope, out)
        scope.loop = outer


class Cards:
    """A loop over cards that reads nothing but each card, so that each is one block."""

    def __init__(self, variable: str, path: str, pieces: Sequence[Piece]) -> None:
        self._variable = variable
        self._cards = attrgetter(path)
        self._pieces = pieces

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add every card's block."""
        out.extend([card.blocks.get(self) or self._made(card, scope) for card in self._cards(scope)])

    def _made(self, card: Card, scope: SimpleNamespace) -> bytes:
        setattr(scope, self._variable, card)
        written: list[bytes] = []
        for piece in self._pieces:
            piece.write(scope, written)
        card.blocks[self] = made = b"".join(written)
        return made


class Choice:
    """A condition around loops; its template names the branch to take, from 0."""

    def __init__(self, template: Template, branches: Sequence[Sequence[Step]]) -> None:
        self._template = template
        self._branches = branches

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add the blocks of the branch that is taken."""
        for step in self._branches[int(self._template.render(vars(scope)))]:
            step.write(scope, out)


def _getter(paths: tuple[str, ...]) -> Getter:
    return attrgetter(*paths) if paths else lambda _: None


def _tuple_getter(paths: tuple[str, ...]) -> Getter:
    """As `_getter`, but a tuple of one for one path."""
    if len(paths) == 1:
        only = attrgetter(paths[0])
        return lambda scope: (only(scope),)
    return attrgetter(*paths) if paths else lambda _: ()
