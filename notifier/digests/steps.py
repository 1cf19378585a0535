"""What a template is once it is taken apart: steps that write blocks, most of which were made for an earlier mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Protocol

from jinja2 import Template

from notifier.digests.cards import Card
from notifier.digests.quoted import block, escaped_block, value_block
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
    """A part of a template that reads only what many mails share. What it makes is kept for what it reads."""

    def __init__(self, template: Template, reads: Reads, memory: Memory) -> None:
        self.reads = reads
        self._template = template
        self._memory = memory
        self._kept = memory.table()
        self._shared = _getter(reads.shared)
        self._card = attrgetter(reads.card) if reads.card else None

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add this part's block."""
        kept, key = self._kept, self._shared(scope)
        if self._card:
            kept, key = self._card(scope).parts, (self, key)
        out.append(kept.get(key) or self._keep(kept, key, scope))

    def _keep(self, kept: dict[Any, bytes], key: Any, scope: SimpleNamespace) -> bytes:
        made = block(self._template.render(vars(scope)))
        self._memory.spend(len(made) + ENTRY_BYTES)
        kept[key] = made
        return made


class FilledPiece:
    """A part that shows a reader's own values as they are: they are put between blocks, which are kept."""

    def __init__(self, template: Template, reads: Reads, escapes: bool, memory: Memory) -> None:
        self.reads = reads
        self._template = template
        self._block = escaped_block if escapes else value_block
        self._memory = memory
        self._kept = memory.table()
        self._shared = _getter(reads.shared)
        self._card = attrgetter(reads.card) if reads.card else None
        self._tested = _tuple_getter(reads.tested)
        self._shown = _tuple_getter(reads.shown)
        self._tests_more = reads.tested != reads.shown

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add this part's blocks."""
        values = self._shown(scope)
        tested = self._tested(scope) if self._tests_more else values
        key = (self, self._shared(scope), all(tested) or (*map(bool, tested),))
        kept = self._card(scope).parts if self._card else self._kept
        shape = kept.get(key) or self._keep(kept, key, scope)
        encoded = self._block
        out.extend([each if type(each) is bytes else encoded(values[each]) for each in shape])

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
        return tuple(int(text) if place % 2 else block(text) for place, text in enumerate(pieces) if text)


class OwnPiece:
    """A part that does more with a reader's own values than show them, so that it is made for each mail."""

    def __init__(self, template: Template, reads: Reads, memory: Memory) -> None:
        self._template = template
        self._own = _tuple_getter((*reads.own, *reads.tested))
        self._without = Piece(template, reads, memory)

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add this part's block; where a reader has nothing of his own, it is the same for many."""
        if any(self._own(scope)):
            out.append(block(self._template.render(vars(scope))))
        else:
            self._without.write(scope, out)


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


class Loop:
    """A loop over parts, each of which is written by the steps of its body."""

    def __init__(self, variable: str, path: str, body: Sequence[Step], counts: bool) -> None:
        self._variable = variable
        self._parts = attrgetter(path)
        self._body = body
        self._counts = counts

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add the blocks of every turn."""
        parts = self._parts(scope)
        outer = getattr(scope, "loop", None)
        for index, each in enumerate(parts):
            setattr(scope, self._variable, each)
            if self._counts:
                scope.loop = _turn(index, len(parts))
            for step in self._body:
                step.write(scope, out)
        scope.loop = outer


class Cards:
    """A loop over cards that reads nothing but each card, so that each is one block."""

    def __init__(self, variable: str, path: str, pieces: Sequence[Step]) -> None:
        self._variable = variable
        self._cards = attrgetter(path)
        self._pieces = pieces

    def write(self, scope: SimpleNamespace, out: list[bytes]) -> None:
        """Add every card's block."""
        cards = self._cards(scope)
        try:
            out.extend([card.blocks[self] for card in cards])
        except KeyError:
            out.extend([card.blocks.get(self) or self._made(card, scope) for card in cards])

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
