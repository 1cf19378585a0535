"""Opening gzip (RFC 1952) and xz files, piece by piece, so that a bomb is refused before it fills the memory."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from notifier.errors import DumpError

_Opened = gzip.GzipFile | lzma.LZMAFile

_ARCHIVES: tuple[tuple[bytes, Callable[[BytesIO], _Opened]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
_MOST_LAYERS = 2  # an archive in an archive, and no deeper
_PIECE = 1 << 16  # bytes inflated at a time


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The bytes inside, and the fault after which nothing more could be read, if there was one."""

    content: bytes
    fault: str | None = None


def unpack(content: bytes, limit: int) -> Unpacked:
    """The bytes of a document that may be a gzip or xz archive, or one in one; members one after another are joined.

    What can be read before a fault is kept. Raises DumpError where it would be larger than `limit` bytes, or where
    nothing could be read.
    """
    unpacked = Unpacked(content)
    for _ in range(_MOST_LAYERS):
        opener = next((opener for magic, opener in _ARCHIVES if unpacked.content.startswith(magic)), None)
        if opener is None:
            break
        inner = _inflated(opener(BytesIO(unpacked.content)), limit)
        unpacked = Unpacked(inner.content, unpacked.fault or inner.fault)
        if unpacked.fault and not unpacked.content:
            raise DumpError(f"{unpacked.fault}; fetch or copy the file again")
    return unpacked


def _inflated(archive: _Opened, limit: int) -> Unpacked:
    content = bytearray()
    try:
        while piece := archive.read1(_PIECE):
            content += piece
            if len(content) > limit:
                raise DumpError(f"unpacked it is larger than {limit >> 20} MB; split it, or raise [limits] unpacked_mb")
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        return Unpacked(bytes(content), f"the archive is broken or cut off: {error}")
    return Unpacked(bytes(content))
