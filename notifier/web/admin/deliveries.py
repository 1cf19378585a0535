"""The deliveries: find, show, retry and hold them, as `notifier deliveries` does."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from notifier.errors import NotifierError, UsageError
from notifier.models import DeliveryState, Subscriber
from notifier.operations import (
    DeliverySummary,
    deliveries_before,
    find_delivery,
    hold_delivery,
    hold_waiting_deliveries,
    retry_delivery,
)
from notifier.sending import mail_of, sender_for
from notifier.signing import redact_links
from notifier.text.harmless import inert_lines, without_controls
from notifier.text.mail_bodies import body_of
from notifier.web.admin.access import PER_PAGE, Admin, admin_page, not_found_as, record, row_id, to_admin_page
from notifier.web.fields import sentence
from notifier.web.forms import LARGEST_ID, Form, UrlForm, is_id
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency

DONE = {
    "retried": "The delivery is PENDING: the next round of sending takes it.",
    "held": "The delivery is HELD: it is sent only if somebody retries it.",
    "all-held": "What waited to be sent is HELD. The log says how many deliveries that were.",
}
STATES = tuple(DeliveryState)
UNCHANGEABLE = ("LEASED", "ACCEPTED", "CANCELLED", "EXPIRED", "SKIPPED")  # neither button can do anything in these

router = APIRouter()


@router.api_route("/admin/deliveries", methods=["GET", "HEAD"])
def show_deliveries(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """List the deliveries, the newest first; only those in a state, or to an address, if the form says so."""
    find, state = without_controls(form.one("find")), form.one("state")
    found = _found(site, form, find, DeliveryState(state) if state in STATES else None)
    values = {
        "deliveries": found[:PER_PAGE],
        "older": found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        "find": find,
        "state": state,
        "states": STATES,
    }
    return admin_page(site, who, "deliveries", values, done=DONE.get(form.one("done"), ""))


@router.post("/admin/deliveries/hold", dependencies=FROM_OWN_PAGES)
def hold_all(site: SiteDependency, who: Admin) -> Response:
    """Hold everything that waits to be sent."""
    record(
        site,
        who,
        "hold all",
        "the deliveries that wait",
        lambda: hold_waiting_deliveries(site.engine, site.clock()),
        describe=lambda counts: f"{counts[0]} held; {counts[1]} others are being sent, and were not",
    )
    return to_admin_page(site, "deliveries", "all-held")


@router.api_route("/admin/deliveries/{delivery_id}", methods=["GET", "HEAD"])
def show_delivery(site: SiteDependency, who: Admin, delivery_id: str, form: UrlForm) -> HTMLResponse:
    """Show a delivery with the text of its mail."""
    return _delivery_page(site, who, row_id(delivery_id), done=DONE.get(form.one("done"), ""))


@router.post("/admin/deliveries/{delivery_id}/retry", dependencies=FROM_OWN_PAGES)
def retry(site: SiteDependency, who: Admin, delivery_id: str) -> Response:
    """Make a delivery due now."""
    return _change(site, who, _known(site, delivery_id), "retry", "retried")


@router.post("/admin/deliveries/{delivery_id}/hold", dependencies=FROM_OWN_PAGES)
def hold(site: SiteDependency, who: Admin, delivery_id: str) -> Response:
    """Hold a delivery back until somebody retries it."""
    return _change(site, who, _known(site, delivery_id), "hold", "held")


def _known(site: Site, text: str) -> int:
    """Return the id of a delivery in a path. Raises HTTPException with 404 if there is none."""
    with not_found_as(UsageError):
        return find_delivery(site.engine, row_id(text)).id


def _change(site: Site, who: Subscriber, number: int, action: str, done: str) -> Response:
    def change() -> None:
        if action == "retry":
            retry_delivery(site.engine, number)
        else:
            hold_delivery(site.engine, number, site.clock())

    try:
        record(site, who, action, f"delivery {number}", change)
    except UsageError as error:
        return _delivery_page(site, who, number, error=sentence(error))
    return to_admin_page(site, f"deliveries/{number}", done)


def _found(site: Site, form: Form, find: str, state: DeliveryState | None) -> list[DeliverySummary]:
    """Return the deliveries of a page of the list, and one more if there is another page."""
    if is_id(find):
        try:
            return [find_delivery(site.engine, int(find))]
        except UsageError:
            return []
    before = form.one("before")
    return deliveries_before(
        site.engine, int(before) if is_id(before) else LARGEST_ID, PER_PAGE + 1, state, find or None
    )


def _delivery_page(site: Site, who: Subscriber, number: int, *, done: str = "", error: str = "") -> HTMLResponse:
    with not_found_as(UsageError):
        found = find_delivery(site.engine, number)
    text, fault = _text_of(site, number)
    values = {"delivery": found, "text": text, "fault": fault, "is_changeable": found.state not in UNCHANGEABLE}
    return admin_page(site, who, "delivery", values, done=done, error=error)


def _text_of(site: Site, number: int) -> tuple[str, str]:
    """Return the text of the mail of a delivery, or why it has none.

    The links that belong to the subscriber are redacted: with them, an administrator could act in their name.
    """
    try:
        mail = mail_of(sender_for(site.engine, site.config, site.clock), number)
    except NotifierError as error:
        return "", sentence(error)
    return inert_lines(redact_links(body_of(mail, "plain"))), ""
