"""Say why a file cannot be written, and name the cure."""

from __future__ import annotations

import errno

_CURES = {
    errno.EISDIR: "it is a folder; name a file in it",
    errno.EEXIST: "a part of its path is a file; name a folder there",
    errno.ENOTDIR: "a part of its path is a file; name a folder there",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "its links lead in a circle; name another file",
    errno.EROFS: "its file system is read-only; name a file elsewhere",
    errno.ENOSPC: "free some space on its disk",
    errno.EDQUOT: "free some space on its disk, or raise the quota",
    errno.EACCES: "check who owns the file and its folder",
    errno.EPERM: "check who owns the file and its folder",
    errno.EPIPE: "the program that reads it has ended; start it again",
    errno.EINVAL: "name another file",
}


def cannot_write(path: object, error: OSError) -> str:
    """Return a sentence about a file that cannot be written, with the cure."""
    cure = _CURES.get(error.errno or 0, "check the free space, and who owns the file and its folder")
    return f"cannot write {path}: {error.strerror or error}; {cure}"
