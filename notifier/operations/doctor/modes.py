"""Check who may read and write the files and folders, and whom they belong to."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from notifier.operations.doctor.findings import Area, Finding, fault, ok, warning
from notifier.operations.doctor.setup import Setup, user_name

_OTHERS, _OTHERS_WRITE = 0o007, 0o002
_MOST_ENTRIES = 1000  # the most entries of a folder that are looked at
_SQLITE = b"SQLite format 3\0"
_SUFFIXES = (".csv", ".tsv")  # of the lists of subscribers that `subscribers export` writes


def check_modes(setup: Setup) -> Iterator[Finding]:
    """Find private files that others may read, files and folders that anyone may change, and unusable ones."""
    yield from _runner(setup)
    yield from _key(setup)
    found = [*_private(setup), *_copies(setup), *_changeable(setup), *_owners(setup), *_folders(setup)]
    yield from found
    if not found:
        owner = user_name(setup.service_user)
        yield ok(
            Area.FILES, "modes and owners", f"private files are closed to others, and {owner} may write all folders"
        )


def _runner(setup: Setup) -> Iterator[Finding]:
    """Say if the files belong to another user than the one who runs this command."""
    user, key = setup.service_user, setup.config.path(setup.config.secret_file)
    if os.geteuid() in (0, user):
        return
    said = f"{user_name(os.geteuid())} runs it, but the files belong to {user_name(user)}"
    cure = f"run it as that user: sudo -u {user_name(user)} notifier doctor"
    if os.access(setup.config.database_file or key, os.R_OK):
        yield warning(Area.FILES, "this command", f"{said}, so it may see less", cure)
    else:
        yield fault(Area.FILES, "this command", f"{said}, and may not be read", cure)


def _key(setup: Setup) -> Iterator[Finding]:
    key = setup.config.path(setup.config.secret_file)
    if not key.exists():
        what = "there is no secret key, so no link in a mail can be signed"
        yield fault(Area.FILES, setup.path_in_config(key), what, "run `notifier init`, which makes it")


def private_files(setup: Setup) -> list[Path]:
    """Return the files of notifier that hold addresses or secrets, and exist."""
    config = setup.config
    database = config.database_file
    files = [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm")] if database else []
    files.append(config.path(config.secret_file))
    if setup.file and config.holds_password:
        files.append(setup.file.absolute())
    return [file for file in files if file.is_file()]


def _files_with_secrets(setup: Setup) -> list[Path]:
    """Return the files in which the config looks for a secret other than the key, and which exist."""
    token = setup.config.web.metrics_token_file
    named = [*setup.config.secret_files.values(), *([setup.config.path(token)] if token else [])]
    return [file for file in named if file.exists()]


def _private(setup: Setup) -> Iterator[Finding]:
    for file in [*private_files(setup), *_files_with_secrets(setup)]:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & _OTHERS:
            what = f"other users of this machine may read it (mode {mode:04o})"
            yield fault(Area.FILES, setup.path_in_config(file), what, f"run chmod 600 {file}")


def _copies(setup: Setup) -> Iterator[Finding]:
    """Find copies of the database, and exports, in the folders of config and database, that others may read."""
    database = setup.config.database_file
    known = set(private_files(setup))
    for folder in dict.fromkeys([setup.config.base, *([database.parent] if database else [])]):
        for file in _open_files(folder):
            if file not in known and (_begins_as_database(file) or file.suffix.lower() in _SUFFIXES):
                what = "it may hold addresses of subscribers, and other users of this machine may read it"
                yield fault(Area.FILES, setup.path_in_config(file), what, f"run chmod 600 {file}, or remove it")


def _open_files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, _MOST_ENTRIES):
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mode & _OTHERS:
                    yield Path(entry)
    except OSError:
        return


def _begins_as_database(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _changeable(setup: Setup) -> Iterator[Finding]:
    """Find what steers the service and may be changed by anybody."""
    config = setup.config
    templates = config.mail.templates and config.path(config.mail.templates)
    files = {"the config": setup.file, "the folder of the config": config.base, "the templates": templates}
    for what, path in files.items():
        if path and path.exists():
            mode = path.stat().st_mode
            if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
                said = f"any user of this machine may change {what}, and so what the service does"
                yield fault(
                    Area.FILES,
                    setup.path_in_config(path) if path != config.base else str(path),
                    said,
                    f"run chmod o-w {path}",
                )
    dumps = config.path(config.ingest.folder)
    if dumps.exists() and dumps.stat().st_mode & _OTHERS_WRITE:
        said = "any user of this machine may put dumps into it"
        yield warning(Area.FILES, setup.path_in_config(dumps), said, f"if this is not intended, run chmod o-w {dumps}")


def _owners(setup: Setup) -> Iterator[Finding]:
    """Find files that the service cannot read or write because another user owns them."""
    config, user = setup.config, setup.service_user
    database = config.database_file
    for file in private_files(setup):
        if database and file.name.startswith(database.name):
            if file.stat().st_uid != user:
                what = f"it belongs to {user_name(file.stat().st_uid)}, but the database to {user_name(user)}"
                yield fault(Area.FILES, setup.path_in_config(file), what, f"run chown {user_name(user)} {file}")
            elif not may(user, file, os.R_OK | os.W_OK):
                what = f"{user_name(user)}, whom it belongs to, may not read and write it"
                yield fault(Area.FILES, setup.path_in_config(file), what, f"run chmod 600 {file}")
        elif not may(user, file, os.R_OK):
            what = f"{user_name(user)}, whom the database belongs to, may not read it"
            yield fault(Area.FILES, setup.path_in_config(file), what, f"run chown {user_name(user)} {file}")


def written_folders(setup: Setup) -> dict[str, Path]:
    """Return the folders that the service writes to, by what they hold."""
    config = setup.config
    dumps, database = config.path(config.ingest.folder), config.database_file
    folders = {
        "the database": database.parent if database else None,
        "dumps": dumps,
        "dumps that were read": dumps.parent / "done",
        "dumps that could not be read": dumps.parent / "quarantine",
        "feeds": config.path(config.feeds.folder),
        "fetched documents": config.path(config.fetching.folder),
        "lock files": config.owners_folder,
        "mail": config.path(config.maildir.folder) if config.mail.transport == "maildir" else None,
    }
    return {what: folder for what, folder in folders.items() if folder is not None}


def _folders(setup: Setup) -> Iterator[Finding]:
    """Find folders that the service cannot write to, or could not make."""
    user = setup.service_user
    for what, folder in written_folders(setup).items():
        place = existing(folder)
        if not place.is_dir():
            yield fault(
                Area.FILES, setup.path_in_config(folder), f"{place} is a file, not a folder for {what}", "move it away"
            )
        elif os.statvfs(place).f_flag & os.ST_RDONLY:
            said = f"the file system is read-only, so {what} cannot be written"
            yield fault(
                Area.FILES,
                setup.path_in_config(folder),
                said,
                "mount it for writing, or name another folder in the config",
            )
        elif not may(user, place, os.W_OK | os.X_OK):
            said = f"{user_name(user)}, whom the database belongs to, may not write {what} there"
            yield fault(Area.FILES, setup.path_in_config(folder), said, f"run chown {user_name(user)} {place}")


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def may(user: int, path: Path, access: int) -> bool:
    """Return whether a user may do this (os.R_OK, os.W_OK, os.X_OK) with a path, and reach it."""
    if user == os.geteuid():
        return os.access(path, access)
    if user == 0:
        return True
    groups = _groups(user)
    parents = path.resolve().parents
    return all(_allows(parent, user, groups, os.X_OK) for parent in parents) and _allows(path, user, groups, access)


def _allows(path: Path, user: int, groups: set[int], access: int) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    shift = 6 if status.st_uid == user else 3 if status.st_gid in groups else 0
    return (status.st_mode >> shift) & access == access


def _groups(user: int) -> set[int]:
    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        return set()
    return set(os.getgrouplist(entry.pw_name, entry.pw_gid))
