"""Check that a response is a document, and not an error page that a server has sent with status 200."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urlsplit

from notifier.errors import FetchError, shortened
from notifier.fetching.client import Response
from notifier.text.harmless import without_controls

GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
_OPAQUE = (GZIP, XZ, b"\xff\xfe", b"\xfe\xff")
_PADDING = b" \t\r\n\0\xef\xbb\xbf"
_SAMPLE = 1 << 14  # the root element of a document must be within this many bytes from its beginning
_ERRORS = ("error", "errors")
_MESSAGES = ("message", "detail", "reason")  # a document that is no error may have these members too
# The message `no papers` is not an error; `no key` or `no permission` is one.
_NO_PAPERS = re.compile(
    r"\bno[_ ](?:(?:new|more|recent|further|matching|such)[_ ])?"
    r"(?:papers?|articles?|preprints?|posts?|entry|entries|items?|records?|results?|data|documents?|submissions?|notes?"
    r"|listings?|matches|content)\b|\bnothing\b|\bempty (?:list|result|set|day)",
    re.IGNORECASE,
)
_HTML_TITLE = re.compile(rb"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]{0,30}:)?([A-Za-z][\w.-]{0,50})")
_BEFORE_ROOT = ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<!", b">"))  # comments, declarations, the document type
_HTML_ROOTS = frozenset(
    b"html head body title meta script style div center p pre br hr b h1 h2 h3 h4 table form main section a".split()
)


def unexpected_response(
    response: Response, what: str, cure: str = "try again later, and check the url of the source"
) -> FetchError:
    """Return the error for a response that is not the expected document.

    `what` says what the server did, such as `sent an empty document`, and may quote the response.
    """
    readable = " ".join(without_controls(what).split())
    return FetchError(f"{urlsplit(response.url).hostname} {readable}", cure, status=response.status, body=response.body)


def is_opaque(body: bytes) -> bool:
    """Return whether a document is compressed or in UTF-16, so that only parsing it as a dump shows its format."""
    return body.startswith(_OPAQUE)


def first_byte(body: bytes) -> bytes:
    """Return the first byte that is no white space and no byte order mark; b"" if there is none."""
    return body[:_SAMPLE].lstrip(_PADDING)[:1]


def refuse_no_document(response: Response) -> None:
    """Raise FetchError if a response is empty or a web page."""
    start = response.body[:_SAMPLE]
    if not first_byte(start):
        raise unexpected_response(response, "sent an empty document")
    prologue, root = _prologue_and_root(start)
    if root.lower() in _HTML_ROOTS or b"<!doctype html" in prologue.lower():
        title = _HTML_TITLE.search(start)
        named = f" ({_readable(title[1])})" if title else ""
        raise unexpected_response(response, f"sent a web page{named} in place of papers")


def _prologue_and_root(start: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the root element of a document, and the name of the root; b"" if there is none."""
    place = 0
    while True:
        rest = start[place:].lstrip(_PADDING)
        place = len(start) - len(rest)
        closing = next((closing for opening, closing in _BEFORE_ROOT if rest.startswith(opening)), None)
        end = rest.find(closing) if closing else -1
        if closing is None or end < 0:
            root = _ROOT.match(rest)
            return start[:place], root[1] if root else b""
        place += end + len(closing)


def json_value(response: Response) -> Any:
    """Return the value of a JSON document. Raises FetchError if it is no JSON, is cut off, or is an error message."""
    refuse_no_document(response)
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        raise unexpected_response(response, "sent something that is not a complete JSON document") from None
    if isinstance(value, dict):
        refuse_error_message(response, value)
    elif not isinstance(value, list):
        raise unexpected_response(response, f"sent {shortened(json.dumps(value), 50)} in place of papers")
    return value


def refuse_error_message(response: Response, value: dict[str, Any]) -> None:
    """Raise FetchError if an object is an error message, or has no members at all.

    A message that there are no papers is not an error. A document with papers may have a member `message` too, or an
    empty list of errors.
    """
    if not value:
        raise unexpected_response(response, "sent an empty JSON object in place of papers")
    others = [member for key, member in value.items() if key not in (*_ERRORS, *_MESSAGES)]
    if any(isinstance(member, list) and member for member in others):
        return
    message = next((_message(value[key]) for key in _ERRORS if value.get(key)), "")
    if not message and not any(isinstance(member, dict) and member for member in others):
        message = next((value[key] for key in _MESSAGES if isinstance(value.get(key), str)), "")
    if message and not _NO_PAPERS.search(f"{value.get('status')} {message}"):
        raise unexpected_response(response, f"answered with an error: {shortened(message, 200)}")


def _message(value: Any) -> str:
    """Return the text of an error, which may be inside an object or a list."""
    if isinstance(value, list):
        value = value[0]
    if isinstance(value, dict):
        value = next((value[key] for key in ("message", "detail", "title", "error") if value.get(key)), value)
    return str(value)


def xml_root(response: Response) -> str:
    """Return the name of a document's root element. Raises FetchError if the document is a web page or is not XML."""
    refuse_no_document(response)
    root = _prologue_and_root(response.body[:_SAMPLE])[1]
    if not root:
        raise unexpected_response(response, "sent something that is not XML")
    return root.decode("ascii", "replace")


def refuse_cut_off(response: Response, root: str) -> None:
    """Raise FetchError if an XML document does not end with its root element."""
    end = response.body[-200:].rstrip(_PADDING)
    if not re.search(
        rb"</(?:[\w.-]{1,30}:)?" + re.escape(root.encode()) + rb"\s*+>(?:\s*+<!--[^>]{0,100}-->)?\s*+\Z", end
    ):
        raise unexpected_response(response, "sent a document that is cut off")


def _readable(text: bytes) -> str:
    return " ".join(html.unescape(text.decode("utf-8", "replace")).split())


def element_text(body: bytes, name: str) -> str:
    """Return the text of the first element with this name and any prefix; "" if there is none or it has markup."""
    found = re.search(
        rb"<(?:[\w.-]{1,30}:)?" + re.escape(name.encode()) + rb"(?:\s[^<>]{0,500})?>([^<]{0,2000})<", body
    )
    return _readable(found[1]) if found else ""
