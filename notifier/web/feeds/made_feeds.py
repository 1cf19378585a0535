"""Keep the feeds that were made on request in memory, because feed readers ask for the same ones again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from notifier.web.feeds.representation import Representation

MAX_AGE = timedelta(minutes=10)  # topics may change without a dump
MAX_BYTES = 32_000_000  # of all feeds that are kept; a feed of 50 papers takes about 200 kB


@dataclass(frozen=True, slots=True)
class _MadeFeed:
    """A feed, when it was made, and the state of the stored papers then (see curation.papers_state)."""

    content: Representation
    state: Hashable
    made_at: datetime


@dataclass(slots=True)
class MadeFeeds:
    """The feeds that were asked for last, each until the stored papers change or ten minutes have passed."""

    _feeds: OrderedDict[Hashable, _MadeFeed] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def get(self, name: Hashable, state: Hashable, now: datetime) -> Representation | None:
        """Return the feed with this name if it was made in this state of the papers, and is not too old."""
        with self._lock:
            found = self._feeds.get(name)
            if found is None or found.state != state or not timedelta() <= now - found.made_at < MAX_AGE:
                return None
            self._feeds.move_to_end(name)
            return found.content

    def keep(self, name: Hashable, state: Hashable, now: datetime, content: Representation) -> None:
        """Keep a feed that was made in this state of the papers; forget the feeds that were asked for longest ago."""
        with self._lock:
            self._forget(name)
            self._feeds[name] = _MadeFeed(content, state, now)
            self._bytes += content.size
            while self._bytes > MAX_BYTES:
                self._forget(next(iter(self._feeds)))

    def _forget(self, name: Hashable) -> None:
        if forgotten := self._feeds.pop(name, None):
            self._bytes -= forgotten.content.size
