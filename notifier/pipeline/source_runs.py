"""Fetch one source: ingest its documents, and store when it is due next and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import FetchError, FileError, NotifierError, StoreError, shortened
from notifier.fetching import Client, Document, FetchState, Validators, documents, next_due, shown_url
from notifier.files import KeptDocuments, path_text
from notifier.models import Clock, DumpStatus, ListedOnFrom
from notifier.pipeline import source_claims
from notifier.pipeline.ingesting import DumpReport, settings_for
from notifier.pipeline.source_days import ANNOUNCED_DAYS, day_in_name, is_archive, missed_days, taken_until
from notifier.pipeline.source_documents import DocumentIngester, IngestTotals, NewDocument
from notifier.pipeline.source_folders import files_of, ingest_files
from notifier.pipeline.source_times import retry_at
from notifier.store import reading, sources
from notifier.store.sources import SourceState
from notifier.text.counting import counted

# Papers of a source are announced only after one of its runs has succeeded. If each run of a new source fails after
# some documents, a run counts as a success when the runs have failed for this time.
MAX_FIRST_FETCH = timedelta(days=1)
UNFINISHED_DELAY = timedelta(minutes=1)  # before a folder with an incomplete file is read again
MAX_PROBLEM_LENGTH = 1000  # characters
REFUSED = "refused.txt"  # the name of the file that keeps a response that was no document


class SourceStatus(StrEnum):
    """The outcome of fetching a source."""

    FETCHED = "fetched"  # at least one document was new
    UNCHANGED = "unchanged"
    FAILED = "failed"  # it is fetched again later; the documents before the failure were ingested
    BUSY = "busy"  # another process fetches it now


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The outcome of fetching one source.

    `documents` counts the new documents, and `unchanged` the others. `papers` counts the papers of new documents, and
    `new` those of them that were not stored before. `unannounced` counts the new papers that are announced to nobody:
    all of them if `is_first` says that no fetch succeeded before, and else those of days that are too old. `problem`
    says what is wrong; `is_new_problem` says that the run before this one had no problem.
    `is_asked_to_wait` says that the server asks for a pause. `waiting` names the files of a folder that are incomplete,
    with the reasons.
    """

    name: str
    status: SourceStatus
    documents: int = 0
    unchanged: int = 0
    papers: int = 0
    new: int = 0
    unannounced: int = 0
    is_first: bool = False
    problem: str | None = None
    is_new_problem: bool = False
    is_asked_to_wait: bool = False
    next_due: datetime | None = None
    waiting: tuple[str, ...] = ()
    dumps: tuple[DumpReport, ...] = ()


def describe_unannounced(report: SourceReport) -> str:
    """Return how many new papers are announced to nobody because their days were fetched too late."""
    papers = counted(report.unannounced, "new paper is", "new papers are")
    return f"{papers} dated more than {ANNOUNCED_DAYS - 1} days ago, and will not be announced"


@dataclass(frozen=True, slots=True)
class FetchContext:
    """The values that are the same for all sources that are fetched together.

    `owner` identifies this process in claims. `goes_on` is called after each document, and says whether to go on.
    """

    engine: Engine
    config: Config
    clock: Clock
    owner: str
    client: Client
    goes_on: Callable[[], bool]


class SourceRun:
    """One run over one source, which this process has claimed."""

    def __init__(self, context: FetchContext, state: SourceState) -> None:
        self.context = context
        self.state = state
        self.source = context.config.sources[state.name]
        self.now = context.clock()
        with reading(context.engine) as connection:
            known = sources.documents(connection, state.name)
        self.ingester = DocumentIngester(
            context.engine, state.name, self.now, settings_for(context.engine, context.config), known
        )
        self.kept = KeptDocuments(context.config.fetching_settings.folder / state.name)
        self.last_day: date | None = None
        self.was_stopped = False

    @property
    def is_first(self) -> bool:
        """Whether no fetch of the source has succeeded before, so that nothing is announced."""
        return self.state.first_succeeded_at is None

    @property
    def _has_documents(self) -> bool:
        return bool(self.ingester.totals.documents or self.ingester.totals.unchanged)

    def fetch(self) -> SourceReport:
        """Ingest the documents that the source has now, store its state, and return the report."""
        failure: Exception | None = None
        try:
            self._ingest_all()
        except StoreError:
            raise
        except Exception as error:  # any error, because it must not stop the other sources
            failure = error
            if self.last_day is not None:
                self.ingester.totals.days[self.last_day] = False  # the day may have had more documents
        state = self.state if self.was_stopped else self._state_after(failure)
        if not self.was_stopped:
            missed = missed_days(self.state, self.now) if state.last_succeeded_at == self.now else []
            source_claims.finish(self.context.engine, state, self.source.fingerprint, missed, self.context.owner)
        return self._report(state, failure)

    def _ingest_all(self) -> None:
        if self.source.is_remote:
            for document in documents(self.source, self._fetch_state(), self.context.client):
                self._ingest(document)
                if not self._goes_on():
                    return
        else:
            ingest_files(self.ingester, files_of(self.source, self.context.config), self.is_first, self._goes_on)

    def _fetch_state(self) -> FetchState:
        validators = {
            each.url: Validators(each.etag, each.last_modified)
            for each in self.ingester.known.values()
            if not each.problem and (each.etag or each.last_modified)
        }
        until = self.state.taken_until
        today = self.now.astimezone(UTC).date()
        return FetchState(self.now, min(until, today) if until else None, validators)

    def _ingest(self, document: Document) -> None:
        """Record a document. If its bytes are new, keep it as a file, and ingest it."""
        self.last_day = document.day or self.last_day
        if self.ingester.is_same(document):
            self.ingester.record_same(document)
            return
        name = document.name if not document.day or day_in_name(document.name, self.now) else _dated(document)
        file = self.kept.keep(name, document.body, self.now)
        place = f"the document from {shown_url(document.url)}, kept in {path_text(file.path)}"
        archive = is_archive(self.is_first, name, document.day, self.now)
        body_hash = sha256(document.body).hexdigest()
        report = self.ingester.ingest(NewDocument(document, file, body_hash, place, archive))
        if report and report.listed_on and report.listed_on_from is not ListedOnFrom.NAME:
            path = self.kept.add_day(file.path, report.listed_on)
            self.ingester.totals.dumps[-1] = replace(report, path=path_text(path))

    def _goes_on(self) -> bool:
        """Return whether to go on with the next document.

        Raises FetchError if another process has claimed the source.
        """
        if not source_claims.renew(self.context.engine, self.state.name, self.context.owner):
            raise FetchError("another process has claimed the source, because this one took too long")
        self.was_stopped = not self.context.goes_on()
        return not self.was_stopped

    def _state_after(self, failure: Exception | None) -> SourceState:
        """Return the state of the source after this run; `failure` is the error that ended it, if one did."""
        before, totals = self.state, self.ingester.totals
        problem = _problem(totals, failure) + self._keep_refused(failure)
        common = replace(
            before,
            last_tried_at=self.now,
            taken_until=taken_until(before.taken_until, totals.days),
            first_succeeded_at=before.first_succeeded_at or self._first_success(failure, problem),
        )
        if not problem:
            due = self._next_due()
            return replace(common, last_succeeded_at=self.now, next_due=due, failures=0, problem="", problem_since=None)
        failures = before.failures + 1
        after = failure.retry_after if isinstance(failure, FetchError) else None
        is_local = not self.source.is_remote  # a folder may be read again soon, because no server is asked
        has_success = failure is None and self._has_documents
        return replace(
            common,
            last_succeeded_at=self.now if has_success else before.last_succeeded_at,
            failures=failures,
            problem=problem,
            problem_since=before.problem_since or self.now,
            next_due=self._next_due() if is_local else retry_at(failures, self.now, after),
        )

    def _keep_refused(self, failure: Exception | None) -> str:
        """Keep a response that is no document as a file. Return where it is, as the end of a message, or ""."""
        if not isinstance(failure, FetchError) or not failure.body:
            return ""
        try:
            return f"; the response is kept in {path_text(self.kept.keep(REFUSED, failure.body, self.now).path)}"
        except FileError as error:
            return f"; {error}"

    def _next_due(self) -> datetime:
        due = next_due(self.source, self.now)
        return min(due, self.now + UNFINISHED_DELAY) if self.ingester.totals.waiting else due

    def _first_success(self, failure: Exception | None, problem: str) -> datetime | None:
        """Return the time of this run if it counts as the first success of the source, otherwise None."""
        since = self.state.problem_since
        is_long = since is not None and self.now - since >= MAX_FIRST_FETCH
        return self.now if not problem or (self._has_documents and (failure is None or is_long)) else None

    def _report(self, state: SourceState, failure: Exception | None) -> SourceReport:
        totals = self.ingester.totals
        status = SourceStatus.FETCHED if totals.documents else SourceStatus.UNCHANGED
        problem = "" if self.was_stopped else state.problem
        return SourceReport(
            name=state.name,
            status=SourceStatus.FAILED if problem else status,
            documents=totals.documents,
            unchanged=totals.unchanged,
            papers=totals.papers,
            new=totals.new,
            unannounced=totals.unannounced,
            is_first=self.is_first,
            problem=problem or None,
            is_new_problem=bool(problem) and not self.state.problem,
            is_asked_to_wait=isinstance(failure, FetchError) and failure.retry_after is not None,
            next_due=state.next_due,
            waiting=tuple(totals.waiting),
            dumps=tuple(each for each in totals.dumps if each.status is not DumpStatus.KNOWN),
        )


def _dated(document: Document) -> str:
    return f"{document.day}-{document.name}"


def _problem(totals: IngestTotals, failure: Exception | None) -> str:
    """Return the problems of a run over a source in one line; empty if there are none."""
    found = list(totals.problems)
    if failure is not None:
        found.insert(0, str(failure) if isinstance(failure, NotifierError) else f"an unexpected error: {failure!r}")
    if not found:
        return ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return shortened(found[0], MAX_PROBLEM_LENGTH) + more
