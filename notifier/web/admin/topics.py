"""The topics: list, add, change, remove and restore them, with a preview of what a changed query changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import Subscriber
from notifier.operations.topics import (
    Edit,
    KnownTopic,
    TopicConflictError,
    add_topic,
    edit_topic,
    find_topic,
    list_topics,
    refuse_taken,
    remove_topic,
    restore_topic,
)
from notifier.topics import Topic, TopicDraft, draft_of, wrong_fields
from notifier.web.admin.access import Admin, admin_page, not_found_as, to_admin_page
from notifier.web.admin.topic_previews import preview_values
from notifier.web.fields import sentence
from notifier.web.forms import Form, SubmittedForm, UrlForm, is_id
from notifier.web.guards import FROM_OWN_PAGES, scripted
from notifier.web.site import Site, SiteDependency, page

PREVIEW = "preview"  # the value of the button that asks for a preview
EDIT, REMOVE, RESTORE = (f"/admin/topics/{verb}/{{slug}}" for verb in ("edit", "remove", "restore"))
SOON = "Stored papers are tagged again within a minute, or by the next run; none of them is announced because of that."
DONE = {
    "added": f"The topic is added. {SOON}",
    "changed": f"The topic is changed. {SOON}",
    "removed": "The topic is removed. Its subscriptions stay, and match nothing until it is restored.",
    "restored": f"The topic is restored. {SOON}",
}

router = APIRouter()


@router.api_route("/admin/topics", methods=["GET", "HEAD"])
def show_topics(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """List all topics: those in use, and those that were removed."""
    return _list_page(site, who, done=DONE.get(form.one("done"), ""))


@router.api_route("/admin/topics/add", methods=["GET", "HEAD"])
def show_form_to_add(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """Show the form for a new topic; its fields are filled in from the query string of the URL."""
    return _form_page(site, who, _draft(form), None)


@router.post("/admin/topics/add", dependencies=FROM_OWN_PAGES)
def add(site: SiteDependency, who: Admin, form: SubmittedForm) -> Response:
    """Add a topic, or show its preview."""
    draft = _draft(form)
    if form.one("do") == PREVIEW:
        return _form_page(site, who, draft, None)
    errors = _errors(site, draft.topic, is_new=True)
    if errors:
        return _form_page(site, who, draft, None, errors=errors)
    try:
        add_topic(site.engine, site.config, draft.topic, Edit(who.email, site.clock()))
    except UsageError as error:  # somebody else has just added it
        return _form_page(site, who, draft, None, errors={"slug": error})
    return to_admin_page(site, "topics", "added")


@router.post("/admin/topics/preview", dependencies=FROM_OWN_PAGES)
def show_preview(site: SiteDependency, who: Admin, form: SubmittedForm) -> HTMLResponse:  # noqa: ARG001
    """Return the preview alone, for the script that shows it while an administrator types."""
    return page(site, "admin/topic_preview", HTTPStatus.OK, **preview_values(site, _draft(form)))


@router.api_route(EDIT, methods=["GET", "HEAD"])
def show_form_to_edit(site: SiteDependency, who: Admin, slug: str) -> HTMLResponse:
    """Show the form that changes a topic."""
    found = _found(site, slug)
    return _form_page(site, who, draft_of(found.topic), found)


@router.post(EDIT, dependencies=FROM_OWN_PAGES)
def edit(site: SiteDependency, who: Admin, slug: str, form: SubmittedForm) -> Response:
    """Change a topic, or show the preview of the change."""
    found = _found(site, slug)
    draft = _draft(form, slug)
    if form.one("do") == PREVIEW:
        return _form_page(site, who, draft, found, seen=form.one("revision"))
    errors = _errors(site, draft.topic, is_new=False)
    if errors:
        return _form_page(site, who, draft, found, errors=errors, seen=form.one("revision"))
    try:
        edit_topic(site.engine, site.config, draft.topic, _edit(site, who, form))
    except TopicConflictError as error:
        now = _found(site, slug)
        return _form_page(site, who, draft, now, conflict=sentence(error))
    except UsageError as error:
        return _form_page(site, who, draft, found, conflict=sentence(error))
    return to_admin_page(site, "topics", "changed")


@router.api_route(REMOVE, methods=["GET", "HEAD"])
def ask_to_remove(site: SiteDependency, who: Admin, slug: str) -> HTMLResponse:
    """Show what removing a topic does, and a button."""
    return admin_page(site, who, "remove_topic", {"topic": _found(site, slug)})


@router.post(REMOVE, dependencies=FROM_OWN_PAGES)
def remove(site: SiteDependency, who: Admin, slug: str, form: SubmittedForm) -> Response:
    """Remove a topic."""
    return _changed(site, who, slug, form, (remove_topic, "removed"))


@router.post(RESTORE, dependencies=FROM_OWN_PAGES)
def restore(site: SiteDependency, who: Admin, slug: str, form: SubmittedForm) -> Response:
    """Bring a removed topic back, or a built-in one to what it was."""
    return _changed(site, who, slug, form, (restore_topic, "restored"))


def _changed(
    site: Site, who: Subscriber, slug: str, form: Form, what: tuple[Callable[[Engine, Config, str, Edit], object], str]
) -> Response:
    """Change the state of a topic; `what` is the function that does it, and the note on the page after it."""
    change, done = what
    _found(site, slug)
    try:
        change(site.engine, site.config, slug, _edit(site, who, form))
    except UsageError as error:
        return _list_page(site, who, error=sentence(error))
    return to_admin_page(site, "topics", done)


def _edit(site: Site, who: Subscriber, form: Form) -> Edit:
    seen = form.one("revision")
    return Edit(who.email, site.clock(), int(seen) if is_id(seen) else None)


def _draft(form: Form, slug: str | None = None) -> TopicDraft:
    names = ("title", "description", "query", "terms")
    return TopicDraft(form.one("slug") if slug is None else slug, *map(form.one, names))


def _errors(site: Site, topic: Topic, *, is_new: bool) -> Mapping[str, UsageError]:
    """Return what is wrong with a topic, by field."""
    errors = wrong_fields(topic)
    if is_new and "slug" not in errors:
        try:
            refuse_taken(site.config, list_topics(site.engine, site.config), topic.slug)
        except UsageError as error:
            errors["slug"] = error
    return errors


def _found(site: Site, slug: str) -> KnownTopic:
    with not_found_as(UsageError):
        return find_topic(site.engine, site.config, slug)


def _list_page(site: Site, who: Subscriber, *, done: str = "", error: str = "") -> HTMLResponse:
    found = sorted(list_topics(site.engine, site.config), key=lambda each: each.topic.title.casefold())
    values = {
        "topics": [each for each in found if each.is_in_use],
        "others": [each for each in found if not each.is_in_use],
    }
    return admin_page(site, who, "topics", values, done=done, error=error)


def _form_page(  # noqa: PLR0913 - what the page shows
    site: Site,
    who: Subscriber,
    draft: TopicDraft,
    found: KnownTopic | None,
    *,
    errors: Mapping[str, UsageError] | None = None,
    conflict: str = "",
    seen: str = "",
) -> HTMLResponse:
    """Render the form of a topic with its preview; `found` is the topic that it changes, and `seen` its revision then.

    After a conflict, the page shows the topic as it is now, and the form changes this one.
    """
    if found and found.in_config:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    wrong = errors or {}
    values = {
        "topic": found,
        "draft": draft,
        "errors": {field: sentence(getattr(error, "reason", error)) for field, error in wrong.items()},
        "revision": seen if is_id(seen) else str(found.revision if found else 0),
        "shows_current": bool(conflict) and found is not None,
        **preview_values(site, draft),
    }
    response = admin_page(site, who, "topic", values, error=conflict)
    if wrong:
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return scripted(response)
