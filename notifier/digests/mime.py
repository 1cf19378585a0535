"""Two bodies of one meaning as the bytes of a message: RFC 2045 and 2046."""

from __future__ import annotations

import binascii
import re
from hashlib import sha256

_LINE_END = re.compile(r"\r\n?|\n")


def alternative(text: str, html: str, message_id: str) -> bytes:
    """A multipart/alternative (RFC 2046, section 5.1.4): its Content-Type, which ends a header, and both bodies.

    The boundary derives from `message_id`. It cannot occur in a body: no quoted-printable text has `=_` in it.
    """
    boundary = f"=_{sha256(message_id.encode()).hexdigest()[:32]}"
    header = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'
    parts = _part(boundary, "plain", text) + _part(boundary, "html", html)
    return header.encode() + parts + f"\r\n--{boundary}--\r\n".encode()


def _part(boundary: str, kind: str, body: str) -> bytes:
    header = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return f"\r\n--{boundary}\r\n{header}".encode() + _quoted_printable(body)


def _quoted_printable(text: str) -> bytes:
    """`text` in lines of at most 76 octets with CRLF ends (RFC 2045, section 6.7)."""
    return binascii.b2a_qp(_LINE_END.sub("\r\n", text).encode(), istext=True)
