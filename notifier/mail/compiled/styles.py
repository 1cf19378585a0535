"""Style rules written into the elements of templates, so that it need not be done with every mail.

Which style an element gets is learnt from sample mails that are made from the real templates, in which every start tag
bears a name. An element whose style depends on more than its place in a template cannot have it written down there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import NoReturn

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from notifier.mail.compiled.reads import UnsplittableError
from notifier.mail.compiled.samples import FULLEST, SAMPLES
from notifier.templates import inline_css, render, reparsed

_NAME = "data-start-tag"  # the attribute that a start tag bears while styles are learnt
_START_TAG = re.compile(
    r"""<!--.*?-->|(?P<tag><[a-zA-Z][a-zA-Z0-9-]*)(?P<attributes>(?:"[^"]*"|'[^']*'|[^>"'])*["']?[^>"']*)(?P<end>>|$)""",
    re.DOTALL,
)
_STYLED_BY = re.compile(r"\b(class|id|style)\s*=", re.IGNORECASE)
_STYLED_BY_EXPRESSION = re.compile(r"""\b(class|id|style)\s*=\s*("[^"]*|'[^']*|)$""", re.IGNORECASE)
_OWN_STYLE = re.compile(r"""\s+style\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_SHEET = re.compile(r"(?<=<style>).*?(?=</style>)", re.DOTALL)
_STAYING_RULE = re.compile(r"/\*.*?\*/|@[^{;]+(;|\{([^{}]*\{[^{}]*\})*[^{}]*\})", re.DOTALL)
_BY_NEIGHBOURS = re.compile(r"[+~\[]|:(first|last|nth|only|empty|has|not|is|where)\b", re.IGNORECASE)

Rewrite = Callable[[str, str, str], str]  # a start tag, its attributes as they stand in the template, its name


def styled(templates: Environment, name: str) -> Environment:
    """The templates with the style rules of the page `name` in their elements.

    Raises UnsplittableError where those cannot be told beforehand, and what `render` does.
    """
    learnt = _learn(templates, name)
    ready = _rewriting(templates, learnt.write, learnt.sheets)
    for letter in SAMPLES:
        beforehand, afterwards = render(ready, name, mail=letter), inline_css(render(templates, name, mail=letter))
        if _Page(reparsed(beforehand)).parts != _Page(reparsed(afterwards)).parts:
            raise UnsplittableError("its styles come out differently when they are written down beforehand")
    return ready


@dataclass(slots=True)
class _Learnt:
    """What is known of start tags by their names, and of style elements by what they hold in the template.

    `styles` is the style that each start tag was seen with, `with_own` names those with a style in the template,
    `sheets` is what is left of a style element.
    """

    styles: dict[str, str] = field(default_factory=dict)
    with_own: set[str] = field(default_factory=set)
    sheets: dict[str, str] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)

    def mark(self, tag: str, attributes: str, name: str) -> str:
        """The start tag with its name."""
        self.marked.add(name)
        return f'{tag} {_NAME}="{escape(name)}"{attributes}'

    def write(self, tag: str, attributes: str, name: str) -> str:
        """The start tag with its style."""
        if name in self.with_own:
            attributes, found = _OWN_STYLE.subn("", attributes, 1)
            if not found:
                raise UnsplittableError(f"{name} has a style that is not known beforehand")
        style = self.styles.get(name)
        return f'{tag} style="{escape(style)}"{attributes}' if style else tag + attributes


class _Page(HTMLParser):
    """A page taken apart."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[object] = []  # all there is, in order, but for names and sheets
        self.styles: list[tuple[str, str, str]] = []  # the tag, name and style of every element
        self.sheets: list[str] = []  # what each style element holds
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(reversed(attrs))  # of two that are the same the first one counts
        name = attributes.pop(_NAME, None) or ""
        self.parts.append((tag, attributes))
        self.styles.append((tag, name, attributes.get("style") or ""))
        if tag == "style":
            self.sheets.append("")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(tag)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.sheets[-1] += data
        else:
            self.parts.append(("text", data))

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))


def _learn(templates: Environment, name: str) -> _Learnt:
    learnt = _Learnt()
    marking = _rewriting(templates, learnt.mark, {})
    sheets = _Page(render(marking, name, mail=FULLEST)).sheets
    _refuse_neighbours(sheets)
    for letter in SAMPLES:
        page = _Page(html := render(marking, name, mail=letter))
        if page.sheets != sheets:
            raise UnsplittableError("its style rules are not the same in every mail")
        learnt.with_own |= {start_tag for _, start_tag, style in page.styles if style}
        inlined = _Page(inline_css(html))
        _learn_styles(learnt, inlined)
        if letter is FULLEST:
            learnt.sheets = dict(zip(sheets, inlined.sheets, strict=True))
    if unseen := learnt.marked - learnt.styles.keys():
        raise UnsplittableError(f"{min(unseen)} shows in no sample")
    return learnt


def _learn_styles(learnt: _Learnt, page: _Page) -> None:
    for tag, name, style in page.styles:
        if style and not name:
            raise UnsplittableError(f"an element <{tag}> is not written in a template")
        if learnt.styles.setdefault(name, style) != style:
            raise UnsplittableError(f"{name} has another style in another place")


def _refuse_neighbours(sheets: Iterable[str]) -> None:
    """Refuse rules for elements by what stands beside them or in their attributes: no template shows that."""
    for rule in (rule for sheet in sheets for rule in _STAYING_RULE.sub("", sheet).split("}")):
        selector = rule.split("{")[0].strip()
        if _BY_NEIGHBOURS.search(selector):
            raise UnsplittableError(f"the rule for {selector} goes by more than what an element stands in")


def _rewriting(templates: Environment, rewrite: Rewrite, sheets: Mapping[str, str]) -> Environment:
    """The same templates with every start tag rewritten, and these style elements."""
    other = templates.overlay(extensions=[_StartTags])
    other.extend(rewrite_start_tag=rewrite, sheets=sheets)
    return other


class _StartTags(Extension):
    """Finds the start tags in what a template writes as it stands."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template, rewritten."""
        sheets: Mapping[str, str] = self.environment.sheets  # type: ignore[attr-defined]
        tags = _Tags(stream.name or "", self.environment.rewrite_start_tag)  # type: ignore[attr-defined]
        for token in stream:
            if token.type == "data":
                text = tags.rewritten(token.value, token.lineno)
                yield Token(token.lineno, "data", _SHEET.sub(lambda found: sheets.get(found[0], found[0]), text))
            else:
                tags.pass_over(token.type)
                yield token


class _Tags:
    """The start tags of one template, in their order."""

    def __init__(self, template: str, rewrite: Rewrite) -> None:
        self._template = template
        self._rewrite = rewrite
        self._count = 0
        self._line = 0
        self._open = False  # the last tag has not ended yet
        self._conditional = False

    def pass_over(self, kind: str) -> None:
        """Something else than text stands here."""
        self._conditional |= self._open and kind == "block_begin"

    def rewritten(self, text: str, line: int) -> str:
        """A text that the template writes as it stands."""
        self._line = line
        ended = 0
        if self._open:
            ended = text.find(">") + 1 or len(text)
            self._continue(text[:ended])
        return text[:ended] + _START_TAG.sub(self._tag, text[ended:])

    def _continue(self, attributes: str) -> None:
        """Attributes that come after an expression."""
        self._open = not attributes.endswith(">")
        if self._conditional and _STYLED_BY.search(attributes):
            self._refuse()
        self._refuse_expression(attributes)

    def _tag(self, found: re.Match[str]) -> str:
        if not found["tag"]:
            return found[0]
        self._count += 1
        self._open, self._conditional = not found["end"], False
        self._refuse_expression(found["attributes"])
        name = f"{found['tag']}> (number {self._count} in {self._template})"
        return self._rewrite(found["tag"], found["attributes"], name) + found["end"]

    def _refuse_expression(self, attributes: str) -> None:
        if self._open and _STYLED_BY_EXPRESSION.search(attributes):
            self._refuse()

    def _refuse(self) -> NoReturn:
        place = f"{self._template}, line {self._line},"
        raise UnsplittableError(f"{place} has an element whose class, id or style is an expression")
