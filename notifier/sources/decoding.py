"""From bytes to text: UTF-8, UTF-16 and UTF-32 with or without a mark, else Windows-1252 where it reads as text.

A page is refused where it cannot be told what its bytes say. Markup (XML and JSON) shows by its first character what it
is, and is read to the end, whatever its bytes or its own declaration say.
"""

from __future__ import annotations

import codecs
import re

from notifier.errors import DumpError

_MARKS = (  # the longer first: the mark of UTF-32 LE begins with that of UTF-16 LE
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\x7fELF", "a program"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_SINGLE_OR_DOUBLE_BYTE = re.compile(r"iso-?8859|windows|cp\d|koi8|mac|gb|big5|shift|sjis|euc|ks_c|tis", re.IGNORECASE)
_MARKUP_STARTS = (b"<", b"{", b"[")
_BEFORE_MARKUP = b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"  # marks of encodings, and space
_CURE = "; save the page as UTF-8 text"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x7f\x80-\x84\x86-\x9f]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

_SAMPLE = 4096  # bytes that tell UTF-16 without a mark
_ZEROS_OF_UTF16 = 0.7  # the least share of zero high bytes: plain Latin text
_MOST_CONTROLS = 0.01
_MOST_DAMAGED = 0.1  # of the characters beyond ASCII, in UTF-8 that was hurt on its way
_MOST_NOT_ASCII = 0.3  # Windows-1252 is mostly ASCII; the single-byte alphabets of other scripts are not


def decode(content: bytes) -> str:
    """The text of a dump.

    Raises DumpError where the bytes are binary, or in an encoding that cannot be told.
    """
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            raise DumpError(f"this is {name}, not a text{_CURE}")
    text = _decode(content)
    if len(_CONTROL.findall(text)) > _MOST_CONTROLS * len(text):
        raise DumpError(f"this is not a text: it is full of control characters{_CURE}")
    return text


def is_markup(content: bytes) -> bool:
    """Whether the first character, in whatever encoding, is one that XML or JSON begin with."""
    return content[:_SAMPLE].lstrip(_BEFORE_MARKUP).startswith(_MARKUP_STARTS)


def decode_markup(content: bytes) -> str:
    """The text of an XML or JSON document, whatever its declaration says; what is no character becomes a mark of it.

    A mark of an encoding counts, then UTF-8 where all of it is, then what the document declares (XML 1.0, 4.3.3), then
    UTF-8 in which each stray byte is one of Windows-1252.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _utf16_without_mark(content)
    if encoding and encoding != "utf-8-sig":
        return content.decode(encoding, "replace")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return _decode_as("utf-8", content)
    except UnicodeDecodeError:
        return content.decode(_declared(content) or "utf-8", "windows-1252-or-mark")


def _declared(content: bytes) -> str | None:
    """The encoding that an XML document declares, where it is one of a byte or two for each character."""
    found = _DECLARED.match(content.lstrip())
    name = found[1].decode("ascii") if found else ""
    if not _SINGLE_OR_DOUBLE_BYTE.match(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that an encoding does not know: their characters in Windows-1252."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("windows-1252-or-mark", _stray_bytes)


def _decode(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _utf16_without_mark(content)
    if encoding is None or encoding == "utf-8-sig":
        return _utf8(content.removeprefix(codecs.BOM_UTF8))
    try:
        return _decode_as(encoding, content)
    except UnicodeDecodeError as error:
        raise DumpError(f"this is broken {encoding.upper()}, from byte {error.start} on{_CURE}") from None


def _decode_as(encoding: str, content: bytes) -> str:
    """The text, less a last character that the end of the content cuts in two."""
    return codecs.getincrementaldecoder(encoding)().decode(content)


def _utf16_without_mark(content: bytes) -> str | None:
    """The byte order of UTF-16 without a mark, where every other byte being zero makes it plain."""
    even, odd = content[:_SAMPLE:2], content[1:_SAMPLE:2]
    if not odd:
        return None
    if odd.count(0) >= _ZEROS_OF_UTF16 * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) >= _ZEROS_OF_UTF16 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _utf8(content: bytes) -> str:
    if 0 in content:
        raise DumpError(f"this is not a text: it holds NUL bytes{_CURE}")
    try:
        return _decode_as("utf-8", content)
    except UnicodeDecodeError:
        pass
    damaged = content.decode("utf-8", "replace")
    beyond_ascii = sum(map(len, _NOT_ASCII.findall(damaged)))
    if damaged.count("�") <= _MOST_DAMAGED * beyond_ascii:
        return damaged
    return _windows_1252(content)


def _windows_1252(content: bytes) -> str:
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    beyond_ascii = sum(map(len, _NOT_ASCII.findall(text)))
    if beyond_ascii > _MOST_NOT_ASCII * len(text):
        raise DumpError(f"this is in an encoding other than UTF-8, UTF-16 and Windows-1252{_CURE}")
    return text
