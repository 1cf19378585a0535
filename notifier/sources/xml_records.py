"""Records in an XML text: feeds and OAI-PMH pages, cut into their records before any is parsed.

So a fault costs one record alone, and memory follows the largest of them. What a document declares in its DOCTYPE never
reaches a parser: no entity is expanded but XML's own and HTML's. Elements are known by their local names, for feeds
disagree about prefixes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing
from notifier.sources.format import RecordTally

CUT_OFF = "the document breaks off here"

_PROLOG = 1 << 16  # characters in which the root must begin
_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|feed|OAI-PMH|RDF|html)(?=[\s>/])[^<>]*>", re.IGNORECASE)
_MARK = re.compile(r"<!\[CDATA\[|<!--|<(/?)(?:[\w.-]++:)?(?:entry|item|record)(?=[\s>/])[^<>]*>")
_NEXT_RECORD = re.compile(r"</(?:[\w.-]+:)?(?:entry|item|record)\s*>\s*<(?:[\w.-]+:)?(?:entry|item|record)[\s>]")
_CLOSINGS = {"<![CDATA[": "]]>", "<!--": "-->"}
_ENTITY = re.compile(r"<!ENTITY\s[^>]{0,2000}")
_DANGEROUS = re.compile(r"[\"'][^\"']*&[^#]|\sSYSTEM\s")
_NAMESPACE = re.compile(r"""\sxmlns:([\w.-]+)\s*=\s*("[^"<>&]*"|'[^'<>&]*')""")
_PREFIX = re.compile(r"[</\s]([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*(?=[\s=>/])")

_ONCE = ("title", "header")  # an element of a record that has one of its own namespace

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRAY = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,31});)?|<(?![A-Za-z/!?_])"
)
_BAD_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcBC]|1[0-9A-Fa-f]|[eE]));")

_TOGETHER = 1 << 16  # characters of the records that are parsed in one go

Parts = Mapping[str, Sequence[Element]]  # elements by local name


@dataclass(frozen=True, slots=True)
class Document:
    """An XML text: the local name of its root, what stands before the first record, and where that begins."""

    text: str
    root: str
    head: str
    start: int

    def told(self, name: str) -> str | None:
        """The text of an element before the first record."""
        found = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^<>]*)?>([^<]*)<", self.head)
        return html.unescape(found[1]).strip() if found else None


@dataclass(frozen=True, slots=True)
class Fragment:
    """The text of one record, numbered from 1, or the fault for which it cannot be read."""

    number: int
    text: str
    fault: str | None = None

    @property
    def where(self) -> str:
        """Its place."""
        return f"record {self.number}"


def root_of(text: str) -> str | None:
    """The local name of the root, where it is one that dumps have."""
    if not text.lstrip("\ufeff\x00 \t\r\n").startswith("<"):
        return None
    found = _ROOT.search(text, 0, _PROLOG)
    return found[1] if found and found[1].lower() != "html" else None


def open_document(text: str, limits: Limits) -> Document:
    """The document, which has a root. Raises DumpError where it declares entities that no dump needs."""
    first = next((found.start() for found in _boundaries(text, 0)), len(text))
    head = text[:first]
    entities = _ENTITY.findall(head)
    if len(entities) > limits.entities or any(_DANGEROUS.search(entity) for entity in entities):
        raise DumpError("this XML declares entities of its own, as attacks do; fetch it again, or remove its DOCTYPE")
    return Document(text, root_of(text) or "", head, first)


def fragments(document: Document, limits: Limits) -> Iterator[Fragment]:
    """Every record in order; one whose tags do not pair is a fault, and so is a document that breaks off."""
    text, opened, last, number = document.text, -1, document.start, 0
    for found in _boundaries(text, document.start):
        if found[1] == "":
            if opened >= 0:
                number += 1
                yield _fragment(number, text[opened : found.start()], limits, "the end of the record is missing")
            opened = found.start()
            if not found[0].endswith("/>"):
                continue
        number += 1
        fault = None if opened >= 0 else "the beginning of the record is missing"
        yield _fragment(number, text[opened if opened >= 0 else last : found.end()], limits, fault)
        opened, last = -1, found.end()
    if opened >= 0 or not _is_closed(document, last if number else 0):
        yield Fragment(number + 1, "", CUT_OFF)


def _boundaries(text: str, place: int) -> Iterator[re.Match[str]]:
    """The tags of records, but those in comments and CDATA sections.

    A section that has no end, or in which one record ends and the next begins, is damage, and hides nothing.
    """
    damaged_until = dict.fromkeys(_CLOSINGS, 0)
    while found := _MARK.search(text, place):
        place = found.end()
        if found[1] is not None:
            yield found
        elif place > damaged_until[found[0]]:
            end = text.find(_CLOSINGS[found[0]], place)
            if end < 0 or _NEXT_RECORD.search(text, place, end):
                damaged_until[found[0]] = end if end > 0 else len(text)
            else:
                place = end


def _is_closed(document: Document, place: int) -> bool:
    """Whether the root ends, after `place`."""
    closing = re.compile(rf"</(?:[\w.-]+:)?{document.root}\s*>")
    return closing.search(document.text, place) is not None


def _fragment(number: int, text: str, limits: Limits, fault: str | None) -> Fragment:
    if len(text) > limits.record:
        fault = f"it is larger than {limits.record_kb} KB"
    return Fragment(number, "" if fault else text, fault)


class RecordParser:
    """Parses the records of one document, whose namespaces it knows."""

    def __init__(self, document: Document) -> None:
        self._namespaces = dict(_NAMESPACE.findall(document.head))

    def elements(self, fragments: Iterable[Fragment]) -> Iterator[tuple[Fragment, Element | str]]:
        """Each record as a tree, or why it is none: it may be no XML even after repair.

        They are parsed many together, which is quicker; where one of those is broken, each by itself.
        """
        for some in _runs(fragments):
            trees = self._all(some)
            for place, fragment in enumerate(some):
                yield fragment, self._checked(trees[place]) if trees else self._alone(fragment)

    def _all(self, fragments: Sequence[Fragment]) -> list[Element] | None:
        """The trees of sound records; None where not each of them is one."""
        if any(fragment.fault for fragment in fragments):
            return None
        texts = [fragment.text for fragment in fragments]
        between = _unheard_of(texts)
        try:
            trees = _trees(f"<{between}/>".join(texts), self._namespaces)
        except ParseError:
            return None
        borders = [tree.tag for tree in trees[1::2]]
        return trees[::2] if borders == [between] * (len(texts) - 1) and len(trees) == 2 * len(texts) - 1 else None

    def _alone(self, fragment: Fragment) -> Element | str:
        if fragment.fault:
            return fragment.fault
        try:
            return self._checked(self._parsed(fragment.text))
        except ParseError as error:
            return f"it is broken XML: {error}"

    def _parsed(self, text: str) -> Element:
        try:
            return _trees(text, self._namespaces)[0]
        except ParseError:
            prefixes = set(_PREFIX.findall(text)) - {"xml", "xmlns"}
            return _trees(_repaired(text), {prefix: f'"urn:{prefix}"' for prefix in prefixes})[0]

    @staticmethod
    def _checked(element: Element) -> Element | str:
        once = [tag for child in element if (tag := child.tag).endswith(_ONCE)]
        return element if len(set(once)) == len(once) else "two records run into each other here"


def _unheard_of(texts: Iterable[str]) -> str:
    """The name of an element that stands in none of the texts, so that none can move the borders between them."""
    digest = sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return f"n{digest.hexdigest()}"


def _runs(fragments: Iterable[Fragment]) -> Iterator[list[Fragment]]:
    """The fragments in runs, of _TOGETHER characters at most or of a single one."""
    run: list[Fragment] = []
    size = 0
    for fragment in fragments:
        if run and size + len(fragment.text) > _TOGETHER:
            yield run
            run, size = [], 0
        run.append(fragment)
        size += len(fragment.text)
    if run:
        yield run


def _trees(text: str, namespaces: Mapping[str, str]) -> list[Element]:
    declared = "".join(f" xmlns:{prefix}={address}" for prefix, address in namespaces.items())
    return list(ElementTree.XML(f"<r{declared}>{text}</r>"))


def _repaired(text: str) -> str:
    """The text without characters that XML forbids, with HTML's entities as characters and stray marks escaped."""
    text = _BAD_REFERENCE.sub("", _NOT_XML.sub("", text))
    parts = re.split(r"(<!\[CDATA\[.*?\]\]>)", text, flags=re.DOTALL)
    return "".join(part if part.startswith("<![CDATA[") else _STRAY.sub(_escaped, part) for part in parts)


def _escaped(found: re.Match[str]) -> str:
    character = html.unescape(found[0]) if found[1] else found[0]
    return html.escape(character, quote=False)


def tally_of(
    document: Document, limits: Limits, listing_of: Callable[[Element, int, str], Listing | str]
) -> RecordTally:
    """What `listing_of` makes of each record, its position and place: a listing, or the reason why it is none.

    Raises DumpError where the document breaks off before its first record.
    """
    account = RecordTally(limits)
    for fragment, element in RecordParser(document).elements(fragments(document, limits)):
        where = fragment.where
        account.add(where, element if isinstance(element, str) else listing_of(element, account.position, where))
    if not account.listings and [each.reason for each in account.skipped] == [CUT_OFF]:
        raise DumpError("this document breaks off before its first record ends; fetch it again")
    return account


def content(element: Element | None) -> str:
    """All text in an element."""
    if element is None:
        return ""
    return "".join(element.itertext()) if len(element) else element.text or ""


def first(parts: Parts, *names: str) -> str:
    """The text of the first element of the first of these names that is there."""
    for name in names:
        if name in parts:
            return content(parts[name][0])
    return ""


def children(element: Element) -> Parts:
    """The children of an element by local name."""
    found: dict[str, list[Element]] = {}
    for child in element:
        name = child.tag
        found.setdefault(name.rpartition("}")[2] if "}" in name else name, []).append(child)
    return found
