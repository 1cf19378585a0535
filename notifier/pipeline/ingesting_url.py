"""Read a dump from a URL that the operator has typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from notifier.config import Config
from notifier.fetching import Client
from notifier.files import DumpFile

MAX_NAME_LENGTH = 200  # characters
NO_FILE = 0  # a mode other than that of a regular file, so that no file is quarantined


def name_in(url: str) -> Path:
    """Return the name of the dump at a URL: the end of its path, and its query. They may hold the listing day."""
    parts = urlsplit(url)
    name = unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.hostname or "dump"
    whole = f"{name}?{unquote(parts.query)}" if parts.query else name
    return Path(whole.replace("/", "_").replace("\0", "_")[:MAX_NAME_LENGTH])


def url_reader(config: Config, url: str) -> Callable[[Path, int], DumpFile]:
    """Return a function that reads the dump at a URL, for IngestSettings. It raises FetchError if it gets no dump."""

    def read(path: Path, limit: int) -> DumpFile:  # noqa: ARG001 - [fetching] file_mb is the limit
        with Client(config.fetching_settings) as client:
            return DumpFile(path, client.get(url).body, mode=NO_FILE)

    return read
