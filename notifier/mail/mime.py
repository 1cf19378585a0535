"""Write a MIME message (RFC 2045 and 2046) with two bodies: plain text and HTML."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

_DELIMITER = b"\r\n--=_"
_PART = "\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_PLAIN = (_PART % "plain").encode()
_HTML = (_PART % "html").encode()


def alternative(header: bytes, text: Iterable[bytes], html: Iterable[bytes], message_id: str) -> bytes:
    """Return a message of the type multipart/alternative (RFC 2046, section 5.1.4).

    `header` holds all header lines except Content-Type. `text` and `html` are blocks of quoted-printable. The boundary
    derives from `message_id`. It cannot occur in the bodies, because no quoted-printable text holds `=_`.
    """
    boundary = b"%08x" % crc32(message_id.encode())
    return b"".join(
        (
            *(header, b'Content-Type: multipart/alternative; boundary="=_', boundary, b'"\r\n'),
            *(_DELIMITER, boundary, _PLAIN, *text),
            *(_DELIMITER, boundary, _HTML, *html),
            *(_DELIMITER, boundary, b"--\r\n"),
        )
    )
