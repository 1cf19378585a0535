"""The settings of the subscriber who is signed in: schedule, pause, address, data, unsubscribing and deletion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from notifier import subscribers
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber, Subscription
from notifier.subscribers import Action, within_limits
from notifier.topics import RESERVED
from notifier.web.background import in_background
from notifier.web.choices import can_get_fewer_mails, schedule_choices
from notifier.web.clients import ClientAddress
from notifier.web.fields import (
    Errors,
    parsed_query,
    read_address,
    read_schedule,
    schedule_fields_of,
)
from notifier.web.forms import Form, SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.pages.signing_in import to_settings
from notifier.web.previews import volume
from notifier.web.sessions import SignedIn, clear_session
from notifier.web.site import Site, SiteDependency, page, signed_in
from notifier.web.wording import schedule_in_words

LAST_DIGESTS = 5

# The notes on the page after a change.
DONE = {
    "added": "The subscription was added.",
    "changed": "The subscription was changed.",
    "removed": "The subscription was removed.",
    "ordered": "The order of your subscriptions was changed.",
    "schedule": "Your schedule was changed.",
    "paused": "Your digests are paused.",
    "resumed": "Your digests go on.",
    "forgotten": "All your feedback is forgotten.",
    "taste-on": "Your feedback orders the papers of your digests.",
    "taste-off": "Your feedback no longer orders the papers of your digests.",
    "unsubscribed": "You are unsubscribed, and get no more mail.",
}

router = APIRouter()


@router.api_route("/manage", methods=["GET", "HEAD"])
def show_settings(site: SiteDependency, subscriber: SignedIn, form: UrlForm) -> HTMLResponse:
    """Show all settings on one page."""
    return _settings(site, subscriber, done=DONE.get(form.one("done"), ""))


@router.post("/manage/schedule", dependencies=FROM_OWN_PAGES)
def change_schedule(site: SiteDependency, subscriber: SignedIn, form: SubmittedForm) -> Response:
    """Change the cadence, the hour, the time zone and the weekday; a field that was not sent stays as it is."""
    now = schedule_fields_of(subscriber)
    sent = {name: (form.one(name),) for name in ("cadence", "hour", "timezone", "weekday") if form.one(name)}
    kept = {name: (getattr(now, name),) for name in ("cadence", "hour", "timezone", "weekday")}
    schedule = read_schedule(Form({**kept, **sent}), site.config.digest)
    if schedule.errors:
        return _settings(site, subscriber, schedule.errors, typed=schedule_choices(schedule))
    subscribers.change_settings(
        site.engine,
        subscriber.id,
        site.clock(),
        cadence=Cadence(schedule.cadence),
        hour=schedule.hour,
        timezone=schedule.timezone,
        weekday=schedule.weekday,
    )
    return to_settings(site, "schedule", "schedule")


@router.post("/manage/pause", dependencies=FROM_OWN_PAGES)
def pause(site: SiteDependency, subscriber: SignedIn, form: SubmittedForm) -> Response:
    """Pause until a day, or without an end if no day is given."""
    typed = form.one("until")
    try:
        until = date.fromisoformat(typed) if typed else None
    except ValueError:
        return _settings(site, subscriber, {"until": "Write the day as YEAR-MONTH-DAY, such as 2026-12-31."})
    try:
        subscribers.pause(site.engine, subscriber.email, until, site.clock())
    except (UsageError, OverflowError):
        return _settings(site, subscriber, {"until": "Choose a day after today."})
    return to_settings(site, "paused", "pause")


@router.post("/manage/resume", dependencies=FROM_OWN_PAGES)
def resume(site: SiteDependency, subscriber: SignedIn) -> Response:
    """End a pause."""
    try:
        subscribers.resume(site.engine, subscriber.email, site.clock())
    except UsageError:
        return to_settings(site)
    return to_settings(site, "resumed", "pause")


@router.post("/manage/address", dependencies=FROM_OWN_PAGES)
def change_address(
    site: SiteDependency, subscriber: SignedIn, form: SubmittedForm, client: ClientAddress
) -> HTMLResponse:
    """Send a mail to the old address and one to the new address; the change is made when both are confirmed."""
    email, errors = read_address(form)
    if errors:
        return _settings(site, subscriber, errors, typed={"new_email": email})
    now = site.clock()
    if not within_limits(site.engine, Action.ADDRESS_CHANGE, email, client, now):
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS, **signed_in(site, subscriber))
    shown = page(site, "address_sent", old=subscriber.email, new=email, **signed_in(site, subscriber))
    request = subscribers.request_address_change
    return in_background(shown, request, site.engine, site.config, subscriber.id, email, now)


@router.api_route("/manage/data.json", methods=["GET", "HEAD"])
def download_data(site: SiteDependency, subscriber: SignedIn) -> Response:
    """Return everything that is stored about the subscriber, as a file."""
    text = json.dumps(subscribers.export_data(site.engine, subscriber.id), indent=2, ensure_ascii=False)
    named = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(f"{text}\n", media_type="application/json", headers=named)


@router.api_route("/manage/delete", methods=["GET", "HEAD"])
def ask_to_delete(site: SiteDependency, subscriber: SignedIn) -> HTMLResponse:
    """Show what deleting does, and a button."""
    return page(site, "delete", email=subscriber.email, **signed_in(site, subscriber))


@router.post("/manage/delete", dependencies=FROM_OWN_PAGES)
def delete(site: SiteDependency, subscriber: SignedIn) -> HTMLResponse:
    """Delete the subscriber with everything that is stored about them."""
    subscribers.erase(site.engine, subscriber.email, site.clock())
    response = page(site, "deleted")
    clear_session(site, response)
    return response


@router.post("/manage/unsubscribe", dependencies=FROM_OWN_PAGES)
def unsubscribe(site: SiteDependency, subscriber: SignedIn) -> Response:
    """End all mail at once; the settings stay, in case the subscriber comes back."""
    subscribers.unsubscribe_from_all(site.engine, subscriber.id, site.clock())
    return to_settings(site, "unsubscribed")


@router.post("/manage/subscribe", dependencies=FROM_OWN_PAGES)
def subscribe_again(site: SiteDependency, subscriber: SignedIn, client: ClientAddress) -> HTMLResponse:
    """Ask by mail whether somebody who has unsubscribed wants mail again."""
    now = site.clock()
    if not within_limits(site.engine, Action.SIGN_UP, subscriber.email, client, now):
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS, **signed_in(site, subscriber))
    shown = page(site, "asked_to_confirm", email=subscriber.email, **signed_in(site, subscriber))
    wanted = subscribers.SignUp(subscriber.email)
    return in_background(shown, subscribers.request_sign_up, site.engine, site.config, wanted, now)


def _settings(
    site: Site,
    subscriber: Subscriber,
    errors: Errors | None = None,
    done: str = "",
    typed: Mapping[str, object] | None = None,
) -> HTMLResponse:
    """Render all settings; `typed` replaces the values of fields that are wrong."""
    tomorrow = site.clock().astimezone(ZoneInfo(subscriber.timezone)).date() + timedelta(days=1)
    values: Mapping[str, object] = {
        "subscriber": subscriber,
        "done": done,
        "errors": errors or {},
        "volumes": _volumes(site, subscriber.subscriptions),
        "known_topics": {*RESERVED, *site.catalogue.topics},
        "when": schedule_in_words(subscriber.cadence, subscriber.hour, subscriber.timezone, subscriber.weekday),
        **schedule_choices(schedule_fields_of(subscriber)),
        "tomorrow": tomorrow.isoformat(),
        "new_email": "",
        "digests": subscribers.past_digests(site.engine, subscriber.id, LAST_DIGESTS),
        "reactions": subscribers.count_reactions(site.engine, subscriber.id),
        "can_get_fewer_mails": can_get_fewer_mails(subscriber),
        **signed_in(site, subscriber),
        **(typed or {}),
    }
    return page(site, "manage", HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK, **values)


def _volumes(site: Site, subscriptions: Sequence[Subscription]) -> dict[int, str]:
    """Return the volume of each subscription, by id."""
    recent = site.recent.get(site.engine, site.clock())
    found = {}
    for each in subscriptions:
        wanted = [parsed] if (parsed := parsed_query(each)) else []
        matching = recent.matching(wanted, {each.topic} if each.topic else ())
        found[each.id] = volume(recent.per_week(matching))
    return found
