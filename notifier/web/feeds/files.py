"""The files of the feeds folder in memory, as `publish` has written them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from notifier.feeds import FORMATS, MEDIA_TYPES, STYLESHEET
from notifier.web.feeds.representation import Representation, representation_of

FEED_LIST = "feeds.opml"
_FEED = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,99}}\.({'|'.join(FORMATS)})")


@dataclass(slots=True)
class FeedFiles:
    """The files of the feeds folder, each read again when it has changed."""

    folder: Path
    _known: dict[str, tuple[tuple[int, int, int], Representation]] = field(default_factory=dict)

    def get(self, name: str) -> Representation | None:
        """Return the content of a file; None if the folder has no such file."""
        if name not in (FEED_LIST, STYLESHEET) and not _FEED.fullmatch(name):
            return None
        path = self.folder / name
        try:
            status = os.stat(path)  # noqa: PTH116 - Path.stat takes twice the time, and this is done for each request
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            known = self._known.get(name)
            if known is None or known[0] != stamp:
                known = self._known[name] = (stamp, _read(path, status.st_mtime))
        except OSError:
            self._known.pop(name, None)
            return None
        return known[1]


def _read(path: Path, modified: float) -> Representation:
    at = datetime.fromtimestamp(int(modified), UTC)
    return representation_of(path.read_bytes(), MEDIA_TYPES[path.suffix.removeprefix(".")], at)
