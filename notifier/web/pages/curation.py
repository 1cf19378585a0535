"""Serve the pages of curators: the forms on the page of a paper, and the log with undo.

Everybody else gets the same answer as for a page that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier import curation
from notifier.curation import Correction, PinRequest, is_curator
from notifier.errors import UsageError
from notifier.models import Curation, Subscriber
from notifier.pipeline import tag_all
from notifier.store import hidden_papers, papers, pins, reading
from notifier.web.curating import DONE, PINNED_TOO_LATE, FormOutcome
from notifier.web.fields import sentence
from notifier.web.forms import Form, SubmittedForm, UrlForm, is_id
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.pages.paper import paper_page
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

PER_PAGE = 50

router = APIRouter()


def curator(site: SiteDependency, visitor: Visitor) -> Subscriber:
    """Return the curator who is signed in. For everybody else, the page does not exist."""
    if visitor is None or not is_curator(site.config, visitor):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return visitor


Curator = Annotated[Subscriber, Depends(curator)]


@router.api_route("/curation", methods=["GET", "HEAD"])
def show_log(site: SiteDependency, who: Curator, form: UrlForm) -> HTMLResponse:
    """Show the log of all curators, the newest entries first."""
    before = form.one("before")
    return _log_page(site, who, int(before) if is_id(before) else None, done=DONE.get(form.one("done"), ""))


@router.post("/curation/undo", dependencies=FROM_OWN_PAGES)
def undo(site: SiteDependency, who: Curator, form: SubmittedForm) -> Response:
    """Undo an entry of the log."""
    typed = form.one("entry")
    try:
        curation.undo(site.engine, who.email, int(typed) if is_id(typed) else 0, site.clock())
    except UsageError as error:
        return _log_page(site, who, None, error=sentence(error))
    tag_all(site.engine, site.config)
    return RedirectResponse(f"{site.root}/curation?done=undone", HTTPStatus.SEE_OTHER)


@router.post("/curation/{action}", dependencies=FROM_OWN_PAGES)
def curate(site: SiteDependency, who: Curator, form: SubmittedForm, action: str) -> Response:
    """Pin, unpin, hide, unhide, correct, merge or part a paper, and show its page again."""
    if action not in ACTIONS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    key = form.one("key")
    done = action
    try:
        if action == "pin" and _is_too_late(site, key, form):
            done = PINNED_TOO_LATE
        entry = ACTIONS[action](site, who.email, key, form)
    except UsageError as error:
        shown = paper_page(site, key, who, FormOutcome(error=sentence(error), typed=form, action=action))
        if shown is None:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        return shown
    tag_all(site.engine, site.config)  # so that the page shows the topics that the paper has after the change
    shown_id = entry.after if action == "merge" else entry.paper_id
    with reading(site.engine) as connection:  # a paper without an arXiv id gets that of one that is merged into it
        shown_key = papers.papers_by_id(connection, [shown_id])[shown_id].key
    return RedirectResponse(f"{site.root}/paper/{quote(shown_key)}?done={done}#curate", HTTPStatus.SEE_OTHER)


def _is_too_late(site: Site, key: str, form: Form) -> bool:
    return curation.is_pin_too_late(site.engine, key, _day(form), site.clock())


def _day(form: Form) -> date:
    try:
        return date.fromisoformat(form.one("day"))
    except ValueError:
        raise UsageError("the day is missing; write it as YEAR-MONTH-DAY, such as 2026-12-31") from None


def _pin(site: Site, actor: str, key: str, form: Form) -> Curation:
    wanted = PinRequest(_day(form), form.one("note"), form.one("name"))
    return curation.pin(site.engine, actor, key, wanted, site.clock())


def _correct(site: Site, actor: str, key: str, form: Form) -> Curation:
    """Correct what the curator has changed: `shown_title` and `shown_url` hold the values that the form began with."""
    changed = {name: form.one(name) for name in ("title", "url") if form.one(name) != form.one(f"shown_{name}")}
    added, removed = (tuple(filter(None, form.many(name))) for name in ("add", "remove"))
    after = Correction(changed.get("title"), changed.get("url"), added, removed).state(site.catalogue)
    return curation.correct(site.engine, actor, key, after, site.clock())


ACTIONS: Mapping[str, Callable[[Site, str, str, Form], Curation]] = {
    "pin": _pin,
    "unpin": lambda site, actor, key, _form: curation.unpin(site.engine, actor, key, site.clock()),
    "hide": lambda site, actor, key, _form: curation.hide(site.engine, actor, key, site.clock()),
    "unhide": lambda site, actor, key, _form: curation.unhide(site.engine, actor, key, site.clock()),
    "correct": _correct,
    "merge": lambda site, actor, key, form: curation.merge(site.engine, actor, key, form.one("into"), site.clock()),
    "part": lambda site, actor, _key, form: curation.part(site.engine, actor, form.one("merged"), site.clock()),
}


def _log_page(site: Site, who: Subscriber, before_id: int | None, done: str = "", error: str = "") -> HTMLResponse:
    found = curation.read_log(site.engine, PER_PAGE + 1, before_id)
    shown = found[:PER_PAGE]
    older = shown[-1].entry.id if len(found) > PER_PAGE else None
    status = HTTPStatus.CONFLICT if error else HTTPStatus.OK
    values = {"lines": shown, "older": older, "done": done, "error": error, **signed_in(site, who)}
    return page(site, "curation", status, **values, **({} if before_id else _present(site)))


def _present(site: Site) -> dict[str, object]:
    """Return the papers that are pinned to today or to later days, with their pins, and those that are hidden."""
    with reading(site.engine) as connection:
        pinned = pins.from_day(connection, site.clock().date(), PER_PAGE)
        hidden = hidden_papers.newest_hidden(connection, PER_PAGE)
        found = papers.papers_by_id(connection, [*pinned, *hidden])
    return {
        "pinned": [(found[number], each) for number, each in pinned.items()],
        "hidden": [found[number] for number in hidden],
        "most": PER_PAGE,
    }
