"""Read dumps and move them away, write feeds and exports, and keep the lock files of running processes."""

from notifier.files.atomic import remove_stale, write_if_changed
from notifier.files.cures import cannot_write
from notifier.files.dumps import (
    DumpFile,
    dump_paths,
    path_text,
    read_any_file,
    read_beginning,
    read_dump,
    read_regular_file,
    recorded_path,
)
from notifier.files.dumps_folder import DumpsFolder, MovedFile
from notifier.files.kept_documents import KeptDocuments
from notifier.files.owner_locks import (
    owner_has_finished,
    owner_is_gone,
    owner_lock,
    remove_abandoned_locks,
    remove_owner_lock,
)
from notifier.files.private import STDOUT, open_descriptor, write_private
from notifier.files.source_files import (
    file_url,
    files_in,
    files_matching,
    fingerprint_of,
    why_unfinished,
)

__all__ = [
    "STDOUT",
    "DumpFile",
    "DumpsFolder",
    "KeptDocuments",
    "MovedFile",
    "cannot_write",
    "dump_paths",
    "file_url",
    "files_in",
    "files_matching",
    "fingerprint_of",
    "open_descriptor",
    "owner_has_finished",
    "owner_is_gone",
    "owner_lock",
    "path_text",
    "read_any_file",
    "read_beginning",
    "read_dump",
    "read_regular_file",
    "recorded_path",
    "remove_abandoned_locks",
    "remove_owner_lock",
    "remove_stale",
    "why_unfinished",
    "write_if_changed",
    "write_private",
]
