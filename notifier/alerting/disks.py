"""Check that the disks with the database and the folders of notifier have room."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from notifier.alerting.findings import AlertFinding
from notifier.config import Config

KEY = "disk"
# A disk is nearly full with less than 5% or 1 GB free, whichever is less; the alert ends with twice as much.
LEAST_SHARE, LEAST_BYTES = 20, 1 << 30
END_FACTOR = 2


def check_disks(config: Config, open_keys: Collection[str]) -> AlertFinding:
    """Return the finding on all disks that notifier writes to; one disk that is nearly full makes it trouble."""
    factor = END_FACTOR if KEY in open_keys else 1
    full = [f"{folder} has {free >> 20} MB left" for folder, free, least in _disks(config) if free < factor * least]
    if not full:
        return AlertFinding(KEY, "The disk", "the disk has room again", "all folders have room again")
    return AlertFinding(
        KEY,
        "The disk",
        "the disk is nearly full",
        f"the disk of {' and the disk of '.join(full)}",
        state="full",
        cure="Make room there, or keep less by [keep] in the config; a full disk stops all storing and all mail",
    )


def _disks(config: Config) -> Iterator[tuple[Path, int, int]]:
    """Yield, for each disk, a folder of notifier on it, the free bytes, and the bytes that should be free at least."""
    seen = set()
    for wanted in _folders(config):
        with suppress(OSError):
            folder = _nearest(wanted)
            device = folder.stat().st_dev
            if device not in seen:
                seen.add(device)
                usage = shutil.disk_usage(folder)
                yield wanted, usage.free, min(usage.total // LEAST_SHARE, LEAST_BYTES)


def _folders(config: Config) -> list[Path]:
    file = config.database_file
    own = [config.ingest.folder, config.fetching.folder, config.feeds.folder]
    own += [config.maildir.folder] if config.mail.transport == "maildir" else []
    return [*([Path(os.path.realpath(file)).parent] if file else []), *map(config.path, own)]


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
