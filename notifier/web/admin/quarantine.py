"""The quarantined dumps: look, retry and drop, as `notifier quarantine` does."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

from notifier import pipeline
from notifier.errors import NotifierError
from notifier.files import DumpsFolder
from notifier.models import DumpStatus, Subscriber
from notifier.pipeline import DumpReport, QuarantineRecord
from notifier.web.admin.access import Admin, admin_page, record, to_admin_page
from notifier.web.fields import sentence
from notifier.web.forms import Form, SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency

DONE = {
    "read": "The dump was read, and its papers are stored.",
    "dropped": "The file is off the list. It is deleted if it was in the quarantine folder.",
}

router = APIRouter()


@router.api_route("/admin/quarantine", methods=["GET", "HEAD"])
def show_quarantine(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """List the quarantined dumps with the reasons."""
    return _page(site, who, done=DONE.get(form.one("done"), ""))


@router.api_route("/admin/quarantine/dump", methods=["GET", "HEAD"])
def show_dump(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """Show the beginning of a quarantined dump."""
    record = _record_of(site, form.one("path"))
    values: dict[str, object] = {"file": record, "beginning": None}
    try:
        values["beginning"] = pipeline.look_at_quarantined(site.engine, _folder(site), Path(record.path))
    except NotifierError as error:
        return admin_page(site, who, "dump", values, error=sentence(error))
    return admin_page(site, who, "dump", values)


@router.post("/admin/quarantine/retry", dependencies=FROM_OWN_PAGES)
def retry(site: SiteDependency, who: Admin, form: SubmittedForm) -> Response:
    """Read a quarantined dump again."""

    def change(path: Path) -> str:
        settings = pipeline.settings_for(site.engine, site.config)
        report = pipeline.retry_quarantined(site.engine, _folder(site), path, site.clock(), settings)
        pipeline.tag_all(site.engine, site.config)
        return _outcome(report)

    return _change(site, who, form, change, action="retry", done="read")


@router.post("/admin/quarantine/drop", dependencies=FROM_OWN_PAGES)
def drop(site: SiteDependency, who: Admin, form: SubmittedForm) -> Response:
    """Delete a quarantined dump, or take a file that is elsewhere off the list."""

    def change(path: Path) -> str:
        is_deleted = pipeline.drop_quarantined(site.engine, _folder(site), path)
        return "deleted" if is_deleted else "off the list; the file stays where it is"

    return _change(site, who, form, change, action="drop", done="dropped")


def _change(  # noqa: PLR0913 - what the entry of the log and the page say
    site: Site, who: Subscriber, form: Form, change: Callable[[Path], str], *, action: str, done: str
) -> Response:
    """Change one of the files on the list; `change` returns what it did."""
    path = Path(_record_of(site, form.one("path")).path)
    try:
        outcome = record(site, who, action, str(path), lambda: change(path), describe=str)
    except NotifierError as error:
        return _page(site, who, error=sentence(error))
    if outcome.startswith(DumpStatus.QUARANTINED):
        return _page(site, who, error=sentence(outcome))
    return to_admin_page(site, "quarantine", done)


def _record_of(site: Site, typed: str) -> QuarantineRecord:
    """Return the record of a file on the list. No other file can be shown, read or deleted here."""
    for each in pipeline.list_quarantined(site.engine):
        if each.path == typed:
            return each
    raise HTTPException(HTTPStatus.NOT_FOUND)


def _outcome(report: DumpReport) -> str:
    if report.status in (DumpStatus.INGESTED, DumpStatus.KNOWN):
        return f"{report.status}: {report.papers} papers, {report.new} of them new"
    return f"{DumpStatus.QUARANTINED}: {report.reason or report.status}"


def _page(site: Site, who: Subscriber, *, done: str = "", error: str = "") -> HTMLResponse:
    values = {"files": pipeline.list_quarantined(site.engine)}
    return admin_page(site, who, "quarantine", values, done=done, error=error)


def _folder(site: Site) -> DumpsFolder:
    return DumpsFolder(site.config.path(site.config.ingest.folder))
