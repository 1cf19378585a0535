"""Blocks on their way to a mail, with places for what is one reader's own.

Blocks are not joined before a whole mail is, so that one that stands in many cards, sections and mails is kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

Made = Callable[[SimpleNamespace], bytes]  # makes the block that stands there of the variables in scope


class Shape(NamedTuple):
    """Blocks, empty where something of one reader's own stands.

    `slots` are the places of values that are shown, each with its number among a reader's own (a group's has the name
    of its variable instead, as long as nobody knows which group it is); what else becomes of such values is `made`.
    """

    blocks: tuple[bytes, ...]
    slots: tuple[tuple[int, Any], ...] = ()
    made: tuple[tuple[int, Made], ...] = ()


class Draft:
    """Shapes, one after the other, on their way to a mail."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.slots: list[tuple[int, Any]] = []
        self.made: list[tuple[int, Made]] = []

    def add(self, shape: Shape) -> None:
        """Go on with a shape."""
        start = len(self.blocks)
        self.blocks += shape.blocks
        if shape.slots:
            self.slots += [(start + place, number) for place, number in shape.slots]
        if shape.made:
            self.made += [(start + place, made) for place, made in shape.made]

    def shape(self) -> Shape:
        """All of it as one shape."""
        return Shape(tuple(self.blocks), tuple(self.slots), tuple(self.made))


def filled(shape: Shape, own: Sequence[bytes], scope: Callable[[], SimpleNamespace]) -> list[bytes]:
    """The blocks of a shape, with what is one reader's own in its places.

    `own` is that reader's own values as blocks, by their numbers; `scope` gives the variables of that reader's letter.
    """
    blocks = list(shape.blocks)
    for place, number in shape.slots:
        blocks[place] = own[number]
    if shape.made:
        variables = scope()
        for place, made in shape.made:
            blocks[place] = made(variables)
    return blocks


def joined(shape: Shape) -> Shape:
    """The same shape in as few blocks as there can be: one between two places."""
    blocks: list[bytes] = []
    start = 0
    places = sorted(place for place, _ in (*shape.slots, *shape.made))
    for place in places:
        blocks += [b"".join(shape.blocks[start:place]), b""]
        start = place + 1
    blocks.append(b"".join(shape.blocks[start:]))
    number = {place: 2 * index + 1 for index, place in enumerate(places)}
    return Shape(
        tuple(blocks),
        tuple([(number[place], value) for place, value in shape.slots]),
        tuple([(number[place], made) for place, made in shape.made]),
    )
