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
    """Shapes, one after the other, on their way to a mail.

    `places` says, by the variable of a loop over groups, which number the value of the present group has.
    """

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.slots: list[tuple[int, Any]] = []
        self.made: list[tuple[int, Made]] = []
        self.places: dict[str, int] = {}

    def add(self, shape: Shape) -> None:
        """Go on with a shape."""
        blocks, slots, made = shape
        if slots or made:
            start = len(self.blocks)
            number_of = self.places.get
            self.slots += [(start + place, number_of(value, value)) for place, value in slots]
            self.made += [(start + place, each) for place, each in made]
        self.blocks += blocks

    def shape(self) -> Shape:
        """All of it as one shape."""
        return Shape(tuple(self.blocks), tuple(self.slots), tuple(self.made))


def filled(shape: Shape, own: Sequence[bytes]) -> list[bytes]:
    """The blocks of a shape, with one reader's own values in the slots: as blocks, by their numbers."""
    blocks = list(shape.blocks)
    for place, number in shape.slots:
        blocks[place] = own[number]
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
