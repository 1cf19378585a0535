"""The sources: their state, and fetching one now, as `notifier sources` and `notifier fetch` do."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from threading import Lock, Thread

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

from notifier import pipeline
from notifier.models import Subscriber
from notifier.operations import list_sources
from notifier.pipeline import SourceReport
from notifier.web.admin.access import Admin, admin_page, record, to_admin_page
from notifier.web.forms import SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency

DONE = {"fetching": "The source is being fetched. The log says how it ends; load this page again in a minute."}
BUSY = "Another source is being fetched from these pages; try again when the log says that it is done."

log = logging.getLogger(__name__)
router = APIRouter()
_fetching = Lock()  # one fetch at a time


@router.api_route("/admin/sources", methods=["GET", "HEAD"])
def show_sources(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """List the sources, and whether their papers arrive."""
    return _page(site, who, done=DONE.get(form.one("done"), ""))


@router.post("/admin/sources/fetch", dependencies=FROM_OWN_PAGES)
def fetch(site: SiteDependency, who: Admin, form: SubmittedForm) -> Response:
    """Begin to fetch a source, even if it is not due.

    It may take minutes, so a thread does it. The thread is a daemon, as that of the service: a process that ends does
    not wait for it, and the next fetch gets the same documents again.
    """
    name = form.one("name")
    if name not in site.config.sources:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if not _fetching.acquire(blocking=False):
        return _page(site, who, error=BUSY)
    Thread(target=_fetch, args=(site, who, name), name="fetching for an administrator", daemon=True).start()
    return to_admin_page(site, "sources", "fetching")


def _fetch(site: Site, who: Subscriber, name: str) -> None:
    def change() -> Sequence[SourceReport]:
        reports = pipeline.fetch(site.engine, site.config, site.clock, [name])
        pipeline.tag_all(site.engine, site.config)
        return reports

    try:
        record(site, who, "fetch", f"source {name}", change, describe=_outcome)
    except Exception:  # any error, because nobody waits for this thread
        log.exception("fetching the source %s for an administrator failed", name)
    finally:
        _fetching.release()


def _outcome(reports: Sequence[SourceReport]) -> str:
    """Return what a fetch brought, and what is wrong."""
    (report,) = reports
    words = f"{report.status}: {report.documents} documents, {report.papers} papers, {report.new} of them new"
    return f"{words}; {report.problem}" if report.problem else words


def _page(site: Site, who: Subscriber, *, done: str = "", error: str = "") -> HTMLResponse:
    values = {"sources": list_sources(site.engine, site.config, site.clock()), "now": site.clock()}
    return admin_page(site, who, "sources", values, done=done, error=error)
