"""Text as blocks of quoted-printable (RFC 2045, section 6.7) that can be joined: encoded once, shown in many mails.

A block starts at the beginning of an encoded line and ends at the end of one. Where its text does not end a line, that
end is a soft line break, which a decoder takes away again. So blocks in any order are the encoding of their texts in
that order.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable

LONGEST_LINE = 76  # octets without CRLF

_USUAL = bytes({*range(ord(" "), 0x7F)} - {*b"&<>\"'"}) + b"\n"  # letters of values and their ends: no markup, ASCII


def block(text: str) -> bytes:
    """`text` in lines of at most 76 octets with CRLF ends, none of which starts with a dot, so that SMTP stuffs none.

    A carriage return is left out: only a template's own expression can hold one.
    """
    text = text.replace("\r", "")
    if not text:
        return b""
    ended = text[-1] == "\n"
    # Without a line end in it, b2a_qp would write its soft line breaks as bare line feeds.
    encoded = binascii.b2a_qp((text if ended else text + "\n").replace("\n", "\r\n").encode(), istext=True)
    if encoded[0] == ord(".") or b"\n." in encoded or b"=20\r\n" in encoded or b"=09\r\n" in encoded:
        encoded = b"\r\n".join(map(_fitting, encoded.split(b"\r\n")))
    return encoded if ended else _continued(encoded)


def usual_blocks(values: Iterable[str]) -> list[bytes] | None:
    """Values between other texts, such as addresses and links, as blocks for plain text and HTML alike.

    None where one of them has to be looked at by itself. No value may hold a line end.
    """
    lines = b"\n" + "\n".join(values).encode()
    if lines.translate(None, _USUAL) or b"\n." in lines or b"\n " in lines:
        return None
    encoded = (lines.replace(b"=", b"=3D").replace(b"\n", b"=\r\n") + b"=\r\n").splitlines(keepends=True)
    return [each if len(each) <= LONGEST_LINE + 2 else _folded(each[:-2]) + b"\r\n" for each in encoded[1:]]


def _fitting(line: bytes) -> bytes:
    """A line of b2a_qp, which may start with a dot, or be too long for the last space on it, which it escapes late."""
    return _folded(b"=2E" + line[1:] if line.startswith(b".") else line)


def _continued(encoded: bytes) -> bytes:
    """`encoded` with its last line end made a soft one."""
    start = encoded.rfind(b"\n", 0, -1) + 1
    return encoded[:start] + _folded(encoded[start:-2] + b"=") + b"\r\n"


def _folded(line: bytes) -> bytes:
    """An encoded line that may be too long by a few octets, as two where it is."""
    if len(line) <= LONGEST_LINE:
        return line
    cut = LONGEST_LINE - 1
    escape = line.rfind(b"=", cut - 2, cut)
    cut = cut if escape < 0 else escape
    return line[:cut] + b"=\r\n" + _fitting(line[cut:])
