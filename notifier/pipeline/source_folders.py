"""Read the files of sources that are folders or patterns. A changed file is read again. No file is ever moved."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from notifier.config import Config, SourceConfig
from notifier.errors import DumpError, DumpUnfinishedError, FileError
from notifier.fetching import Document, Validators
from notifier.files import (
    file_url,
    files_in,
    files_matching,
    fingerprint_of,
    path_text,
    read_regular_file,
    why_unfinished,
)
from notifier.pipeline.ingesting_folder import CUT_OFF_WAIT_SECONDS
from notifier.pipeline.source_days import is_archive
from notifier.pipeline.source_documents import DocumentIngester, NewDocument
from notifier.store import retried, sources, writing


def files_of(source: SourceConfig, config: Config) -> list[Path]:
    """Return the files of a source that is a folder or a pattern. Raises FileError if the folder cannot be read."""
    if source.folder is not None:
        return files_in(config.path(source.folder))
    return files_matching(source.glob, config.base)


def ingest_files(ingester: DocumentIngester, paths: list[Path], is_first: bool, on_file: Callable[[], bool]) -> None:
    """Ingest the files that are new or have changed, and delete the records of files that no longer exist.

    `on_file` is called after each file that was read, and says whether to go on. A file that is no dump is
    reported as a problem at each run until it is changed or removed.
    """
    _delete_gone(ingester, paths)
    for path in paths:
        before, fingerprint = ingester.last_from(file_url(path)), fingerprint_of(path)
        if fingerprint is None:
            continue
        if before is not None and before.etag == fingerprint:
            if before.problem:
                ingester.totals.problems.append(before.problem)
            else:
                ingester.totals.unchanged += 1
            continue
        _ingest_file(ingester, path, fingerprint, is_first)
        if not on_file():
            return


def _ingest_file(ingester: DocumentIngester, path: Path, fingerprint: str, is_first: bool) -> None:
    name = path_text(path)
    if why := why_unfinished(path):
        ingester.totals.waiting.append(f"{name}: {why}")
        return
    try:
        file = read_regular_file(path, ingester.settings.limits.max_file_bytes)
    except (FileError, DumpError) as error:
        ingester.totals.problems.append(f"{name} cannot be read: {error}")
        return
    document = Document(file_url(path), name, file.content, None, Validators(fingerprint))
    if ingester.is_same(document):
        ingester.record_same(document)
        return
    archive = is_archive(is_first, path.name, None, ingester.now)
    body_hash = sha256(file.content).hexdigest()
    try:
        ingester.ingest(NewDocument(document, file, body_hash, name, archive, CUT_OFF_WAIT_SECONDS))
    except DumpUnfinishedError as error:
        ingester.totals.waiting.append(f"{name}: {error}")


@retried
def _delete_gone(ingester: DocumentIngester, paths: list[Path]) -> None:
    present = {sources.url_key(file_url(path)) for path in paths}
    gone = [key for key in ingester.known if key not in present]
    if gone:
        with writing(ingester.engine) as connection:
            sources.delete_documents(connection, ingester.name, gone)
    for key in gone:
        del ingester.known[key]
