"""What arXiv's feeds have in common: the fields of one entry, by the local names of its elements."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from notifier.sources import fields
from notifier.sources.xml_records import Parts, first


def authors(parts: Parts) -> tuple[str, ...]:
    """The names in `author` elements, else those in one line of `creator`."""
    if "author" in parts:
        return fields.words(map(_name, parts["author"]))
    return fields.people(first(parts, "creator"))


def _name(author: Element) -> str | None:
    for part in author:
        if part.tag.endswith("name"):
            return part.text
    return author.text


def categories(parts: Parts) -> tuple[str, ...]:
    """The categories, the primary one first."""
    elements = [*parts.get("primary_category", ()), *parts.get("category", ())]
    return fields.words(element.get("term") or element.text for element in elements)


def link(parts: Parts, title: str = "") -> str | None:
    """The address of the link with this title; without one, of the page that an RSS or Atom entry is about."""
    for element in parts.get("link", ()):
        is_page = element.get("rel", "alternate") == "alternate"
        if element.get("title") == title if title else is_page:
            return fields.address(element.get("href") or element.text)
    return None
