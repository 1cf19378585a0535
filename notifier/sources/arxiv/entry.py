"""Read the fields of an entry that arXiv's RSS, Atom and API have in common."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from notifier.sources import fields
from notifier.sources.xml_records import Children, first_text


def authors(entry: Children) -> tuple[str, ...]:
    """Return the names in the `author` elements; if there are none, those listed in the `creator` element."""
    if "author" in entry:
        return fields.names(map(_author_name, entry["author"]))
    return fields.split_names(first_text(entry, "creator"))


def _author_name(author: Element) -> str | None:
    for child in author:
        if child.tag.endswith("name"):
            return child.text
    return author.text


def categories(entry: Children) -> tuple[str, ...]:
    """Return the categories, with the primary one first."""
    elements = [*entry.get("primary_category", ()), *entry.get("category", ())]
    return fields.distinct_texts(element.get("term") or element.text for element in elements)


def link(entry: Children, title: str = "") -> str | None:
    """Return the URL of the link with this title; without a title, the URL of the page that the entry is about."""
    for element in entry.get("link", ()):
        is_page = element.get("rel", "alternate") == "alternate"
        if element.get("title") == title if title else is_page:
            return fields.http_url(element.get("href") or element.text)
    return None
