"""Two bodies of one meaning as the bytes of a message: RFC 2045 and 2046."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

_PART = "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_PLAIN = (_PART % "plain").encode()
_HTML = (_PART % "html").encode()


def alternative(header: bytes, text: Iterable[bytes], html: Iterable[bytes], message_id: str) -> bytes:
    """A message of a multipart/alternative (RFC 2046, section 5.1.4): its header's other lines, then both bodies.

    The bodies are blocks of quoted-printable. The boundary derives from `message_id`; it cannot occur in them, since no
    quoted-printable text has `=_` in it.
    """
    boundary = b"=_" + sha256(message_id.encode()).hexdigest()[:32].encode()
    opening = b"\r\n--" + boundary + b"\r\n"
    content_type = b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n'
    closing = b"\r\n--" + boundary + b"--\r\n"
    return b"".join((header, content_type, opening, _PLAIN, *text, opening, _HTML, *html, closing))
