"""Ingest the new documents of one source, and record each of its documents."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from math import inf

from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from notifier.errors import DumpError, DumpUnfinishedError, NotifierError, StoreError
from notifier.fetching import Document, Validators
from notifier.files import DumpFile
from notifier.models import DayCount, DumpStatus
from notifier.parsing import internal_fault
from notifier.pipeline.doubtful_days import is_requested_again, was_missed
from notifier.pipeline.ingesting import DumpReport, IngestSettings, ingest_file
from notifier.sources import is_cut_off
from notifier.store import dumps, reading, retried, sources, writing
from notifier.store.dumps import DumpContents
from notifier.store.sources import SourceDocument, url_key

HISTORY = timedelta(days=180)  # the days by which it is judged whether an empty response is doubtful
CUT_OFF = "it is cut off; its beginning was ingested, and it is fetched again"


@dataclass(slots=True)
class IngestTotals:
    """The results of one run over a source so far.

    `documents` counts those with new bytes, and `unchanged` the others. `papers` and `new` count the papers of the
    documents with new bytes, and `unannounced` those of the new papers that are stored as announced already. `problems`
    has a message for each document that is wrong. `days` says of each listing day whether it is complete.
    `dumps` has the reports of ingested documents, and `waiting` names the incomplete files.
    """

    documents: int = 0
    unchanged: int = 0
    papers: int = 0
    new: int = 0
    unannounced: int = 0
    problems: list[str] = field(default_factory=list)
    days: dict[date, bool] = field(default_factory=dict)
    dumps: list[DumpReport] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document whose bytes are new, and how it is ingested.

    `file` is the dump that is ingested. `body_hash` is the SHA-256 of the document's body. `place` names the document
    in messages. `wait_seconds` is that of IngestSettings.
    """

    document: Document
    file: DumpFile
    body_hash: str
    place: str
    is_archive: bool
    wait_seconds: float = inf


class DocumentIngester:
    """Ingests and records documents of the source `name` at `now`, and counts them in `totals`.

    `known` has the stored documents by `url_key` of their URLs.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        now: datetime,
        settings: IngestSettings,
        known: dict[str, SourceDocument],
    ) -> None:
        self.engine = engine
        self.name = name
        self.now = now
        self.settings = settings
        self.known = known
        with reading(engine) as connection:
            self.history = sources.history(connection, name, (now - HISTORY).date())
        self.totals = IngestTotals()

    def last_from(self, url: str) -> SourceDocument | None:
        """Return the last document from a URL; None if there was none."""
        return self.known.get(url_key(url))

    def is_same(self, document: Document) -> bool:
        """Return whether a document has the bytes of the last one from its URL."""
        before = self.last_from(document.url)
        same = before is not None and before.sha256 == sha256(document.body).hexdigest() and not before.problem
        return document.is_not_modified or same

    def record_same(self, document: Document) -> None:
        """Record that a document is unchanged."""
        self.totals.unchanged += 1
        before = self.last_from(document.url)
        if before is None:
            return
        got = document.validators if document.validators != Validators() else _validators(before)
        again = replace(before, seen_at=self.now, etag=got.etag, last_modified=got.last_modified)
        self._record(again, document, before.day, None)
        is_copy = before.day is None  # a copy of another day's document is stored without a day
        self._count_day(document, again, is_good=not is_copy)

    def ingest(self, new_document: NewDocument) -> DumpReport | None:
        """Ingest a document with new bytes, record it, and return its report; None if it is no dump.

        If it is no dump, a problem is added. Raises DumpUnfinishedError if the rest of it may still come.
        """
        try:
            report, was_cut_off = self._ingest(new_document)
        except DumpError as error:
            self._refuse(new_document, str(error))
            return None
        with reading(self.engine) as connection:
            contents = dumps.contents(connection, new_document.file.sha256)
        is_copy = self._is_copy(new_document)
        stored = self._accept(new_document, contents, was_cut_off=was_cut_off, is_copy=is_copy)
        self._count(report, contents, is_archive=new_document.is_archive)
        if was_cut_off:
            self.totals.problems.append(f"{new_document.place}: {CUT_OFF}")
        self._count_day(new_document.document, stored, is_good=not was_cut_off and not is_copy)
        return report

    def _ingest(self, new_document: NewDocument) -> tuple[DumpReport, bool]:
        """Ingest a document. Return its report and whether it is cut off. Raises DumpError if it is no dump."""
        announcing = replace(self.settings.announcing, archive=new_document.is_archive)
        settings = replace(self.settings, announcing=announcing, wait_seconds=new_document.wait_seconds, in_child=True)
        # The file is packed, so `ingest_file` cannot see that the bytes are cut off.
        ends_early = new_document.wait_seconds == inf and is_cut_off(new_document.document.body, ())
        try:
            return self._ingest_once(new_document.file, settings), ends_early
        except DumpUnfinishedError:
            if new_document.wait_seconds != inf:
                raise
            return self._ingest_once(new_document.file, replace(settings, wait_seconds=0)), True

    def _ingest_once(self, file: DumpFile, settings: IngestSettings) -> DumpReport:
        try:
            return ingest_file(self.engine, file, None, self.now, settings)
        except StoreError as error:
            if not isinstance(error.__cause__, DataError):
                raise
            raise DumpError(f"the database refuses its content: {error}") from None
        except NotifierError:
            raise
        except Exception as error:  # any error, because a fault of the parser must not stop the other documents
            raise DumpError(internal_fault(error)) from error

    def _accept(
        self, new_document: NewDocument, contents: DumpContents | None, *, was_cut_off: bool, is_copy: bool
    ) -> SourceDocument:
        validators = Validators() if was_cut_off else new_document.document.validators
        day = new_document.document.day or (contents.listed_on if contents else None)
        stored = SourceDocument(
            url=new_document.document.url,
            sha256="" if was_cut_off else new_document.body_hash,
            unchanged_since=self._unchanged_since(new_document, contents),
            seen_at=self.now,
            etag=validators.etag,
            last_modified=validators.last_modified,
            day=None if is_copy else day,
            papers=contents.papers if contents and not is_copy else 0,
        )
        self._record(stored, new_document.document, stored.day, contents, was_cut_off=was_cut_off)
        return stored

    def _refuse(self, new_document: NewDocument, reason: str) -> None:
        problem = f"{new_document.place}: {reason}"
        before = self.last_from(new_document.document.url)
        is_same = before is not None and before.sha256 == new_document.body_hash
        since = before.unchanged_since if before and is_same else self.now
        # No validators of a server are stored, so the document is sent again: a newer version of notifier may know the
        # format.
        fingerprint = (
            new_document.document.validators.etag if new_document.document.url.startswith(sources.FILE_SCHEME) else ""
        )
        refused = SourceDocument(
            new_document.document.url, new_document.body_hash, since, self.now, etag=fingerprint, problem=problem
        )
        self._record(refused, new_document.document, None, None)
        self._count_day(new_document.document, refused, is_good=False)
        self.totals.problems.append(problem)

    def _unchanged_since(self, new_document: NewDocument, contents: DumpContents | None) -> datetime:
        """Return since when the source has sent these bytes, from any URL.

        For a document without papers, it is the instant since which its day has been empty.
        """
        if contents is None or not contents.papers:
            before, day = self.last_from(new_document.document.url), new_document.document.day
            was_empty = before and day and before.day == day and not before.papers and not before.problem
            return before.unchanged_since if before and was_empty else self.now
        same = [each.unchanged_since for each in self.known.values() if each.sha256 == new_document.body_hash]
        return min(same, default=self.now)

    def _is_copy(self, new_document: NewDocument) -> bool:
        """Return whether the same bytes or papers came for another day too, because the server ignored the day.

        Then the day of the request is not complete.
        """
        day = new_document.document.day
        if day is None:
            return False
        if any(
            each.sha256 == new_document.body_hash and each.papers and each.day is not None and each.day < day
            for each in self.known.values()
        ):
            return True
        with reading(self.engine) as connection:
            return sources.day_with_the_same_papers(connection, self.name, new_document.file.sha256, day) is not None

    @retried
    def _record(
        self,
        stored: SourceDocument,
        document: Document,
        day: date | None,
        contents: DumpContents | None,
        *,
        was_cut_off: bool = False,
    ) -> None:
        """Store a document and the count of its day in one transaction."""
        with writing(self.engine) as connection:
            sources.write_document(connection, self.name, stored)
            if day is not None:
                before = sources.day_count(connection, self.name, day)
                newest = [each.newest for each in (before, contents) if each and each.newest]
                counted = DayCount(
                    papers=sources.papers_of_day(connection, self.name, day),
                    stated=document.stated if document.stated is not None or before is None else before.stated,
                    is_complete=document.is_complete and not was_cut_off,
                    newest=max(newest, default=None),
                )
                counted = self._corrected_count(counted, before, document, stored)
                sources.write_day(connection, self.name, day, counted, self.now)
        self.known[url_key(stored.url)] = stored

    def _corrected_count(
        self, counted: DayCount, before: DayCount | None, document: Document, stored: SourceDocument
    ) -> DayCount:
        """Return the count of a day as it is stored: an empty response takes away no papers that came before.

        If the day was missed and is requested again, an empty response leaves its number unknown.
        """
        if counted.papers or not document.names_day:
            return counted
        is_doubtful = self._is_requested_again(document, stored)
        if before is not None and before.papers:
            is_complete = before.is_complete or (counted.is_complete and not is_doubtful)
            return replace(counted, papers=before.papers, is_complete=is_complete)
        is_missed = is_doubtful and was_missed(document, stored.unchanged_since)
        return replace(counted, is_complete=counted.is_complete and not is_missed)

    def _count(self, report: DumpReport, contents: DumpContents | None, *, is_archive: bool) -> None:
        is_known = report.status is DumpStatus.KNOWN
        self.totals.documents += not is_known
        self.totals.unchanged += is_known
        self.totals.papers += contents.papers if contents and not is_known else 0
        self.totals.new += report.new
        self.totals.unannounced += report.new if is_archive else 0
        self.totals.dumps.append(report)

    def _count_day(self, document: Document, stored: SourceDocument, *, is_good: bool) -> None:
        if document.day is not None:
            whole = self.totals.days.get(document.day, True)
            is_good = is_good and not self._is_requested_again(document, stored)
            self.totals.days[document.day] = whole and is_good and document.is_complete

    def _is_requested_again(self, document: Document, stored: SourceDocument) -> bool:
        return is_requested_again(document, stored.papers, stored.unchanged_since, self.history, self.now)


def _validators(document: SourceDocument) -> Validators:
    return Validators(document.etag, document.last_modified)
