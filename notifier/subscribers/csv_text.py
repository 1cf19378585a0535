"""Decode a CSV file, whatever program has saved it: as UTF-8, UTF-16, UTF-32 or Windows-1252."""

from __future__ import annotations

import codecs

from notifier.errors import UsageError

# UTF-32 comes first, because one of its marks begins with a mark of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # the first bytes of .xlsx, .ods and .xls
_CURE = "save it again as “CSV UTF-8”"
AS_WINDOWS_1252 = "read as Windows-1252, because it is not UTF-8; check the letters beyond ASCII"


def decoded(content: bytes) -> tuple[str, str]:
    """Return the text of a CSV file, and a note if its encoding was guessed.

    If a file is UTF-8 except for some bytes, these bytes become surrogates; see `is_damaged`. Raises UsageError if the
    file is no text.
    """
    if content.startswith(_WORKBOOKS):
        raise UsageError(f"the file is a workbook and not CSV; {_CURE}")
    if encoding := _wide_encoding(content):
        try:
            return content.decode(encoding).removeprefix("\ufeff"), ""
        except UnicodeDecodeError:
            raise UsageError(f"the file is damaged {encoding.upper()} text; {_CURE}") from None
    if b"\0" in content:
        raise UsageError(f"the file is not text; {_CURE}")
    text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    if not is_damaged(text) or content.startswith(codecs.BOM_UTF8) or _has_utf8(text):
        return text, ""
    try:
        return content.decode("cp1252"), AS_WINDOWS_1252
    except UnicodeDecodeError:
        raise UsageError(f"the file is neither UTF-8, UTF-16 nor Windows-1252 text; {_CURE}") from None


def is_damaged(text: str) -> bool:
    """Return whether a text of `decoded` has bytes that are not UTF-8."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _has_utf8(text: str) -> bool:
    """Return whether a decoded text has a valid character beyond ASCII. Then it is hardly Windows-1252."""
    return any(char > "\x7f" and not "\ud800" <= char <= "\udfff" for char in text)


def _wide_encoding(content: bytes) -> str | None:
    """Return the encoding of a text in UTF-16 or UTF-32; None for any other text.

    Without a mark, UTF-16 is recognised by the zero byte of its first character, which is an ASCII letter of a header.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    first, second = content[:1], content[1:2]
    if first == b"\0" < second:
        return "utf-16-be"
    return "utf-16-le" if second == b"\0" < first else None
