"""Change one subscriber: the state, the schedule and the subscriptions, and erase them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

from notifier import subscribers
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber
from notifier.subscribers import SignUp, SuppressedChoice
from notifier.web.admin.access import Admin, admin_page, record, row_id, to_admin_page
from notifier.web.admin.subscribers import subscriber_page, subscriber_with
from notifier.web.fields import sentence
from notifier.web.forms import Form, SubmittedForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.site import Site, SiteDependency

ONE = "/admin/subscribers/{subscriber_id}"
SUBSCRIPTION = f"{ONE}/subscriptions/{{subscription_id}}"
SCHEDULE = ("cadence", "hour", "timezone", "weekday")

router = APIRouter()


@router.api_route(f"{ONE}/erase", methods=["GET", "HEAD"])
def ask_to_erase(site: SiteDependency, who: Admin, subscriber_id: str) -> HTMLResponse:
    """Show what erasing does, and a button."""
    return admin_page(site, who, "erase", {"subscriber": subscriber_with(site, subscriber_id)})


@router.post(f"{ONE}/erase", dependencies=FROM_OWN_PAGES)
def erase(site: SiteDependency, who: Admin, subscriber_id: str) -> Response:
    """Erase a subscriber. The entry of the log keeps no address."""
    found = subscriber_with(site, subscriber_id)
    change = subscribers.erase
    record(site, who, "erase", found.email, lambda: change(site.engine, found.email, site.clock()), describe=_erased)
    return to_admin_page(site, "subscribers", "erased")


@router.post(f"{ONE}/subscriptions", dependencies=FROM_OWN_PAGES)
def add_subscription(site: SiteDependency, who: Admin, subscriber_id: str, form: SubmittedForm) -> Response:
    """Add a query or a topic."""
    found = subscriber_with(site, subscriber_id)
    query, topic, name = (form.one(each) or None for each in ("query", "topic", "name"))

    def change() -> object:
        return subscribers.add_subscription(site.engine, site.config, found.id, query=query, topic=topic, name=name)

    typed = {"query": query or "", "topic": topic or "", "name": name or ""}
    try:
        record(site, who, "add a subscription", found.email, change, details=query or f"topic {topic}")
    except UsageError as error:
        return subscriber_page(site, who, found, error=sentence(error), typed=typed)
    return to_admin_page(site, f"subscribers/{found.id}", "subscription-added")


@router.post(SUBSCRIPTION, dependencies=FROM_OWN_PAGES)
def change_subscription(
    site: SiteDependency, who: Admin, subscriber_id: str, subscription_id: str, form: SubmittedForm
) -> Response:
    """Change the query or the name of a subscription."""
    found, number = subscriber_with(site, subscriber_id), row_id(subscription_id)
    before = next((each for each in found.subscriptions if each.id == number), None)
    if before is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    query = None if before.topic or form.one("query") == before.query else form.one("query")

    def change() -> object:
        return subscribers.change_subscription(
            site.engine, site.config, found.id, number, query=query, name=form.one("name")
        )

    details = f"{before.label} → {form.one('name') or form.one('query') or before.topic}"
    return _changed(site, who, found, ("change a subscription", "subscription-changed"), change, details=details)


@router.post(f"{SUBSCRIPTION}/remove", dependencies=FROM_OWN_PAGES)
def remove_subscription(site: SiteDependency, who: Admin, subscriber_id: str, subscription_id: str) -> Response:
    """Remove a subscription. Whoever loses the last one is unsubscribed instead."""
    found, number = subscriber_with(site, subscriber_id), row_id(subscription_id)
    removed = next((each for each in found.subscriptions if each.id == number), None)
    if removed is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)

    def change() -> object:
        return subscribers.remove_subscription(site.engine, found.id, number, site.clock())

    return _changed(site, who, found, ("remove a subscription", "subscription-removed"), change, details=removed.label)


@router.post(f"{ONE}/schedule", dependencies=FROM_OWN_PAGES)
def change_schedule(site: SiteDependency, who: Admin, subscriber_id: str, form: SubmittedForm) -> Response:
    """Change the schedule; a field that was not sent stays as it is."""
    found = subscriber_with(site, subscriber_id)
    sent = {name: form.one(name) for name in SCHEDULE if form.one(name)}

    def change() -> object:
        cadence = _cadence(sent["cadence"]) if "cadence" in sent else None
        rest = {name: value for name, value in sent.items() if name != "cadence"}
        return subscribers.change_settings(site.engine, found.id, site.clock(), cadence=cadence, **rest)

    return _changed(site, who, found, ("change the schedule", "schedule"), change, details=", ".join(sent.values()))


@router.post(f"{ONE}/{{action}}", dependencies=FROM_OWN_PAGES)
def change_state(site: SiteDependency, who: Admin, subscriber_id: str, action: str, form: SubmittedForm) -> Response:
    """Pause, resume, unsubscribe or reinstate a subscriber, or make somebody active who has agreed."""
    if action not in ACTIONS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    found = subscriber_with(site, subscriber_id)
    make, done = ACTIONS[action]
    details = f"until {form.one('until')}" if action == "pause" and form.one("until") else ""
    return _changed(site, who, found, (action, done), lambda: make(site, found, form), details=details)


def _pause(site: Site, found: Subscriber, form: Form) -> object:
    typed = form.one("until")
    try:
        return subscribers.pause(site.engine, found.email, date.fromisoformat(typed) if typed else None, site.clock())
    except (ValueError, OverflowError):
        raise UsageError("that is no day that a pause can end on; write it as YEAR-MONTH-DAY, after today") from None


def _agree(site: Site, found: Subscriber, _form: Form) -> object:
    agreed = SignUp(found.email, confirmed=True)
    return subscribers.subscribe_or_send_confirmation(site.engine, site.config, agreed, site.clock())


def _reinstate(site: Site, found: Subscriber, _form: Form) -> object:
    report = subscribers.reinstate(site.engine, SuppressedChoice((found.email,)), site.clock())
    if not report.reinstated:
        raise UsageError(f"{found.email} is not SUPPRESSED; nothing was changed")
    return report


# The function that makes each change, and the note on the page after it.
ACTIONS: dict[str, tuple[Callable[[Site, Subscriber, Form], object], str]] = {
    "pause": (_pause, "paused"),
    "resume": (lambda site, found, _: subscribers.resume(site.engine, found.email, site.clock()), "resumed"),
    "unsubscribe": (
        lambda site, found, _: subscribers.unsubscribe(site.engine, found.email, site.clock()),
        "unsubscribed",
    ),
    "agree": (_agree, "agreed"),
    "reinstate": (_reinstate, "reinstated"),
}


def _changed(  # noqa: PLR0913 - what the entry of the log and the page say
    site: Site,
    who: Subscriber,
    found: Subscriber,
    names: tuple[str, str],
    change: Callable[[], object],
    *,
    details: str,
) -> Response:
    """Make a change and log it; `names` are the action in the log, and the note on the page after it."""
    action, done = names
    try:
        record(site, who, action, found.email, change, details=details)
    except UsageError as error:
        return subscriber_page(site, who, found, error=sentence(error))
    return to_admin_page(site, f"subscribers/{found.id}", done)


def _cadence(text: str) -> Cadence:
    try:
        return Cadence(text)
    except ValueError:
        raise UsageError(f"the cadence is unknown; choose one of {', '.join(Cadence)}") from None


def _erased(messages: int) -> str:
    return f"done, with {messages} messages"
