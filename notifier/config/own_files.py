"""Check that none of notifier's own files and folders would be read as a dump or published with the feeds."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from itertools import permutations
from pathlib import Path

from notifier.config.keys import Config
from notifier.config.sources import SourceConfig
from notifier.errors import ConfigError

_FEEDS, _FETCHED = "the feeds", "the fetched documents"
_KEY = "the secret key"
_INBOX = "the inbox of returned messages"
_ANY_DEPTH = "**"  # in a pattern, this stands for folders at any depth


def check_ingest_folder(config: Config, config_file: Path | None) -> None:
    """Raise ConfigError if ingesting would move files that are not dumps: those that notifier itself reads or writes.

    These files and folders must not be the dumps folder, nor be in it. The files of dumps that were read go to `done`
    and `quarantine` beside the dumps folder, so the dumps folder cannot be one of these two.
    """
    folder = config.path(config.ingest.folder)
    if folder.name in ("done", "quarantine"):
        raise ConfigError(
            f"ingest.folder: {folder.name} takes the files that were read; use another, such as var/dumps"
        )
    held = [
        name for name, path in (_own_files(config, config_file) | _own_folders(config)).items() if _holds(folder, path)
    ]
    if held:
        raise ConfigError(
            f"ingest.folder: this folder also holds {held[0]}, which ingesting would move away; "
            "use a folder for dumps alone, such as var/dumps"
        )


def check_secret_file(config: Config, config_file: Path | None) -> None:
    """Raise ConfigError if the file of the secret key is another file or folder of notifier, or is in the Maildir."""
    own, key = _own_files(config, config_file), config.path(config.secret_file)
    del own[_KEY]
    held = [what for what, path in own.items() if _holds(path, key)]
    held += [what for what, folder in _folders_of_mail(config).items() if _holds(folder, key)]
    if held:
        raise ConfigError(
            f"secret_file: this is the place of {held[0]}; name a file of its own, such as var/secret.key, and "
            "`notifier init` makes a key there"
        )


def check_source_folders(config: Config, config_file: Path | None) -> None:
    """Raise ConfigError if a source would read notifier's own files, or the dumps folder, which is read anyway.

    The folder of a source must not hold them, and the pattern of a source must not match them.
    """
    files = _own_files(config, config_file)
    dumps = {"the dumps folder, which is read without a source": config.path(config.ingest.folder)}
    folders = {**dumps, **_folders_of_dumps(config), **_own_folders(config)}
    for name, source in config.sources.items():
        read = [what for what, path in files.items() if _reads(source, config, path, is_folder=False)]
        read += [what for what, path in folders.items() if _reads(source, config, path, is_folder=True)]
        if read:
            key, cure = ("folder", "") if source.folder else ("glob", ", and begin the pattern with it")
            raise ConfigError(
                f"sources.{name}.{key}: it would also read {read[0]}; use a folder for dumps alone, such as "
                f"exports{cure}"
            )


def check_feeds_folder(config: Config, config_file: Path | None) -> None:
    """Raise ConfigError if the feeds folder, which web servers serve, holds files or folders that are not feeds."""
    folder = config.path(config.feeds.folder)
    others = {**_own_files(config, config_file), **_folders_of_dumps(config), **_own_folders(config)}
    del others[_FEEDS]
    held = [what for what, path in others.items() if _holds(folder, path)]
    if held:
        raise ConfigError(
            f"feeds.folder: this folder also holds {held[0]}, which a web server would publish with the feeds; "
            "use a folder for feeds alone, such as var/feeds"
        )


def check_written_folders(config: Config) -> None:
    """Raise ConfigError if a folder that notifier writes to holds another one.

    Otherwise a dump could be read twice, a mail could be taken for a dump, or a file could be deleted because it looks
    like an old fetched document.
    """
    written = [
        *(("ingest.folder", what, path) for what, path in _folders_of_dumps(config).items()),
        ("feeds.folder", _FEEDS, config.path(config.feeds.folder)),
        *(("maildir.folder", what, path) for what, path in _folders_of_mail(config).items()),
        ("fetching.folder", _FETCHED, config.path(config.fetching.folder)),
        *([("mail.inbox", _INBOX, config.inbox_folder)] if config.inbox_folder else []),
    ]
    for (outer_key, outer, folder), (inner_key, inner, path) in permutations(written, 2):
        if outer_key != inner_key and _holds(folder, path):
            raise ConfigError(
                f"{outer_key} and {inner_key}: the folder of {outer} also holds {inner}; "
                "use folders that do not hold each other"
            )


def _own_files(config: Config, config_file: Path | None) -> dict[str, Path]:
    """Return the single files that notifier reads and writes, by their names in error messages."""
    own = {
        "the config": config_file,
        "the database": config.database_file,
        _KEY: config.path(config.secret_file),
        "the token for the metrics": config.web.metrics_token_file and config.path(config.web.metrics_token_file),
        "the certificates": config.smtp.ca_file and config.path(config.smtp.ca_file),
        **config.secret_files,
        "the certificates of the inbox": config.mail.inbox_ca_file and config.path(config.mail.inbox_ca_file),
        "the certificates for fetching": config.fetching.ca_file and config.path(config.fetching.ca_file),
    }
    return {what: path for what, path in own.items() if path is not None}


def _own_folders(config: Config) -> dict[str, Path]:
    """Return the folders that notifier reads and writes, except the dumps folder, by their names in messages."""
    own = {
        _FEEDS: config.path(config.feeds.folder),
        "the Maildir": config.path(config.maildir.folder),
        **_folders_of_mail(config),
        "the locks of running senders": config.owners_folder,
        "the templates": config.mail.templates and config.path(config.mail.templates),
        _FETCHED: config.path(config.fetching.folder),
        _INBOX: config.inbox_folder,
    }
    return {what: path for what, path in own.items() if path is not None}


def _folders_of_mail(config: Config) -> dict[str, Path]:
    """Return the folders in the Maildir that hold mail, by their names in error messages."""
    mail = config.path(config.maildir.folder)
    return {
        "new mail of the Maildir": mail / "new",
        "read mail of the Maildir": mail / "cur",
        "unfinished mail of the Maildir": mail / "tmp",
    }


def _folders_of_dumps(config: Config) -> dict[str, Path]:
    """Return the dumps folder and the two folders beside it, by their names in messages."""
    dumps = config.path(config.ingest.folder)
    return {
        "the dumps": dumps,
        "the dumps that were read": dumps.parent / "done",
        "the dumps that could not be read": dumps.parent / "quarantine",
    }


def _reads(source: SourceConfig, config: Config, path: Path, *, is_folder: bool) -> bool:
    """Return whether a source would read a file, or files of a folder."""
    if source.folder is not None:
        folder = config.path(source.folder)
        return _holds(folder, path) or (is_folder and _holds(path, folder))
    return bool(source.glob) and any(
        _matches(Path(os.path.normpath(config.base / source.glob)), Path(cleaned), is_folder=is_folder)
        for cleaned in _spellings(path)
    )


def _matches(pattern: Path, path: Path, *, is_folder: bool) -> bool:
    """Return whether a pattern may match a file, or files of a folder at any depth.

    The names in both paths are compared one after the other, until the pattern has `**` or one of the paths ends.
    """
    for part, name in zip(pattern.parts, path.parts, strict=False):
        if part == _ANY_DEPTH:
            return is_folder or fnmatchcase(path.name, pattern.name)
        if not fnmatchcase(name, part):
            return False
    return len(pattern.parts) > len(path.parts) if is_folder else len(pattern.parts) == len(path.parts)


def _holds(folder: Path, path: Path) -> bool:
    """Return whether the path is the folder, or is in it at any depth, with or without following symbolic links."""
    held = zip(_spellings(path), _spellings(folder), strict=True)
    return any(Path(inner).is_relative_to(outer) for inner, outer in held)


def _spellings(path: Path) -> tuple[str, str]:
    """Return a path without `..` parts, first as it is written, then without symbolic links."""
    return os.path.normpath(path.absolute()), os.path.realpath(path)
