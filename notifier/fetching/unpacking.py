"""Unpack the body of a response piece by piece, up to a limit."""

from __future__ import annotations

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_AS_IT_IS = ("", "identity")
ENCODINGS = (*_AS_IT_IS, "gzip", "x-gzip")  # those that can be unpacked piece by piece, up to a limit


class TooLargeError(Exception):
    """A body with more bytes than are allowed, before or after unpacking."""


class CutOffError(Exception):
    """A packed body that is cut off or cannot be unpacked."""


class UnpackedBody:
    """A body that arrives in pieces, packed in one of ENCODINGS. It never holds more than `limit` bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._arrived = 0
        self._held = 0
        self._pieces: list[bytes] = []
        self._member = None if encoding in _AS_IT_IS else zlib.decompressobj(_GZIP)
        self._is_complete = False

    def add(self, piece: bytes) -> None:
        """Add the next piece. Raises TooLargeError or CutOffError."""
        self._arrived += len(piece)
        if self._arrived > self._limit:
            raise TooLargeError
        if self._member is None:
            self._keep(piece)
        else:
            self._unpack(piece)

    def whole(self) -> bytes:
        """Return the unpacked body after the last piece. Raises CutOffError if it is not complete."""
        if self._member is not None and self._arrived and not self._member.eof:
            raise CutOffError
        return b"".join(self._pieces)

    @property
    def beginning(self) -> bytes:
        """What has been unpacked so far."""
        return b"".join(self._pieces)

    def _unpack(self, piece: bytes) -> None:
        """Unpack a piece; a gzip file may consist of several members, and what follows the last one is ignored."""
        while piece and not self._is_complete and self._member is not None:
            try:
                self._keep(self._member.decompress(piece, self._limit - self._held + 1))
            except zlib.error:
                raise CutOffError from None
            piece = self._member.unused_data
            if self._member.eof and piece:
                self._is_complete = not piece.startswith(b"\x1f")
                self._member = self._member if self._is_complete else zlib.decompressobj(_GZIP)

    def _keep(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._limit:
            raise TooLargeError
        self._pieces.append(piece)
