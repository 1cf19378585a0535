"""Step 1 for the dumps folder: what is complete there is taken in, and put away."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from notifier.errors import DumpGoneError
from notifier.pipeline.ingesting import AS_SHIPPED, DumpReport, IngestSettings, ingest
from notifier.shelf.folder import DumpsFolder


def take_in(
    engine: Engine, folder: DumpsFolder, paths: Iterable[Path], now: datetime, settings: IngestSettings = AS_SHIPPED
) -> list[DumpReport]:
    """Ingest the folder's files, one by one; a file that another process has put away meanwhile is left to it."""
    reports = []
    for path in paths:
        with suppress(DumpGoneError):
            report = ingest(engine, path, None, now, settings)
            folder.put_away(path, report.reason)
            reports.append(report)
    return reports
