"""What a part of a template reads, found in its syntax tree: so that its result can be kept for as long as that is the
same, and so that what is one reader's own can be put into a result that was made for another.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from enum import Enum, auto
from typing import NoReturn

from jinja2 import nodes

from notifier.errors import NotifierError
from notifier.mail.cards import Card
from notifier.mail.excerpts import Excerpt


class UnsplittableError(NotifierError):
    """Why a template cannot be taken apart: a sentence's end, such as `line 7 takes mail.groups as a whole`."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A value that templates read fields of.

    `shared` fields are the same in many mails, `own` ones differ from reader to reader; `parts` is the field that is
    only looped over, so that each of its values has blocks of its own.
    """

    shared: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    parts: str = ""


LETTER = Noun(
    shared=frozenset({"subject", "brand", "opening", "preheader", "labels", "rest", "unlisted"}),
    own=frozenset({"recipient", "unsubscribe_url", "unsubscribe_page"}),
    parts="groups",
)
GROUP = Noun(shared=frozenset({"label"}), own=frozenset({"unsubscribe_page"}), parts="cards")
CARD = Noun(shared=frozenset(each.name for each in fields(Card)))
_CARD_FIELDS = [[field] for field in CARD.shared]
TURN = Noun(shared=frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"}))
LABEL = Noun()  # a text
PARTS = {"groups": GROUP, "cards": CARD}
LOOPS = PARTS | {"labels": LABEL}  # what is taken apart where it is looped over


@dataclass(frozen=True, slots=True)
class Reads:
    """The fields that are read, as `mail.subject`.

    The result depends on the values of `shared`, and on whether those of `tested` hold anything. Those of `shown` are
    written as they are and nothing more is done with them; of `own` anything may be done.
    """

    shared: tuple[str, ...]
    tested: tuple[str, ...]
    shown: tuple[str, ...]
    own: tuple[str, ...]

    @property
    def alone(self) -> tuple[Hashable, ...]:
        """What is read that is seldom the same for two letters, or cards, where all else is: best made by itself."""
        of_cards = tuple(path for path in self.shared if path.split(".")[1:2] in _CARD_FIELDS)
        return bool(self.own), any(path.endswith(".preheader") for path in self.shared), of_cards


class _Use(Enum):
    SHOWN = auto()
    TESTED = auto()
    TAKEN = auto()


def reads_of(body: Iterable[nodes.Node], nouns: Mapping[str, Noun]) -> Reads:
    """What these nodes read of the variables in scope. Raises UnsplittableError where that cannot be told."""
    reading = _Reading(nouns)
    for node in body:
        reading.visit(node, _Use.TAKEN)
    return reading.result()


class _Reading:
    """A walk over a tree that notes each field with the strongest use made of it."""

    def __init__(self, nouns: Mapping[str, Noun]) -> None:
        self._nouns = nouns
        self._uses: dict[tuple[str, str], set[_Use]] = {}
        self._captured = False

    def result(self) -> Reads:
        own = {
            path: uses
            for path, uses in self._uses.items()
            if path[1] in self._nouns[path[0]].own | {self._nouns[path[0]].parts} - {""}
        }
        taken = {path for path, uses in own.items() if _Use.TAKEN in uses}
        return Reads(
            shared=_dotted(self._uses.keys() - own.keys()),
            tested=_dotted(own.keys() - taken),
            shown=_dotted(path for path, uses in own.items() if _Use.SHOWN in uses and path not in taken),
            own=_dotted(taken),
        )

    def visit(self, node: nodes.Node, use: _Use) -> None:
        match node:
            case nodes.Getattr(node=nodes.Getattr(node=nodes.Name(name=name), attr="abstract"), attr=part) if (
                self._nouns.get(name) is CARD and part in Excerpt._fields
            ):
                self._uses.setdefault((name, f"abstract.{part}"), set()).add(use)
            case nodes.Getattr(node=nodes.Name(name=name), attr=field) if name in self._nouns:
                self._note(node, name, field, use)
            case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(field))) if name in self._nouns:
                self._note(node, name, field, use)
            case nodes.Name(name=name) if name in self._nouns:
                self._whole(node, name, use)
            case nodes.Output():
                self._children(node, _Use.TAKEN if self._captured else _Use.SHOWN)
            case nodes.If() | nodes.CondExpr():
                self.visit(node.test, _Use.TESTED)
                self._children(node, use, exclude=("test",))
            case nodes.Not() | nodes.And() | nodes.Or() if use is _Use.TESTED:
                self._children(node, use)
            case nodes.For():
                self._children(node, _Use.TAKEN, only=("iter",))
                with self._without("loop"):
                    self._children(node, _Use.TAKEN, exclude=("iter",))
            case nodes.Macro() | nodes.CallBlock():
                with self._without(*(each.name for each in node.args)), self._capturing():
                    self._children(node, _Use.TAKEN, exclude=("args",))
            case nodes.FilterBlock() | nodes.AssignBlock() | nodes.EvalContextModifier():  # the last escapes otherwise
                with self._capturing():
                    self._children(node, _Use.TAKEN)
            case _:
                self._children(node, _Use.TAKEN)

    def _children(
        self, node: nodes.Node, use: _Use, exclude: tuple[str, ...] | None = None, only: tuple[str, ...] | None = None
    ) -> None:
        for child in node.iter_child_nodes(exclude, only):
            self.visit(child, use)

    @contextmanager
    def _without(self, *names: str) -> Iterator[None]:
        """In this block these names mean something else."""
        before = self._nouns
        self._nouns = {name: noun for name, noun in before.items() if name not in names}
        yield
        self._nouns = before

    @contextmanager
    def _capturing(self) -> Iterator[None]:
        """What is written in this block is not shown as it is: something is done with it."""
        before, self._captured = self._captured, True
        yield
        self._captured = before

    def _note(self, node: nodes.Node, name: str, field: str, use: _Use) -> None:
        noun = self._nouns[name]
        if field == noun.parts and use is not _Use.TESTED:
            _refuse(node, f"takes {name}.{field} as a whole")
        if field not in noun.shared | noun.own | {noun.parts}:
            _refuse(node, f"reads {name}.{field}, which is not known beforehand")
        self._uses.setdefault((name, field), set()).add(use)

    def _whole(self, node: nodes.Name, name: str, use: _Use) -> None:
        if node.ctx != "load":
            _refuse(node, f"gives {name} another value")
        noun = self._nouns[name]
        if noun is CARD:
            for field in CARD.shared:
                self._uses.setdefault((name, field), set()).add(use)
        elif noun is LABEL:
            self._uses.setdefault((name, ""), set()).add(use)
        else:
            _refuse(node, f"takes {name} as a whole")


def _dotted(paths: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return _sorted(f"{name}.{field}".rstrip(".") for name, field in paths)


def _sorted(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(paths)))


def _refuse(node: nodes.Node, reason: str) -> NoReturn:
    raise UnsplittableError(f"line {node.lineno} {reason}")
