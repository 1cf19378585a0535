"""Encode text as blocks of quoted-printable (RFC 2045, section 6.7), which can be joined in any order.

A block starts at the beginning of an encoded line and ends at the end of one. If the text of a block does not end with
a line feed, the block ends in a soft line break, which a decoder removes. So joined blocks are the encoding of their
joined texts.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable

LONGEST_LINE = 76  # octets without CRLF

_SIMPLE = bytes({*range(ord(" "), 0x7F)} - {*b"&<>\"'"}) + b"\n"  # ASCII that is the same in plain text and HTML


def block(text: str) -> bytes:
    """Return `text` in lines of at most 76 octets with CRLF ends.

    No line starts with a dot, so SMTP needs no dot-stuffing. Carriage returns are removed: they can only
    come from an expression in a template that writes one on purpose.
    """
    text = text.replace("\r", "")
    if not text:
        return b""
    ended = text[-1] == "\n"
    # b2a_qp writes soft line breaks with CRLF only if the text itself contains CRLF; otherwise as bare line feeds.
    encoded = binascii.b2a_qp((text if ended else text + "\n").replace("\n", "\r\n").encode(), istext=True)
    if encoded[0] == ord(".") or b"\n." in encoded or b"=20\r\n" in encoded or b"=09\r\n" in encoded:
        encoded = b"\r\n".join(map(_fitting, encoded.split(b"\r\n")))
    return encoded if ended else _continued(encoded)


def simple_blocks(values: Iterable[str]) -> list[bytes] | None:
    """Return a block for each of several short values, such as addresses and links, for plain text and HTML alike.

    Return None if a value has a character that is not simple ASCII, or begins with a dot or a space. Each value then
    needs `block`, which is several times slower.
    """
    lines = b"\n" + "\n".join(values).encode()
    if lines.translate(None, _SIMPLE) or b"\n." in lines or b"\n " in lines:
        return None
    encoded = (lines.replace(b"=", b"=3D").replace(b"\n", b"=\r\n") + b"=\r\n").splitlines(keepends=True)
    return [each if len(each) <= LONGEST_LINE + 2 else _split_if_long(each[:-2]) + b"\r\n" for each in encoded[1:]]


def _fitting(line: bytes) -> bytes:
    """Return an encoded line that does not start with a dot and is not too long.

    b2a_qp escapes a space at the end of a line after it has measured the line, which may then be too long.
    """
    return _split_if_long(b"=2E" + line[1:] if line.startswith(b".") else line)


def _continued(encoded: bytes) -> bytes:
    """Return an encoded text with a soft line break instead of its last line end."""
    start = encoded.rfind(b"\n", 0, -1) + 1
    return encoded[:start] + _split_if_long(encoded[start:-2] + b"=") + b"\r\n"


def _split_if_long(line: bytes) -> bytes:
    """Return an encoded line, split by soft line breaks into lines of at most 76 octets."""
    if len(line) <= LONGEST_LINE:
        return line
    cut = LONGEST_LINE - 1
    escape = line.rfind(b"=", cut - 2, cut)
    cut = cut if escape < 0 else escape
    return line[:cut] + b"=\r\n" + _fitting(line[cut:])
