"""Parse the records of an XML document to elements, and repair the usual faults of feeds.

Elements are found by their names without prefix, since feeds use different prefixes. The only entities that are
expanded are those of XML and HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing
from notifier.sources.format import RecordTally
from notifier.sources.xml_document import CUT_OFF, Fragment, XmlDocument, split_records

_NAMESPACE = re.compile(r"""\sxmlns:([\w.-]+)\s*=\s*("[^"<>&]*"|'[^'<>&]*')""")
_PREFIX = re.compile(r"[</\s]([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*(?=[\s=>/])")

# If two children of a record have the same tag, and this tag ends with one of these names, damage has merged two
# records.
_AT_MOST_ONCE = ("title", "header")

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRAY = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,31});)?|<(?![A-Za-z/!?_])"
)
_BAD_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcBC]|1[0-9A-Fa-f]|[eE]));")

_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)

_BATCH = 1 << 16  # the number of characters of records that are parsed together

Children = Mapping[str, Sequence[Element]]  # the children of an element by their names without prefix


class RecordParser:
    """A parser for the records of one document. It knows the namespaces that the document declares."""

    def __init__(self, document: XmlDocument) -> None:
        self._namespaces = dict(_NAMESPACE.findall(document.head))

    def parse(self, fragments: Iterable[Fragment]) -> Iterator[tuple[Fragment, Element | str]]:
        """Yield each record with its element, or with the reason why it cannot be parsed.

        Records are parsed in batches, which is faster. If a batch has a fault, its records are parsed one by one.
        """
        for batch in _batches(fragments):
            elements = self._parse_batch(batch)
            for index, fragment in enumerate(batch):
                yield fragment, _refuse_merged(elements[index]) if elements else self._parse_alone(fragment)

    def _parse_batch(self, batch: Sequence[Fragment]) -> list[Element] | None:
        """Return the elements of a batch of records, or None if any of them has a fault."""
        if any(fragment.fault for fragment in batch):
            return None
        texts = [fragment.text for fragment in batch]
        separator = _unused_name(texts)
        try:
            elements = _parse_elements(f"<{separator}/>".join(texts), self._namespaces)
        except ParseError:
            return None
        separators = [element.tag for element in elements[1::2]]
        is_sound = separators == [separator] * (len(texts) - 1) and len(elements) == 2 * len(texts) - 1
        return elements[::2] if is_sound else None

    def _parse_alone(self, fragment: Fragment) -> Element | str:
        if fragment.fault:
            return fragment.fault
        try:
            return _refuse_merged(self._parse_or_repair(fragment.text))
        except ParseError as error:
            return f"it is broken XML: {error}"

    def _parse_or_repair(self, text: str) -> Element:
        try:
            return _parse_elements(text, self._namespaces)[0]
        except ParseError:
            prefixes = set(_PREFIX.findall(text)) - {"xml", "xmlns"}
            return _parse_elements(_repaired(text), {prefix: f'"urn:{prefix}"' for prefix in prefixes})[0]


def _refuse_merged(element: Element) -> Element | str:
    """Return the element of a record, or the reason to skip it if damage has merged two records into one."""
    tags = [tag for child in element if (tag := child.tag).endswith(_AT_MOST_ONCE)]
    return element if len(set(tags)) == len(tags) else "two records run into each other here"


def _unused_name(texts: Iterable[str]) -> str:
    """Return an element name that no text contains, so that no text can imitate a separator with this name."""
    digest = sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return f"n{digest.hexdigest()}"


def _batches(fragments: Iterable[Fragment]) -> Iterator[list[Fragment]]:
    """Yield the fragments in batches of at most _BATCH characters. A larger fragment is a batch of its own."""
    batch: list[Fragment] = []
    size = 0
    for fragment in fragments:
        if batch and size + len(fragment.text) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(fragment)
        size += len(fragment.text)
    if batch:
        yield batch


def _parse_elements(text: str, namespaces: Mapping[str, str]) -> list[Element]:
    """Return the elements at the top of a text. `namespaces` holds the quoted URI of each prefix."""
    declarations = "".join(f" xmlns:{prefix}={uri}" for prefix, uri in namespaces.items())
    return list(ElementTree.XML(f"<r{declarations}>{text}</r>"))


def _repaired(text: str) -> str:
    """Return an XML text with the usual faults repaired.

    Characters that XML forbids are removed. HTML's entities become characters. A `&` or `<` that begins no reference
    and no tag is escaped, except in CDATA sections.
    """
    text = _BAD_REFERENCE.sub("", _NOT_XML.sub("", text))
    last_end = text.rfind("]]>") + 3  # the pattern reads only up to here, so that every section has an end
    parts = [*_CDATA.split(text[:last_end]), text[last_end:]] if last_end > 2 else [text]
    return "".join(part if part.startswith("<![CDATA[") else _STRAY.sub(_escaped, part) for part in parts)


def _escaped(found: re.Match[str]) -> str:
    character = html.unescape(found[0]) if found[1] else found[0]
    return html.escape(character, quote=False)


def tally_records(
    document: XmlDocument, limits: Limits, listing_of: Callable[[Element, int, str], Listing | str]
) -> RecordTally:
    """Return the tally of all records of a document.

    `listing_of(element, position, where)` returns the listing of a record, or the reason why the record is skipped.
    Raises DumpError if the document has more records than `limits` allows, or is cut off before its first record ends.
    """
    tally = RecordTally(limits)
    for fragment, element in RecordParser(document).parse(split_records(document, limits)):
        where = fragment.where
        tally.add(where, element if isinstance(element, str) else listing_of(element, tally.position, where))
    if not tally.listings and [skipped.reason for skipped in tally.skipped] == [CUT_OFF]:
        raise DumpError("this document is cut off before its first record ends; fetch it again")
    return tally


def text_of(element: Element | None) -> str:
    """Return the text of an element, with the elements inside it as markup; return an empty string for None."""
    if element is None:
        return ""
    text = element.text or ""
    if not len(element):
        return text
    return html.escape(text, quote=False) + "".join([ElementTree.tostring(child, "unicode") for child in element])


def first_text(children: Children, *names: str) -> str:
    """Return the text of the first child that has the first name, else the second name, and so on; "" if none has."""
    for name in names:
        if name in children:
            return text_of(children[name][0])
    return ""


def children_of(element: Element) -> Children:
    """Return the children of an element, by their names without prefix."""
    by_name: dict[str, list[Element]] = {}
    for child in element:
        name = child.tag
        by_name.setdefault(name.rpartition("}")[2] if "}" in name else name, []).append(child)
    return by_name
