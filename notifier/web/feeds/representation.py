"""Make the response with a feed: strong ETag, Last-Modified, 304, HEAD and gzip (RFC 9110)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from fastapi import Response

from notifier.web.compression import accepts_gzip

PUBLIC = "public, max-age=600"
PRIVATE = "private, max-age=600"
ZIP_LEVEL = 6
ETAG_DIGITS = 32  # 128 bits
NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Representation:
    """The content of a feed, uncompressed and compressed with gzip, each with its own ETag (RFC 9110, section 8.8.3).

    `modified` is when the content changed, in whole seconds; None if that is not known.
    """

    content: bytes
    zipped: bytes
    etag: str
    zipped_etag: str
    media_type: str
    modified: datetime | None

    @property
    def size(self) -> int:
        """The number of bytes that both take."""
        return len(self.content) + len(self.zipped)


def representation_of(content: bytes, media_type: str, modified: datetime | None = None) -> Representation:
    """Return the representation of these bytes."""
    digest = sha256(content).hexdigest()[:ETAG_DIGITS]
    zipped = gzip.compress(content, ZIP_LEVEL, mtime=0)
    return Representation(content, zipped, f'"{digest}"', f'"{digest}-gzip"', media_type, modified)


def response_to(
    method: str, request_headers: Mapping[str, str], representation: Representation, caching: str
) -> Response:
    """Return the response to a GET or HEAD with these headers: the feed, or 304 if the client has it already."""
    is_zipped = accepts_gzip(request_headers.get("accept-encoding", ""))
    headers = {
        "ETag": representation.zipped_etag if is_zipped else representation.etag,
        "Cache-Control": caching,
        "Vary": "Accept-Encoding",
    }
    if representation.modified:
        headers["Last-Modified"] = format_datetime(representation.modified, usegmt=True)
    if _is_known(request_headers, headers["ETag"], representation.modified):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = representation.media_type
    if is_zipped:
        headers["Content-Encoding"] = "gzip"
    content = representation.zipped if is_zipped else representation.content
    if method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(len(content))})
    return Response(content, headers=headers)


def _is_known(headers: Mapping[str, str], etag: str, modified: datetime | None) -> bool:
    """Return whether the feed reader has this content (RFC 9110, sections 13.1.2 and 13.1.3).

    `etag` is that of the content coding (gzip or none) that this request gets. A client that has the content in the
    other coding gets a complete response, because a 304 would name an ETag that the client does not know.
    """
    if (tags := headers.get("if-none-match")) is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return not known.isdisjoint((etag, "*"))
    since = headers.get("if-modified-since")
    return since is not None and modified is not None and modified <= _instant(since)


def _instant(text: str) -> datetime:
    """Return the instant of an HTTP date; the earliest one if the text is no date."""
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
