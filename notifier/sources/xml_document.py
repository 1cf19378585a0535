"""Split an XML text, such as a feed or an OAI-PMH page, into its records before any of them is parsed.

A fault therefore costs one record only, and the memory needed depends on the largest record, not on the document. The
DOCTYPE of a document never reaches an XML parser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from notifier.config import Limits
from notifier.errors import DumpError

CUT_OFF = "the document is cut off here"

_PROLOG = 1 << 16  # the start tag of the root element must be within this number of characters
_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|feed|OAI-PMH|RDF|html)(?=[\s>/])[^<>]*>", re.IGNORECASE)
_SECTION_OR_RECORD_TAG = re.compile(r"<!\[CDATA\[|<!--|<(/?)(?:[\w.-]++:)?(?:entry|item|record)(?=[\s>/])[^<>]*>")
_NEXT_RECORD = re.compile(r"</(?:[\w.-]+:)?(?:entry|item|record)\s*>\s*<(?:[\w.-]+:)?(?:entry|item|record)[\s>]")
_SECTION_ENDS = {"<![CDATA[": "]]>", "<!--": "-->"}
_ENTITY = re.compile(r"<!ENTITY\s[^>]{0,2000}")
_DANGEROUS = re.compile(r"[\"'][^\"']*&[^#]|\sSYSTEM\s")  # an entity that refers to another, or to a file or URL


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """An XML text.

    `root` is the name of its root element without prefix. `head` is the text before the first record, which begins at
    `start`.
    """

    text: str
    root: str
    head: str
    start: int

    def head_text(self, name: str) -> str | None:
        """Return the text of the first element with this name before the first record."""
        found = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^<>]*)?>([^<]*)<", self.head)
        return html.unescape(found[1]).strip() if found else None


@dataclass(frozen=True, slots=True)
class Fragment:
    """The text of one record, or the fault for which it is skipped. `number` counts records from 1."""

    number: int
    text: str
    fault: str | None = None

    @property
    def where(self) -> str:
        """The place of the record, such as `record 3`."""
        return f"record {self.number}"


def root_of(text: str) -> str | None:
    """Return the name of the root element without prefix if it is a feed or an OAI-PMH page, else None."""
    if not text.lstrip("\ufeff\x00 \t\r\n").startswith("<"):
        return None
    found = _ROOT.search(text, 0, _PROLOG)
    return found[1] if found and found[1].lower() != "html" else None


def open_document(text: str, limits: Limits) -> XmlDocument:
    """Return the document of an XML text for which `root_of` returned a name.

    Raises DumpError if the text declares more entities than `limits` allows, or an entity that refers to another
    entity, a file or a URL.
    """
    first = next((found.start() for found in _record_tags(text, 0)), len(text))
    head = text[:first]
    entities = _ENTITY.findall(head)
    if len(entities) > limits.entities or any(_DANGEROUS.search(entity) for entity in entities):
        raise DumpError("its DOCTYPE declares unsafe or too many entities; fetch it again, or remove the DOCTYPE")
    return XmlDocument(text, root_of(text) or "", head, first)


def split_records(document: XmlDocument, limits: Limits) -> Iterator[Fragment]:
    """Yield every record in order.

    A record without its start tag or its end tag has a fault. If the document is cut off, the last fragment has the
    fault CUT_OFF.
    """
    text, number = document.text, 0
    start: int | None = None  # where the record that is open begins; None between records
    last_end = document.start
    for tag in _record_tags(text, document.start):
        if is_start_tag := tag[1] == "":
            if start is not None:
                number += 1
                yield _fragment(number, text[start : tag.start()], limits, "the end of the record is missing")
            start = tag.start()
        if is_start_tag and not tag[0].endswith("/>"):
            continue
        number += 1
        if start is None:
            yield _fragment(number, text[last_end : tag.end()], limits, "the beginning of the record is missing")
        else:
            yield _fragment(number, text[start : tag.end()], limits, None)
        start, last_end = None, tag.end()
    if start is not None or not _is_closed(document, last_end if number else 0):
        yield Fragment(number + 1, "", CUT_OFF)


def _record_tags(text: str, place: int) -> Iterator[re.Match[str]]:
    """Yield the start tags and end tags of records, without those in comments and CDATA sections.

    A comment or CDATA section is damaged if it has no end, or if a record ends and the next one begins inside it. The
    tags inside a damaged section are yielded too.
    """
    damaged_until = dict.fromkeys(_SECTION_ENDS, 0)
    while found := _SECTION_OR_RECORD_TAG.search(text, place):
        place = found.end()
        if found[1] is not None:
            yield found
        elif place > damaged_until[found[0]]:
            end = text.find(_SECTION_ENDS[found[0]], place)
            if end < 0 or _NEXT_RECORD.search(text, place, end):
                damaged_until[found[0]] = end if end > 0 else len(text)
            else:
                place = end


def _is_closed(document: XmlDocument, place: int) -> bool:
    """Return whether the end tag of the root comes after `place`."""
    end_tag = re.compile(rf"</(?:[\w.-]+:)?{document.root}\s*>")
    return end_tag.search(document.text, place) is not None


def _fragment(number: int, text: str, limits: Limits, fault: str | None) -> Fragment:
    if len(text) > limits.max_record_length:
        fault = f"it is larger than {limits.record_kb} KB"
    return Fragment(number, "" if fault else text, fault)
