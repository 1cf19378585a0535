"""Cache the papers of the last weeks for all visitors, until a dump is ingested or ten minutes have passed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.search import RecentPapers
from notifier.web.dump_cache import DumpCache


class RecentPapersCache(DumpCache[RecentPapers]):
    """Holds recent papers and their index."""

    __slots__ = ()

    def papers(self, engine: Engine, now: datetime) -> RecentPapers:
        """Return the recent papers."""
        return self.get(engine, now)
