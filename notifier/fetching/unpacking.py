"""Take in the body of a reply, and unpack it, while counting its bytes."""

from __future__ import annotations

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_AS_IT_IS = ("", "identity")
ENCODINGS = (*_AS_IT_IS, "gzip", "x-gzip")  # those that can be unpacked piece by piece, up to a limit


class TooLargeError(Exception):
    """A body with more bytes than are allowed, before or after unpacking."""


class BrokenOffError(Exception):
    """A packed body that ends too early, or is not packed as it should be."""


class Body:
    """A body that arrives in pieces, packed in one of ENCODINGS. It never holds more than `limit` bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._arrived = 0
        self._held = 0
        self._pieces: list[bytes] = []
        self._member = None if encoding in _AS_IT_IS else zlib.decompressobj(_GZIP)
        self._is_over = False

    def add(self, piece: bytes) -> None:
        """Take in the next piece. Raises TooLargeError or BrokenOffError."""
        self._arrived += len(piece)
        if self._arrived > self._limit:
            raise TooLargeError
        if self._member is None:
            self._keep(piece)
        else:
            self._unpack(piece)

    def whole(self) -> bytes:
        """Return the unpacked body, which is complete now. Raises BrokenOffError if it is not."""
        if self._member is not None and self._arrived and not self._member.eof:
            raise BrokenOffError
        return b"".join(self._pieces)

    def _unpack(self, piece: bytes) -> None:
        """Unpack a piece; a gzip file may consist of several members, and what follows the last one is ignored."""
        while piece and not self._is_over and self._member is not None:
            try:
                self._keep(self._member.decompress(piece, self._limit - self._held + 1))
            except zlib.error:
                raise BrokenOffError from None
            piece = self._member.unused_data
            if self._member.eof and piece:
                self._is_over = not piece.startswith(b"\x1f")
                self._member = self._member if self._is_over else zlib.decompressobj(_GZIP)

    def _keep(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._limit:
            raise TooLargeError
        self._pieces.append(piece)
