"""Recognise dumps that are cut off, for example because the upload has stopped or is not finished."""

from __future__ import annotations

from collections.abc import Iterable

# If a record or a document was cut off, the reason why it was skipped or refused contains this.
_SIGN = "cut off"

# The bytes with which a document may end, by the byte with which it begins.
_CLOSINGS = {b"{": b"}]", b"[": b"}]", b"<": b">"}
_PADDING = b" \t\r\n,\0\xef\xbb\xbf\xfe\xff"  # white space, also in UTF-16, and byte order marks
_LONGEST_PADDING = 1000  # bytes at either end
_ARCHIVE_STARTS = (b"\x1f\x8b", b"\xfd7zXZ\x00")

ZEROS_FAULT = "it ends in zero bytes: the file was cut off before the rest of it was written"
_MAX_ZEROS_OF_TEXT = 3  # a complete text in UTF-32 may end in this many


def ends_in_zeros(content: bytes) -> bool:
    """Return whether a document ends in zero bytes that are no part of its text.

    Some programs reserve the space for a file before they write it. If they stop early, the rest stays zero.
    """
    written = content.rstrip(b"\0")
    zeros = len(content) - len(written)
    return zeros > _MAX_ZEROS_OF_TEXT or (zeros > 0 and b"\0" not in written)


def is_cut_off(content: bytes, reasons: Iterable[str]) -> bool:
    """Return whether a dump seems to be cut off.

    `reasons` says why records of the dump were skipped, or why the dump was refused. A JSON or XML document without its
    closing bracket is cut off, and so are JSON lines if the last line has no closing bracket. An empty file is cut off,
    too, and so is an archive that ends within its magic number. Page text, and JSON lines that end with a whole line,
    do not show whether they are cut off.
    """
    start = content[:_LONGEST_PADDING].lstrip(_PADDING)
    end = content[-_LONGEST_PADDING:].rstrip(_PADDING)
    if not content.strip() or any(magic.startswith(content) for magic in _ARCHIVE_STARTS):
        return True
    closings = _CLOSINGS.get(start[:1])
    if closings is not None and end[-1:] not in closings:
        return True
    return any(_SIGN in reason for reason in reasons)
