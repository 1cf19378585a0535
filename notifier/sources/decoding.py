"""Decode bytes to text: UTF-8, UTF-16, UTF-32 or Windows-1252.

A copied page is refused if its encoding cannot be found out. XML and JSON documents, which are recognised by their
first character, are always decoded: bytes that fit no encoding become replacement characters. An XML document may also
declare another encoding with one or two bytes for each character, such as KOI8-R.
"""

from __future__ import annotations

import codecs
import re

from notifier.errors import DumpError

_BYTE_ORDER_MARKS = (  # UTF-32 comes first, since its little-endian mark begins with that of UTF-16
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
_XML_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_SINGLE_OR_DOUBLE_BYTE = re.compile(r"iso-?8859|windows|cp\d|koi8|mac|gb|big5|shift|sjis|euc|ks_c|tis", re.IGNORECASE)
_MARKUP_STARTS = (b"<", b"{", b"[")
_BEFORE_MARKUP = b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"  # the bytes of byte order marks, and white space
_CURE = "; save the page as UTF-8 text"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x7f\x80-\x84\x86-\x9f]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

_SAMPLE = 4096  # XML, JSON and UTF-16 are recognised by this many bytes at the beginning
_MIN_ZEROS = 0.7  # the least share of zeros among the high bytes of UTF-16; the high byte of a Latin letter is zero
_MAX_CONTROLS = 0.01  # the largest share of control characters in a text
_MAX_DAMAGED = 0.1  # in damaged UTF-8, the largest share of characters beyond ASCII that are invalid
_MAX_NOT_ASCII = 0.3  # the largest share of characters beyond ASCII in Windows-1252 text; other scripts have more
_STRAY_BYTES = "windows-1252-or-replacement"  # the name of an error handler of `codecs`


def decode(content: bytes) -> str:
    """Return the text of a dump that is neither XML nor JSON.

    Raises DumpError if the bytes are not text, or if their encoding cannot be found out.
    """
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            raise DumpError(f"this is {name}, not a text{_CURE}")
    text = _decode_page(content)
    if len(_CONTROL.findall(text)) > _MAX_CONTROLS * len(text):
        raise DumpError(f"this is not a text: it has too many control characters{_CURE}")
    return text


def is_markup(content: bytes) -> bool:
    """Return whether the first character, in any Unicode encoding, is one with which XML or JSON begins."""
    return content[:_SAMPLE].lstrip(_BEFORE_MARKUP).startswith(_MARKUP_STARTS)


def decode_markup(content: bytes) -> str:
    """Return the text of an XML or JSON document.

    The encoding is the first of these that applies:

    1. UTF-16 or UTF-32, if there is a byte order mark, or if the bytes show that they are UTF-16;
    2. UTF-8, if all bytes are valid in it;
    3. the single-byte or double-byte encoding that the document declares (XML 1.0, section 4.3.3);
    4. UTF-8.

    Bytes that are invalid in UTF-16 or UTF-32 become replacement characters. In the other encodings they are decoded as
    Windows-1252, and become replacement characters only if they are undefined there too.
    """
    encoding = _unicode_encoding(content)
    if encoding and encoding != "utf-8-sig":
        return content.decode(encoding, "replace")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return _decode_as("utf-8", content)
    except UnicodeDecodeError:
        return content.decode(_declared_encoding(content) or "utf-8", _STRAY_BYTES)


def _declared_encoding(content: bytes) -> str | None:
    """Return the encoding that an XML document declares, if it has one or two bytes for each character."""
    found = _XML_DECLARATION.match(content.lstrip())
    name = found[1].decode("ascii") if found else ""
    if not _SINGLE_OR_DOUBLE_BYTE.match(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _decode_stray_bytes(error: UnicodeError) -> tuple[str, int]:
    """Return the characters that the bytes stand for in Windows-1252, and the position at which decoding continues."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_STRAY_BYTES, _decode_stray_bytes)


def _decode_page(content: bytes) -> str:
    encoding = _unicode_encoding(content)
    if encoding is None or encoding == "utf-8-sig":
        return _decode_utf8_or_windows_1252(content.removeprefix(codecs.BOM_UTF8))
    try:
        return _decode_as(encoding, content)
    except UnicodeDecodeError as error:
        raise DumpError(f"this is broken {encoding.upper()}: byte {error.start} is invalid{_CURE}") from None


def _decode_as(encoding: str, content: bytes) -> str:
    """Return the text, without the last character if the content ends in the middle of it."""
    return codecs.getincrementaldecoder(encoding)().decode(content)


def _unicode_encoding(content: bytes) -> str | None:
    """Return the encoding that a byte order mark names, or UTF-16 if the bytes show it without a mark, else None."""
    named = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    return named or _utf16_without_mark(content)


def _utf16_without_mark(content: bytes) -> str | None:
    """Return UTF-16 with its byte order if most high bytes are zero, as in Latin text, and no low byte is."""
    even, odd = content[:_SAMPLE:2], content[1:_SAMPLE:2]
    if not odd:
        return None
    if odd.count(0) >= _MIN_ZEROS * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) >= _MIN_ZEROS * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _decode_utf8_or_windows_1252(content: bytes) -> str:
    if 0 in content:
        raise DumpError(f"this is not a text: it contains NUL bytes{_CURE}")
    try:
        return _decode_as("utf-8", content)
    except UnicodeDecodeError:
        pass
    damaged = content.decode("utf-8", "replace")
    beyond_ascii = sum(map(len, _NOT_ASCII.findall(damaged)))
    if damaged.count("�") <= _MAX_DAMAGED * beyond_ascii:
        return damaged
    return _decode_windows_1252(content)


def _decode_windows_1252(content: bytes) -> str:
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    beyond_ascii = sum(map(len, _NOT_ASCII.findall(text)))
    if beyond_ascii > _MAX_NOT_ASCII * len(text):
        raise DumpError(f"this is in an encoding other than UTF-8, UTF-16 and Windows-1252{_CURE}")
    return text
