"""Add subscribers: one by a form, and many by a CSV file; export them all; reinstate many who were suppressed."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from notifier import subscribers
from notifier.errors import UsageError
from notifier.models import CHANNEL_PREFIX, Cadence, Subscriber
from notifier.store import reading, suppressions
from notifier.store import subscribers as stored
from notifier.subscribers import ImportReport, ReinstateReport, SignUp, SuppressedChoice
from notifier.text.addresses import parse_new_address, parse_recipient
from notifier.text.counting import counted
from notifier.text.harmless import without_controls
from notifier.web.admin.access import Admin, admin_page, record, to_admin_page
from notifier.web.admin.subscribers import topic_options
from notifier.web.choices import schedule_choices
from notifier.web.fields import default_schedule, read_schedule, sentence
from notifier.web.forms import Form, SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency
from notifier.web.uploads import UploadedForm

IMPORT = "/admin/subscribers/import"
MAX_LISTED = 100  # refused rows, or subscribers to reinstate

router = APIRouter()


@router.api_route("/admin/subscribers/add", methods=["GET", "HEAD"])
def show_form(site: SiteDependency, who: Admin) -> HTMLResponse:
    """Show the form that adds a subscriber."""
    return _form(site, who, Form({}))


@router.post("/admin/subscribers/add", dependencies=FROM_OWN_PAGES)
def add(site: SiteDependency, who: Admin, form: SubmittedForm) -> Response:
    """Add a subscriber. Without their consent, they get a mail that asks to confirm."""
    try:
        sign_up = _sign_up(site, form)
        _refuse_known(site, sign_up.email)
        agreed = "has agreed" if sign_up.confirmed else "is asked to confirm"
        if sign_up.email.startswith(CHANNEL_PREFIX):
            agreed = "is a channel"
        asked = ", ".join((*sign_up.queries, *(f"topic {slug}" for slug in sign_up.topics)))
        added = record(
            site,
            who,
            "add",
            sign_up.email,
            lambda: subscribers.subscribe_or_send_confirmation(site.engine, site.config, sign_up, site.clock()),
            details=f"{agreed}; {asked}" if asked else agreed,
        )
    except UsageError as error:
        return _form(site, who, form, error=sentence(error))
    return to_admin_page(site, f"subscribers/{added.id}", "added")


@router.api_route(IMPORT, methods=["GET", "HEAD"])
def show_import(site: SiteDependency, who: Admin) -> HTMLResponse:
    """Show the form that imports a CSV file."""
    return _import_page(site, who, None)


@router.post(IMPORT, dependencies=FROM_OWN_PAGES)
def import_file(site: SiteDependency, who: Admin, upload: UploadedForm) -> HTMLResponse:
    """Import a CSV file, and show the report."""
    fields = upload.fields()
    content, reinstate = fields.get("file", b""), bool(fields.get("reinstate"))
    try:
        report = record(
            site,
            who,
            "import",
            "a CSV file",
            lambda: subscribers.import_content(site.engine, site.config, content, site.clock(), reinstate=reinstate),
            details=f"{len(content):,} bytes{', also reinstating' if reinstate else ''}",
            describe=_imported,
        )
    except UsageError as error:
        return _import_page(site, who, None, error=sentence(error))
    return _import_page(site, who, report, done=f"{_imported(report)}.")


@router.post("/admin/subscribers/export", dependencies=FROM_OWN_PAGES)
def export(site: SiteDependency, who: Admin) -> Response:
    """Return all subscribers as a CSV file. It is logged, because the file holds all addresses."""
    content, _ = record(
        site,
        who,
        "export",
        "all subscribers",
        lambda: subscribers.export_content(site.engine),
        describe=lambda exported: counted(exported[1], "subscriber"),
    )
    named = {"Content-Disposition": 'attachment; filename="subscribers.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=named)


@router.api_route("/admin/subscribers/reinstate", methods=["GET", "HEAD"])
def show_reinstating(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """Show who would be reinstated: those who were suppressed for a reply that contains a text."""
    reply = without_controls(form.one("reply"))
    if not reply:
        return _reinstate_page(site, who, "", None)
    choice = SuppressedChoice(reply=reply)
    return _reinstate_page(site, who, reply, subscribers.reinstate(site.engine, choice, site.clock(), dry_run=True))


@router.post("/admin/subscribers/reinstate", dependencies=FROM_OWN_PAGES)
def reinstate(site: SiteDependency, who: Admin, form: SubmittedForm) -> HTMLResponse:
    """Reinstate everybody who was suppressed for a reply that contains a text."""
    reply = without_controls(form.one("reply"))
    try:
        report = record(
            site,
            who,
            "reinstate",
            "subscribers by reply",
            lambda: subscribers.reinstate(site.engine, SuppressedChoice(reply=reply), site.clock()),
            details=reply,
            describe=lambda report: counted(report.reinstated, "subscriber"),
        )
    except UsageError:
        return _reinstate_page(site, who, reply, None, error="Write a part of the reply first.")
    done = f"{counted(report.reinstated, 'subscriber')} reinstated."
    return _reinstate_page(site, who, "", None, done=done)


def _sign_up(site: Site, form: Form) -> SignUp:
    """Return the sign-up that the form asks for. Raises UsageError if a field is wrong."""
    schedule = read_schedule(form, site.config.digest)
    if schedule.errors:
        raise UsageError(next(iter(schedule.errors.values())))
    queries, topics = (tuple(filter(None, [form.one(name)])) for name in ("query", "topic"))
    cadence = Cadence(schedule.cadence)
    return SignUp(
        email=parse_recipient(form.one("email"), parse_new_address),
        queries=queries,
        topics=topics,
        cadence=cadence,
        hour=schedule.hour,
        timezone=schedule.timezone,
        weekday=schedule.weekday if cadence is Cadence.WEEKLY else None,
        confirmed=bool(form.one("confirmed")),
        name=(form.one("name") or None) if queries or topics else None,
    )


def _refuse_known(site: Site, email: str) -> None:
    """Raise UsageError if somebody has this address: the form would replace their schedule."""
    with reading(site.engine) as connection:
        known = stored.find(connection, email)
    if known:
        raise UsageError(f"{known.email} is {known.state} already; find them, and change what they have")


def _form(site: Site, who: Subscriber, form: Form, error: str = "") -> HTMLResponse:
    chosen = read_schedule(form, site.config.digest)
    values = {
        "typed": {name: form.one(name) for name in ("email", "query", "topic", "name", "confirmed")},
        "topics": topic_options(site.catalogue),
        **schedule_choices(default_schedule(site.config.digest) if chosen.errors else chosen),
        "errors": {},
    }
    return admin_page(site, who, "add_subscriber", values, error=error)


def _import_page(
    site: Site, who: Subscriber, report: ImportReport | None, *, done: str = "", error: str = ""
) -> HTMLResponse:
    return admin_page(site, who, "import", {"report": report, "most": MAX_LISTED}, done=done, error=error)


def _reinstate_page(  # noqa: PLR0913 - what the page shows
    site: Site, who: Subscriber, reply: str, found: ReinstateReport | None, *, done: str = "", error: str = ""
) -> HTMLResponse:
    with reading(site.engine) as connection:
        replies = suppressions.count_by_reply(connection).most_common(MAX_LISTED)
    values = {"reply": reply, "found": found, "most": MAX_LISTED, "replies": replies}
    return admin_page(site, who, "reinstate", values, done=done, error=error)


def _imported(report: ImportReport) -> str:
    """Return what an import did, without any address."""
    return (
        f"{counted(report.rows, 'row')} imported: {counted(report.new_subscribers, 'new subscriber')}, "
        f"{counted(report.new_subscriptions, 'new subscription')}, {report.reinstated} reinstated, "
        f"{len(report.refused)} refused"
    )
