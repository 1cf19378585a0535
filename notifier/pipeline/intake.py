"""Step 1 for the dumps folder: what is complete there is taken in, and put away."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from notifier.errors import DumpGoneError
from notifier.pipeline.ingesting import DumpReport, ingest
from notifier.shelf.folder import DumpsFolder
from notifier.store.ingest import AS_NEWS, Announcing


def take_in(
    engine: Engine, folder: DumpsFolder, paths: Iterable[Path], now: datetime, announcing: Announcing = AS_NEWS
) -> list[DumpReport]:
    """Ingest the folder's files, one by one; a file that another process has put away meanwhile is left to it."""
    reports = []
    for path in paths:
        with suppress(DumpGoneError):
            report = ingest(engine, path, None, now, announcing)
            folder.put_away(path, report.reason)
            reports.append(report)
    return reports
