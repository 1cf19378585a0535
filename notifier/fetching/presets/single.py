"""Fetch a source that is one document at one URL: a feed, JSON lines, or any other dump."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from notifier.config import SourceConfig
from notifier.fetching.client import Response
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets.service_urls import pause_of
from notifier.fetching.responses import (
    GZIP,
    XZ,
    element_text,
    first_byte,
    is_opaque,
    json_value,
    refuse_cut_off,
    refuse_error_message,
    refuse_no_document,
    unexpected_response,
    xml_root,
)
from notifier.fetching.xml_pages import elements

PAUSE = 1.0  # seconds
FEED_ROOTS = ("rss", "feed", "RDF")
MAX_MESSAGE_SIZE = 1 << 16  # bytes; a larger JSON document is no error message
_FEED_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_ERROR = re.compile(r"\berror\b", re.IGNORECASE)
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,6}")
_MAX_NAME_LENGTH = 80  # characters


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:
    """Yield the document at the source's URL, without a body if it has not been modified."""
    url = source.url
    accept = _FEED_TYPES if source.preset == "feed" else ""
    pause = pause_of(source, PAUSE)
    response = client.get(url, validators=state.validators_of(url), accept=accept, pause=pause)
    if not response.not_modified:
        _refuse_error(source, response)
    yield Document(
        url, _name(url, response.body), response.body, None, response.validators, is_not_modified=response.not_modified
    )


def _refuse_error(source: SourceConfig, response: Response) -> None:
    """Raise FetchError if a response is an error message, or does not have the format of the preset."""
    if is_opaque(response.body):
        return
    refuse_no_document(response)
    start = first_byte(response.body)
    if start == b"<" or (source.preset == "feed" and start != b"{"):
        refuse_error_feed(response, needs_feed=source.preset == "feed")
    elif source.preset == "feed":
        value = json_value(response)
        if not isinstance(value, dict) or not isinstance(value.get("items"), list):
            raise unexpected_response(response, "sent JSON that is no feed")
    elif source.preset == "jsonl" and start not in (b"{", b"["):
        raise unexpected_response(response, "sent something that is no JSON")
    elif start == b"{" and len(response.body) <= MAX_MESSAGE_SIZE:
        _refuse_json_message(response)


def _refuse_json_message(response: Response) -> None:
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return  # JSON lines, or another format; the parser of dumps checks it
    if isinstance(value, dict) and "title" not in value:
        refuse_error_message(response, value)


def refuse_error_feed(response: Response, *, needs_feed: bool = True) -> None:
    """Raise FetchError if an XML document is cut off, or is a feed whose title or only entry says that it is an error.

    With `needs_feed`, a document that is no feed is refused too.
    """
    root = xml_root(response)
    if root not in FEED_ROOTS:
        if needs_feed:
            raise unexpected_response(response, f"sent XML that is no feed but <{root}>")
        return
    refuse_cut_off(response, root)
    items = elements(response.body, "entry" if root == "feed" else "item")
    title = element_text(response.body[: items[0][0]] if items else response.body, "title")
    first = response.body[items[0][0] : items[0][1]] if items else b""
    is_message = element_text(first, "title").strip().lower() == "error" or b"/api/errors" in first
    if (len(items) == 1 and is_message) or (not items and _ERROR.search(title)):
        text = element_text(first or response.body, "summary") or element_text(first or response.body, "description")
        raise unexpected_response(response, f"answered with an error: {text or title}")


def _name(url: str, body: bytes) -> str:
    """Return a file name for the document at a URL: the last part of its path, with a suffix that fits."""
    last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    name = _NOT_IN_NAME.sub("-", last).strip(".-")[-_MAX_NAME_LENGTH:] or "dump"
    if _SUFFIX.search(name):
        return name
    if body.startswith((GZIP, XZ)):
        return name + (".gz" if body.startswith(GZIP) else ".xz")
    return name + {b"<": ".xml", b"{": ".json", b"[": ".json"}.get(first_byte(body), ".txt")
