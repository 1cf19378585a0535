"""The subscribers: find them, and look at one with everything that can be changed."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState
from notifier.operations import read_admin_log
from notifier.store import reading, suppressions
from notifier.store import subscribers as stored
from notifier.subscribers import confirmation_mailed_at
from notifier.text.harmless import without_controls
from notifier.topics import RESERVED, Catalogue
from notifier.web.admin.access import PER_PAGE, Admin, admin_page, not_found_as, row_id
from notifier.web.choices import schedule_choices
from notifier.web.fields import schedule_fields_of
from notifier.web.forms import UrlForm, is_id
from notifier.web.site import Site, SiteDependency
from notifier.web.wording import schedule_in_words

# The notes on the page of a subscriber after a change.
DONE = {
    "added": "The subscriber is added.",
    "agreed": "The subscriber is active, because they have agreed.",
    "schedule": "The schedule is changed.",
    "paused": "No mail goes out until the pause ends.",
    "resumed": "Mail goes out again.",
    "unsubscribed": "No mail goes out any more.",
    "reinstated": "The suppression is taken back.",
    "subscription-added": "The subscription is added.",
    "subscription-changed": "The subscription is changed.",
    "subscription-removed": "The subscription is removed. Whoever loses the last one is unsubscribed instead.",
}
STATES = tuple(SubscriberState)
SHOWN_ENTRIES = 10  # of the log

router = APIRouter()
page_router = APIRouter()  # its path matches those of the other modules too, so it comes after them


@router.api_route("/admin/subscribers", methods=["GET", "HEAD"])
def show_subscribers(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """List the subscribers; only those in a state, or with a part of an address, if the form says so."""
    find, state, after = without_controls(form.one("find")), form.one("state"), form.one("after")
    wanted = SubscriberState(state) if state in STATES else None
    with reading(site.engine) as connection:
        found = stored.listed(connection, int(after) if is_id(after) else 0, PER_PAGE + 1, wanted, find)
    values = {
        "subscribers": found[:PER_PAGE],
        "next_after": found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        "find": find,
        "state": state,
        "states": STATES,
    }
    erased = {"erased": "The subscriber is erased, with everything that was stored about them."}
    return admin_page(site, who, "subscribers", values, done=erased.get(form.one("done"), ""))


@page_router.api_route("/admin/subscribers/{subscriber_id}", methods=["GET", "HEAD"])
def show_subscriber(site: SiteDependency, who: Admin, subscriber_id: str, form: UrlForm) -> HTMLResponse:
    """Show one subscriber: settings, subscriptions, why they are suppressed, and what administrators did to them."""
    found = subscriber_with(site, subscriber_id)
    return subscriber_page(site, who, found, done=DONE.get(form.one("done"), ""))


def subscriber_with(site: Site, text: str) -> Subscriber:
    """Return the subscriber with the id in a path. Raises HTTPException with 404 if there is none."""
    with not_found_as(KeyError), reading(site.engine) as connection:
        return stored.by_ids(connection, [row_id(text)])[row_id(text)]


def subscriber_page(  # noqa: PLR0913 - what the page shows
    site: Site,
    who: Subscriber,
    found: Subscriber,
    *,
    done: str = "",
    error: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render the page of a subscriber; `typed` is what was typed into the form for a new subscription."""
    with reading(site.engine) as connection:
        refusals = suppressions.all_of(connection, found.id)
    values = {
        "subscriber": found,
        "when": schedule_in_words(found.cadence, found.hour, found.timezone, found.weekday),
        "refusals": refusals if found.state is SubscriberState.SUPPRESSED else [],
        "mailed_at": _mailed_at(site, found),
        **schedule_choices(schedule_fields_of(found)),
        "topics": topic_options(site.catalogue),
        "known_topics": {*RESERVED, *site.catalogue.topics},
        "typed": {"query": "", "topic": "", "name": "", **(typed or {})},
        "entries": read_admin_log(site.engine, SHOWN_ENTRIES, subject=found.email),
        "errors": {},
    }
    return admin_page(site, who, "subscriber", values, done=done, error=error)


def topic_options(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return the slugs and titles of all topics, and none, for a list to choose from."""
    titles = {**RESERVED, **{topic.slug: topic.title for topic in catalogue.topics.values()}}
    return [("", "no topic"), *sorted(titles.items(), key=lambda each: each[1].casefold())]


def _mailed_at(site: Site, found: Subscriber) -> object:
    """Return when somebody who has not confirmed was asked to; None if they were not."""
    if found.state is not SubscriberState.PENDING:
        return None
    try:
        return confirmation_mailed_at(site.engine, found.email)
    except UsageError:
        return None
