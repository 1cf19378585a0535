"""Find the URL against which the relative links of a feed are resolved.

The file of a feed does not say where it came from. So the URL is taken from the feed itself: from `xml:base`, from its
link to itself, from its link to its page, or from an id that is a URL. https://www.rfc-editor.org/rfc/rfc3986#section-5.1
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from notifier.sources.fields import link_url
from notifier.sources.xml_document import XmlDocument

# The start tag of an element around the entries.
_FRAME = re.compile(r"<(?:[\w.-]++:)?(?:feed|rss|RDF|channel)(?=[\s>])([^<>]*)>", re.IGNORECASE)
_LINK = re.compile(r"<(?:[\w.-]++:)?link(?=[\s>/])([^<>]*)>([^<>]*)")
_ID = re.compile(r"<(?:[\w.-]++:)?id(?=[\s>])[^<>]*>([^<>]*)<")
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]++)\s*+=\s*+("[^"<>]*+"|'[^'<>]*+')""")


def base_of(document: XmlDocument) -> str:
    """Return the base URL of a feed; an empty string if the feed does not give it."""
    frames = [_attributes(text) for text in _FRAME.findall(document.head)]
    base = _own_url(document.head, frames)
    for frame in frames:
        if declared := frame.get("xml:base"):
            base = link_url(declared, base) or base
    return base


def _own_url(head: str, frames: list[dict[str, str]]) -> str:
    """Return the URL of the feed; if that is unknown, or if its page is on another site, return the URL of the page.

    `frames` holds the attributes of each element around the entries.
    """
    links = list(_links(head))
    abouts = [frame.get("rdf:about", "") for frame in frames]
    own = _first_url([url for relation, url in links if relation == "self"])
    page = _first_url([url for relation, url in links if relation == "alternate"], own)
    if own and (not page or urlsplit(own).netloc == urlsplit(page).netloc):
        return own
    return page or _first_url([*abouts, *map(html.unescape, _ID.findall(head))])


def _links(head: str) -> Iterator[tuple[str, str]]:
    """Yield the relation and the URL of each link of a feed; a link of RSS has its URL as its text."""
    for text, inside in _LINK.findall(head):
        attributes = _attributes(text)
        yield attributes.get("rel", "alternate"), attributes.get("href") or html.unescape(inside)


def _first_url(urls: list[str], base: str = "") -> str:
    return next(filter(None, (link_url(url, base) for url in urls if url.strip())), "")


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(text)}
