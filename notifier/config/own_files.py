"""The files and folders of notifier itself, which must not be among the dumps."""

from __future__ import annotations

import os
from pathlib import Path

from notifier.config.keys import Config
from notifier.errors import ConfigError


def check_ingest_folder(config: Config, file: Path | None) -> None:
    """Raise ConfigError if ingesting would move files that are not dumps: those that notifier itself reads or writes.

    These files and folders must not be the dumps folder, nor be in it. The files of dumps that were read go to `done`
    and `quarantine` beside the dumps folder, so the dumps folder cannot be one of these two.
    """
    folder = config.path(config.ingest.folder)
    if folder.name in ("done", "quarantine"):
        raise ConfigError(
            f"ingest.folder: {folder.name} takes the files that were read; use another, such as var/dumps"
        )
    mail = config.path(config.maildir.folder)
    own = {
        "the config": file,
        "the database": config.database_file,
        "the secret key": config.path(config.secret_file),
        "the feeds": config.path(config.feeds.folder),
        "the Maildir": mail,
        "new mail of the Maildir": mail / "new",
        "read mail of the Maildir": mail / "cur",
        "unfinished mail of the Maildir": mail / "tmp",
        "the locks of running senders": config.owners_folder,
        "the templates": config.mail.templates and config.path(config.mail.templates),
        "the certificates": config.smtp.ca_file and config.path(config.smtp.ca_file),
        "the certificates for fetching": config.fetching.ca_file and config.path(config.fetching.ca_file),
        "the fetched documents": config.path(config.fetching.folder),
    }
    held = [name for name, path in own.items() if path is not None and _holds(folder, path)]
    if held:
        raise ConfigError(
            f"ingest.folder: this folder also holds {held[0]}, which ingesting would move away; "
            "use a folder for dumps alone, such as var/dumps"
        )


def _holds(folder: Path, path: Path) -> bool:
    """Return whether the path is the folder, or is in it at any depth, with or without following symbolic links."""
    return any(Path(clean(path)).is_relative_to(clean(folder)) for clean in (os.path.abspath, os.path.realpath))
