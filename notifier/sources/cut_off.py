"""Whether a dump was cut off, as it is when its upload has stopped or is not finished."""

from __future__ import annotations

from collections.abc import Iterable

# Words in the reasons of skipped records, and of refused documents, that were cut off.
_SIGNS = ("breaks off", "cut off")

_CLOSINGS = {b"{": b"}]", b"[": b"}]", b"<": b">"}
_PADDING = b" \t\r\n,\0\xef\xbb\xbf\xfe\xff"  # white space, also in UTF-16, and byte order marks
_LONGEST_PADDING = 1000  # bytes at either end
_ARCHIVE_STARTS = (b"\x1f\x8b", b"\xfd7zXZ\x00")


def is_cut_off(content: bytes, reasons: Iterable[str]) -> bool:
    """Return whether a dump seems to be cut off.

    `reasons` says why records of it were skipped, or why it was refused. A JSON or XML document is cut off if it lacks
    its closing bracket, and so are JSON lines whose last line does. An empty file is cut off, too. Page text and
    complete JSON lines show no cut.
    """
    start = content[:_LONGEST_PADDING].lstrip(_PADDING)
    end = content[-_LONGEST_PADDING:].rstrip(_PADDING)
    if not content.strip() or any(magic.startswith(content) for magic in _ARCHIVE_STARTS):
        return True
    closings = _CLOSINGS.get(start[:1])
    if closings is not None and end[-1:] not in closings:
        return True
    return any(sign in reason for reason in reasons for sign in _SIGNS)
