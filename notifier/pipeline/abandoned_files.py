"""Remove the files that killed processes have left: drafts, and lock files that no row names."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine

from notifier.config import Config
from notifier.drafts import remove_abandoned_drafts
from notifier.errors import StoreError
from notifier.files import DumpsFolder, remove_abandoned_locks
from notifier.store import dumps, outbox, reading, relays


def remove_abandoned_files(engine: Engine, config: Config) -> None:
    """Remove the drafts and lock files that killed processes have left in any of the config's folders.

    What cannot be removed now stays until the next start. An error of the database is ignored here, because the steps
    that follow report it.
    """
    remove_abandoned_drafts(config.path(config.feeds.folder))
    remove_abandoned_drafts(config.path(config.maildir.folder) / "tmp")
    with suppress(OSError):
        for folder in list(config.fetching_settings.folder.iterdir()):
            remove_abandoned_drafts(folder)
    DumpsFolder(config.path(config.ingest.folder)).remove_abandoned_drafts()

    def owners() -> set[str]:
        with reading(engine) as connection:
            return outbox.owners(connection) | relays.probe_owners(connection) | dumps.attempt_owners(connection)

    with suppress(StoreError):
        remove_abandoned_locks(config.owners_folder, owners)
