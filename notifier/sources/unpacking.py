"""Unpack gzip (RFC 1952) and xz files.

They are unpacked chunk by chunk, so that a decompression bomb is refused before it fills the memory.
"""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from notifier.errors import DumpError

_OpenArchive = gzip.GzipFile | lzma.LZMAFile

# The bytes with which each kind of archive begins, and the function that opens it.
_ARCHIVES: tuple[tuple[bytes, Callable[[BytesIO], _OpenArchive]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
_MAX_LAYERS = 2  # an archive inside an archive
_CHUNK = 1 << 16  # bytes unpacked at a time


@dataclass(frozen=True, slots=True)
class UnpackedDocument:
    """The bytes of a document, and the fault that ended reading early, if there was one."""

    content: bytes
    fault: str | None = None


def is_archive(content: bytes) -> bool:
    """Return whether the bytes begin like an archive, which may unpack to many more bytes."""
    return any(content.startswith(magic) for magic, _ in _ARCHIVES)


def unpack(content: bytes, limit: int) -> UnpackedDocument:
    """Return the bytes of a document that may be packed once or twice with gzip or xz.

    The members of an archive are joined. If an archive is damaged, the bytes before the fault are kept. Raises
    DumpError if the result would be larger than `limit` bytes, or if nothing could be read before a fault.
    """
    unpacked = UnpackedDocument(content)
    for _ in range(_MAX_LAYERS):
        opener = next((opener for magic, opener in _ARCHIVES if unpacked.content.startswith(magic)), None)
        if opener is None:
            break
        inner = _read_archive(opener(BytesIO(unpacked.content)), limit)
        unpacked = UnpackedDocument(inner.content, unpacked.fault or inner.fault)
        if unpacked.fault and not unpacked.content:
            raise DumpError(f"{unpacked.fault}; fetch or copy the file again")
    return unpacked


def _read_archive(archive: _OpenArchive, limit: int) -> UnpackedDocument:
    content = bytearray()
    try:
        while chunk := archive.read1(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise DumpError(
                    f"the unpacked file is larger than {limit >> 20} MB; split it, or raise [limits] unpacked_mb"
                )
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        return UnpackedDocument(bytes(content), f"the archive is broken or cut off: {error}")
    return UnpackedDocument(bytes(content))
