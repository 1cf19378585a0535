"""A Jinja template taken apart into steps, at its loops over groups and over cards.

The syntax tree is split, not the source and not a sample of its output: so that each part's result is known to follow
from the fields that the tree reads and from nothing else. What is imported, defined or set beforehand goes along with
each part that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NoReturn

from jinja2 import Environment, Template, meta, nodes
from jinja2.visitor import NodeTransformer

from notifier.digests.cache import Memory
from notifier.mail.compiled.reads import CARD, LETTER, LOOPS, PARTS, TURN, Noun, Reads, UnsplittableError, reads_of
from notifier.mail.compiled.steps import HOLE, Cards, Choice, Loop, Piece, Step

_IMPORTING = (nodes.Import, nodes.FromImport)
_BINDING = (*_IMPORTING, nodes.Macro, nodes.Assign, nodes.AssignBlock)
_CHANGING = (nodes.List, nodes.Dict, nodes.Call)  # a value that one part could change for the next
_Nouns = Mapping[str, Noun]


def split(templates: Environment, name: str, memory: Memory) -> tuple[Step, ...]:
    """The steps of a template that shows `mail`. Raises UnsplittableError where it has to stay whole."""
    splitting = _Splitting(templates, name, memory)
    return tuple(splitting.steps(_parsed(templates, name).body, {"mail": LETTER}, ()))


def _parsed(templates: Environment, name: str, within: tuple[str, ...] = ()) -> nodes.Template:
    """A template's tree, with what it includes in its place."""
    assert templates.loader is not None
    source, filename, _ = templates.loader.get_source(templates, name)
    if HOLE in source:
        raise UnsplittableError(f"{name} holds a NUL character")
    if name in within:
        raise UnsplittableError(f"{name} includes itself")
    tree = templates.parse(source, name, filename)
    _Including(templates, name, within).visit(tree)
    return tree


class _Including(NodeTransformer):
    """Puts included templates in place, each in a scope of its own, as Jinja would; what cannot be is refused."""

    def __init__(self, templates: Environment, name: str, within: tuple[str, ...]) -> None:
        self._templates = templates
        self._within = (*within, name)
        self._escapes = escapes(templates, name)

    def visit_Include(self, node: nodes.Include) -> nodes.Scope:  # noqa: N802
        other = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(other, str) or not node.with_context or escapes(self._templates, other) != self._escapes:
            _refuse(node, "includes what is not known beforehand, or is of another kind")
        return nodes.Scope(_parsed(self._templates, other, self._within).body, lineno=node.lineno)

    def visit_Import(self, node: nodes.Import | nodes.FromImport) -> nodes.Stmt:  # noqa: N802
        if node.with_context:
            _refuse(node, "imports with all that is in sight")
        return node

    visit_FromImport = visit_Import  # noqa: N815

    def visit_Extends(self, node: nodes.Extends) -> NoReturn:  # noqa: N802
        _refuse(node, "extends another template")

    def visit_Block(self, node: nodes.Block) -> NoReturn:  # noqa: N802
        _refuse(node, f"is a block, {node.name}")


class _Splitting:
    """One template's way into steps."""

    def __init__(self, templates: Environment, name: str, memory: Memory) -> None:
        self._templates = templates
        self._name = name
        self._memory = memory
        self._set_before: set[str] = set()  # names that a part set for itself, out of sight for the next one

    def steps(self, body: Iterable[nodes.Node], nouns: _Nouns, before: tuple[nodes.Node, ...]) -> Iterator[Step]:
        """The steps of these nodes; `before` is what they may use."""
        waiting: list[tuple[nodes.Node, tuple[nodes.Node, ...], Reads]] = []
        for node in _single(body):
            if _binds(node):
                _check_binding(node)
                before = (*before, node)
            elif (
                _path_of_loop(node, nouns)
                or _has_parts(node)
                or (isinstance(node, nodes.Scope) and CARD in nouns.values())
            ):
                yield from self._pieces(waiting, nouns)
                waiting = []
                yield from self._around_parts(node, nouns, before)
            else:
                used = self._used(node, before)
                text = isinstance(node, nodes.Output) and isinstance(node.nodes[0], nodes.TemplateData)
                reads = waiting[-1][2] if text and waiting else reads_of((*used, node), nouns)
                waiting.append((node, used, reads))
        yield from self._pieces(waiting, nouns)

    def _around_parts(self, node: nodes.Node, nouns: _Nouns, before: tuple[nodes.Node, ...]) -> Iterator[Step]:
        match node:
            case nodes.For(target=nodes.Name(name=variable)) if path := _path_of_loop(node, nouns):
                if node.test or node.else_ or node.recursive or variable in nouns:
                    _refuse(node, "loops in a way of its own")
                yield self._loop(node, variable, path, nouns, before)
            case nodes.If():
                yield self._choice(node, nouns, before)
            case nodes.Scope():
                yield from self.steps(node.body, nouns, before)
            case _:
                _refuse(node, "does something with all of what is in its loop")

    def _loop(self, node: nodes.For, variable: str, path: str, nouns: _Nouns, before: tuple[nodes.Node, ...]) -> Step:
        field = path.split(".")[1]
        inner = {**nouns, variable: LOOPS[field], "loop": TURN}
        body = list(self.steps(node.body, inner, before))
        if field == "cards" and (pieces := _of_cards_alone(body)):
            return Cards(variable, path, pieces, self._memory)
        return Loop(variable, path, body)

    def _choice(self, node: nodes.If, nouns: _Nouns, before: tuple[nodes.Node, ...]) -> Step:
        cases = [node, *node.elif_]
        branches = [list(self.steps(case.body, nouns, before)) for case in cases]
        branches.append(list(self.steps(node.else_, nouns, before)))
        test: list[nodes.Node] = [nodes.Output([nodes.TemplateData(str(len(cases)))])]
        for number, case in reversed(list(enumerate(cases))):
            test = [
                nodes.If(case.test, [nodes.Output([nodes.TemplateData(str(number))])], [], test, lineno=case.lineno)
            ]
        used = self._used(test[0], before)
        if reads_of((*used, *test), nouns).own:
            _refuse(node, "chooses by more of a reader's own than whether it is there")
        return Choice(self._compiled([*used, *test]), branches)

    def _pieces(
        self, waiting: Sequence[tuple[nodes.Node, tuple[nodes.Node, ...], Reads]], nouns: _Nouns
    ) -> Iterator[Step]:
        """Neighbours become one piece, but what differs more often than others stays by itself."""
        for _, together in groupby(waiting, key=lambda each: each[2].alone):
            body, used, _ = zip(*together, strict=True)
            beforehand = list(dict.fromkeys(node for each in used for node in each))
            whole = [*beforehand, *body]
            yield self._piece(whole, reads_of(whole, nouns))
            for node in body:
                self._set_before |= _set_in(node)

    def _piece(self, body: list[nodes.Node], reads: Reads) -> Step:
        return Piece(self._compiled(body), reads, self._memory)

    def _used(self, node: nodes.Node, before: tuple[nodes.Node, ...]) -> tuple[nodes.Node, ...]:
        """Those of the nodes before that a node needs, in order."""
        needed = self._free([node])
        used: list[nodes.Node] = []
        for each in reversed(before):
            if _bound(each) & needed:
                used.insert(0, each)
                needed |= self._free([each])
        return tuple(used)

    def _free(self, body: list[nodes.Node]) -> set[str]:
        return meta.find_undeclared_variables(self._tree(body))

    def _compiled(self, body: list[nodes.Node]) -> Template:
        if lost := self._free(body) & self._set_before:
            _refuse(body[-1], f"uses {min(lost)}, which an earlier part sets")
        imported = {name: value for node in body for name, value in self._imported(node)}
        tree = self._tree([node for node in body if not isinstance(node, _IMPORTING)])
        code = self._templates.compile(tree, self._name, self._name)
        known = {**self._templates.globals, **imported}  # a plain dict, which costs least at every rendering
        return self._templates.template_class.from_code(self._templates, code, known)

    def _imported(self, node: nodes.Node) -> Iterator[tuple[str, object]]:
        """What a node imports, by the names that it gives it: once here, instead of at every rendering."""
        if not isinstance(node, _IMPORTING):
            return
        assert isinstance(node.template, nodes.Const)
        try:
            module = self._templates.get_template(node.template.value).module
        except Exception as error:  # the whole template will say it better
            _refuse(node, f"imports what fails: {error}")
        if isinstance(node, nodes.Import):
            yield node.target, module
            return
        for each in node.names:
            name, alias = (each, each) if isinstance(each, str) else each
            if not hasattr(module, name):
                _refuse(node, f"imports {name}, which is not there")
            yield alias, getattr(module, name)

    def _tree(self, body: list[nodes.Node]) -> nodes.Template:
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(self._templates)
        return tree


def _of_cards_alone(body: Iterable[Step]) -> list[Piece]:
    """The pieces of a loop's body where what they write of a card depends neither on the turn nor on a reader."""
    pieces = [
        step
        for step in body
        if isinstance(step, Piece)
        and not (step.reads.own or step.reads.tested)
        and not any(path.startswith("loop.") for path in step.reads.shared)
    ]
    return pieces if pieces == body else []


def _single(body: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """The nodes, with every output by itself."""
    for node in body:
        if isinstance(node, nodes.Output):
            yield from (nodes.Output([each], lineno=each.lineno) for each in node.nodes)
        else:
            yield node


def _has_parts(node: nodes.Node) -> bool:
    """Whether there is a loop over groups or cards in a node."""
    loops = [node, *node.find_all(nodes.For)]
    return any(isinstance(each, nodes.For) and _ends_in_parts(each.iter) for each in loops)


def _ends_in_parts(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.attr in PARTS


def _path_of_loop(node: nodes.Node, nouns: _Nouns) -> str:
    """What a loop is over that is taken apart: `mail.groups`, say; else nothing."""
    if not isinstance(node, nodes.For) or not isinstance(node.target, nodes.Name):
        return ""
    over = node.iter
    if not isinstance(over, nodes.Getattr) or not isinstance(over.node, nodes.Name):
        return ""
    noun = nouns.get(over.node.name)
    known = noun is not None and over.attr in (noun.parts, *(LOOPS.keys() & noun.shared))
    return f"{over.node.name}.{over.attr}" if known else ""


def _binds(node: nodes.Node) -> bool:
    """Whether a node is there for what comes after it, and writes nothing."""
    if isinstance(node, nodes.If):
        return bool(_set_in(node)) and node.find(nodes.Output) is None
    return isinstance(node, _BINDING)


def _check_binding(node: nodes.Node) -> None:
    if isinstance(node, nodes.Import | nodes.FromImport):
        if not isinstance(node.template, nodes.Const):
            _refuse(node, "imports what is not known beforehand")
    elif not isinstance(node, nodes.Macro) and any(True for _ in node.find_all(_CHANGING)):
        _refuse(node, "sets what a later line could change")


def _bound(node: nodes.Node) -> set[str]:
    """The names that a binding node gives a value."""
    match node:
        case nodes.Import(target=name) | nodes.Macro(name=name):
            return {name}
        case nodes.FromImport(names=names):
            return {each if isinstance(each, str) else each[1] for each in names}
        case _:
            return _set_in(node)


def _set_in(node: nodes.Node) -> set[str]:
    return {each.name for each in node.find_all(nodes.Name) if each.ctx == "store"}


def escapes(templates: Environment, name: str) -> bool:
    """Whether what a template shows is escaped."""
    return templates.autoescape(name) if callable(templates.autoescape) else templates.autoescape


def _refuse(node: nodes.Node, reason: str) -> NoReturn:
    raise UnsplittableError(f"line {node.lineno} {reason}")
