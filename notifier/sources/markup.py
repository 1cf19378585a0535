"""Remove the markup of HTML, JATS, MathML and publishers from a text, and keep the words and the formulas.

A text may also contain `<` and `>` that are no markup: comparisons such as `a<b and c>d`, and the special tokens of
language models, such as `<eos>` or `<think>`. So a tag is removed only if its name is known, if it has attributes, or
if it is one of a pair of tags whose name has a hyphen or a prefix, as custom elements have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from notifier.sources.mathml import MATHML, formula_text

_ATTRIBUTE = r"""[\w:.-]++\s*+=\s*+(?:"[^"]{0,2000}+"|'[^']{0,2000}+'|[^\s"'<>=]++)"""
_BOOLEAN = "hidden|disabled|checked|controls|autoplay|loop|muted|required|selected|async|defer|readonly|itemscope|open"
_TAG = re.compile(
    rf"<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*+)"
    rf"(?P<attributes>(?:\s++(?:{_ATTRIBUTE}|(?:{_BOOLEAN})(?![\w:.-])))*+)\s*+(?P<empty>/?)>",
    re.IGNORECASE,
)
_COMMENT_OR_DECLARATION = re.compile(r"<!--[^<>]*-->|<\?[A-Za-z][^<>]*\?>|<!DOCTYPE[^<>]*>", re.IGNORECASE)
_CUT_OFF = re.compile(r"<(?P<name>/?[A-Za-z][\w:.-]++)(?:\s[^<>]*+)?\Z")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_HIDDEN = re.compile(r"""aria-hidden\s*+=\s*+["']?true|\sdisplay:\s*+none""", re.IGNORECASE)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The names of elements that stand inside a line: removing their tags leaves no space.
_INLINE = _names(
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark nobr q s samp small span strike strong style"
    " sub sup tt u var inline-formula tex-math named-content styled-content ext-link sans-serif inf scp"
)
# The names of other elements: a space takes the place of their tags.
_BLOCK = _names(
    "article blockquote body br button canvas center dd disp-formula disp-quote div dl dt figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 head header hr html iframe img inline-graphic li link list-item main meta nav noscript ol p pre"
    " script section svg table tbody td textarea tfoot th thead title tr trans-abstract ul wbr"
)
# Names that are also words, so that text may contain them in angle brackets. Such a tag is removed only if it is one of
# a pair, or if it is empty (`<name/>`).
_PAIRED_INLINE = _names("alternatives bold formula italic monospace overline roman sc tex underline xref")
_PAIRED_BLOCK = _names("abstract break fig list sec")
_DROPPED = _names("button canvas iframe noscript script style svg textarea")  # removed with what is inside them
_PAIRED = _PAIRED_INLINE | _PAIRED_BLOCK | {"none", "ms"}  # <none> and <ms> of MathML are also words
_KNOWN = _INLINE | _BLOCK | (MATHML - _PAIRED)
_MAX_DEPTH = 32  # of nested elements whose content is rearranged; the tags of deeper elements are only removed


@dataclass(slots=True)
class _Tag:
    """A tag of a text. `partner` is the index of the tag that closes the element, if this one opens it."""

    name: str
    start: int
    end: int
    attributes: str
    is_closing: bool
    is_empty: bool
    partner: int | None = None
    is_paired: bool = False

    @property
    def local(self) -> str:
        return self.name.rpartition(":")[2]


@dataclass(slots=True)
class _OpenElement:
    """An element that is open: its name, the index of its closing tag, and its content so far.

    The content is a list of pairs: the name of a child element and its text; the name is empty for plain text.
    """

    name: str
    closing_tag: int
    parts: list[tuple[str, str]] = field(default_factory=list)


def without_markup(text: str) -> str:
    """Return the text without markup, and with formulas in MathML as readable text such as `x^2`.

    What is inside scripts, styles, images and buttons is removed too, and so are the other forms of a formula, such as
    the LaTeX that is beside its MathML.
    """
    text = _COMMENT_OR_DECLARATION.sub(" ", text)
    if _CDATA in text:
        text = text.replace(_CDATA, "").replace(_CDATA_END, "")
    if (cut := _CUT_OFF.search(text)) and cut["name"].lower().strip("/").rpartition(":")[2] in _KNOWN:
        text = text[: cut.start()]
    tags = _tags(text)
    return _replaced(text, tags) if tags else text


def _replaced(text: str, tags: Sequence[_Tag]) -> str:
    """Return the text with the markup among these tags replaced."""
    outer, place, index = _OpenElement("", len(tags)), 0, 0
    stack = [outer]
    while index < len(tags):
        tag = tags[index]
        if _is_markup(text, tag):
            _add_text(stack, text[place : tag.start])
            index = _apply_tag(stack, tags, index)
            place = tags[index].end
        index += 1
    _add_text(stack, text[place:])
    while len(stack) > 1:
        _close(stack)
    return "".join([part for _, part in outer.parts])


def _tags(text: str) -> list[_Tag]:
    """Return the tags of a text in order. An opening tag is paired with the closing tag that ends its element."""
    tags = [
        _Tag(
            found["name"].lower(),
            found.start(),
            found.end(),
            found["attributes"],
            is_closing=bool(found["close"]),
            is_empty=bool(found["empty"]),
        )
        for found in _TAG.finditer(text)
    ]
    unclosed: dict[str, list[int]] = {}
    for index, tag in enumerate(tags):
        opened = unclosed.setdefault(tag.name, [])
        if not tag.is_closing:
            opened += [] if tag.is_empty else [index]
        elif opened:
            opener = tags[opened.pop()]
            opener.partner, opener.is_paired, tag.is_paired = index, True, True
            tag.attributes = tag.attributes or opener.attributes
    return tags


def _is_markup(text: str, tag: _Tag) -> bool:
    """Return whether a tag is markup, and neither a comparison nor a special token of a language model."""
    is_whole = tag.is_paired or tag.is_empty
    if "=" in tag.attributes:
        return True
    if tag.local in _KNOWN:
        # In the comparison `a<b>c`, what looks like the tag `<b>` has no closing tag, and no space before it.
        is_comparison = len(tag.name) == 1 and not (is_whole or tag.is_closing) and tag.name != "p"
        return not (is_comparison and text[tag.start - 1 : tag.start].isalnum())
    return is_whole and (tag.local in _PAIRED or "-" in tag.name or ":" in tag.name)


def _apply_tag(stack: list[_OpenElement], tags: Sequence[_Tag], index: int) -> int:
    """Open or close the element of a tag, or add the text that replaces the tag or the whole element.

    Returns the index of the last tag that was handled: that of the closing tag if the whole element was replaced.
    """
    tag = tags[index]
    if tag.is_closing:
        if any(element.closing_tag == index for element in stack[1:]):
            while _close(stack) != index:
                pass
        elif tag.local not in MATHML:
            _add_text(stack, _replacement(tag))
        return index
    if tag.partner is not None:
        if tag.local in _DROPPED or _HIDDEN.search(tag.attributes):
            _add_text(stack, " " if tag.local in _BLOCK else "")
            return tag.partner
        if (tag.local in MATHML or tag.local in ("alternatives", "tex-math")) and len(stack) <= _MAX_DEPTH:
            stack.append(_OpenElement(tag.local, tag.partner))
            return index
    if tag.is_empty and tag.local == "mspace":
        stack[-1].parts.append(("mspace", " "))
    elif tag.local not in MATHML:
        _add_text(stack, _replacement(tag))
    return index


def _replacement(tag: _Tag) -> str:
    return " " if tag.local in _BLOCK or tag.local in _PAIRED_BLOCK else ""


def _add_text(stack: list[_OpenElement], text: str) -> None:
    if text:
        stack[-1].parts.append(("", text))


def _close(stack: list[_OpenElement]) -> int:
    """Close the innermost element, and put its text into the one around it.

    Returns the index of the tag that closes the element in the text.
    """
    element = stack.pop()
    stack[-1].parts.append((element.name, formula_text(element.name, element.parts)))
    return element.closing_tag
