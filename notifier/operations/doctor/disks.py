"""Check the file systems of the service's folders: their kind, and how much room is left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, warning
from notifier.operations.doctor.modes import existing, written_folders
from notifier.operations.doctor.setup import Setup

MB = 1 << 20
FULL, NEARLY_FULL = 64 * MB, 512 * MB
_SMALL_SHARE, _SHARE_LIMIT = 0.05, 5 << 30  # less than 5% is little, unless it is more than 5 GB
_FEWEST_INODES, _FEW_INODES = 100, 2000
# SQLite's log needs memory that all processes share, which these file systems of other machines do not offer.
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs", "fuse.glusterfs"}
_PASSING = {"tmpfs": "at the next start of this machine", "ramfs": "at the next start of this machine"}
_PASSING["overlay"] = "with its container"
_MOUNTS = Path("/proc/self/mountinfo")
CURE = "remove what is not needed (old dumps in `done`, backups, logs), lower the days in [keep], or enlarge the disk"


def check_disks(setup: Setup) -> Iterator[Finding]:
    """Find file systems that are full, and those on which the database cannot live."""
    folders = {what: existing(folder) for what, folder in written_folders(setup).items()}
    found = _by_file_system(folders)
    for place, names in found.items():
        yield _room(place, "all folders" if len(found) == 1 else _enumerate_names(names))
    if setup.config.database_file:
        yield from _kind(folders["the database"])
    else:
        yield skipped(Area.DISK, "PostgreSQL", "the disk of the database server cannot be seen from here")


def _by_file_system(folders: Mapping[str, Path]) -> dict[Path, list[str]]:
    """Return the names of the folders on each file system; the key is the path of one of these folders."""
    first: dict[int, Path] = {}
    held: dict[Path, list[str]] = {}
    for what, folder in folders.items():
        place = first.setdefault(folder.stat().st_dev, folder)
        held.setdefault(place, []).append(what)
    return held


def _room(place: Path, names: str) -> Finding:
    found = os.statvfs(place)
    free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    about = f"disk of {names}"
    left = f"{_amount(free)} of {_amount(size)} are free"
    has_inodes = found.f_files > 0  # some file systems count none
    if free < FULL:
        return fault(Area.DISK, about, f"it is full: {left} at {place}", CURE)
    if has_inodes and found.f_favail < _FEWEST_INODES:
        return fault(Area.DISK, about, f"it has room for {found.f_favail} more files only, at {place}", CURE)
    if free < NEARLY_FULL or (size and free / size < _SMALL_SHARE and free < _SHARE_LIMIT):
        return warning(Area.DISK, about, f"it is nearly full: {left} at {place}", CURE)
    if has_inodes and found.f_favail < _FEW_INODES:
        return warning(Area.DISK, about, f"it has room for {found.f_favail} more files only, at {place}", CURE)
    return ok(Area.DISK, about, left)


def _enumerate_names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _amount(size: int) -> str:
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size // MB} MB"


def _kind(folder: Path) -> Iterator[Finding]:
    kind = kind_of(folder)
    if kind in _REMOTE:
        yield fault(
            Area.DISK,
            "disk of the database",
            f"{folder} is on a network file system ({kind}), where SQLite may lose data",
            "move the database to a disk of this machine, or use PostgreSQL",
        )
    elif kind in _PASSING:
        yield warning(
            Area.DISK,
            "disk of the database",
            f"{folder} is on {kind}, and its files are lost {_PASSING[kind]}",
            "move the database to a disk that stays, such as a volume of the container",
        )


def kind_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Return the kind of a folder's file system, such as `ext4`; empty if the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    real = Path(os.path.realpath(folder))
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].encode("utf-8", "surrogateescape").decode("unicode_escape", "replace")
        if real.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split(" ")[0]
    return kind
