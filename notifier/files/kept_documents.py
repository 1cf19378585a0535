"""Keep what was fetched, compressed, so that it can be looked at and ingested again.

A kept document is an ordinary dump: `notifier ingest` reads it, and its name begins with its listing day.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from itertools import count
from pathlib import Path

from notifier.drafts import new_draft
from notifier.errors import FileError
from notifier.files.dumps import DumpFile
from notifier.private_files import FILE_MODE, make_folder

PACKED = ".gz"
_GZIP = b"\x1f\x8b"
_LONGEST_STEM = 120  # characters; so a day, a number and the suffixes can be added
_LEVEL = 6  # of compression; higher ones take much longer for little


class KeptDocuments:
    """The folder with the kept documents of one source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, body: bytes, now: datetime) -> DumpFile:
        """Write a document into the folder, and return it as a dump.

        If a document of this name and with the same bytes is kept already, that one is returned. If one with other
        bytes is kept, the new one gets a number: `2026-11-30.2.json.gz`. Raises FileError if it cannot be written.
        """
        content = body if body.startswith(_GZIP) else gzip.compress(body, _LEVEL, mtime=0)
        try:
            make_folder(self.folder)
            path = next(path for path in self._names(name) if not path.exists() or path.read_bytes() == content)
            if not path.exists():
                self._write(path, content)
            os.utime(path, (now.timestamp(), now.timestamp()))
        except OSError as error:
            raise self._cannot("write", error) from None
        return DumpFile(path, content, time.time())

    def add_day(self, path: Path, day: date) -> Path:
        """Put the listing day before the name of a kept document, and return its new path."""
        name = f"{day}-{path.name}"
        try:
            new = next(new for new in self._names(name.removesuffix(PACKED)) if not new.exists())
            path.rename(new)
        except OSError as error:
            raise self._cannot("rename a file of", error) from None
        return new

    def sweep(self, before: datetime) -> int:
        """Delete the documents that were fetched before this instant, and return how many were deleted.

        If one cannot be deleted, it stays, and so do those that are not deleted yet.
        """
        removed = 0
        with suppress(OSError):
            for path in list(self.folder.glob(f"*{PACKED}")):
                if path.is_file() and not path.is_symlink() and path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    def _names(self, name: str) -> Iterator[Path]:
        """Yield the paths that a document of this name may have."""
        plain = Path(name.removesuffix(PACKED))
        stem = plain.stem[:_LONGEST_STEM]
        for number in count(1):
            yield self.folder / f"{stem}{f'.{number}' if number > 1 else ''}{plain.suffix}{PACKED}"

    def _write(self, path: Path, content: bytes) -> None:
        with new_draft(self.folder, FILE_MODE) as (draft, file):
            file.write(content)
            file.flush()
            draft.rename(path)

    def _cannot(self, what: str, error: OSError) -> FileError:
        return FileError(
            f"cannot {what} {self.folder}: {error.strerror}; check [fetching] folder, its owner and the free space"
        )
