"""The operations on subscribers: list them, show one, add one, change a schedule, pause, unsubscribe and erase.

A token belongs to the operator, so its scopes allow what the commands allow. With `write:subscribers` alone, nobody
can be added without their consent: the address gets a mail that asks to confirm.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field, StrictBool

from notifier import subscribers
from notifier.models import CHANNEL_PREFIX, ListOrder, Scope, SubscriberState
from notifier.store import reading
from notifier.store import subscribers as stored_subscribers
from notifier.subscribers import SignUp
from notifier.subscribers.notices import check_pages
from notifier.subscribers.requesting import is_getting_mail
from notifier.text.addresses import parse_recipient
from notifier.web.api.access import forbidden
from notifier.web.api.inputs import Day, EmailText, Input, Name, Omittable, RowId, ScheduleInput, TopicSlug, as_conflict
from notifier.web.api.lists import After, link_to_next, no_page, page_request, url_of
from notifier.web.api.papers import QueryText
from notifier.web.api.routes import api_router, caller_of, reads, writes
from notifier.web.api.subscriber_models import SubscriberDocument, SubscriberList, find_subscriber, subscriber_model
from notifier.web.list_orders import numbers_of
from notifier.web.site import Site, SiteDependency

PER_PAGE = 100
SUBSCRIBER = "/subscribers/{subscriber_id}"

router = api_router("subscribers")


class NewSubscriber(ScheduleInput):
    """A sign-up. Without queries and topics, a new subscriber gets the topic `trending`."""

    email: EmailText
    queries: list[QueryText] = Field(default=[], max_length=100)
    topics: list[TopicSlug] = Field(default=[], max_length=100)
    name: Omittable[Name] = Field(default=None, description="The heading, for a single query or topic.")
    confirmed: StrictBool = Field(
        default=False,
        description="They have agreed already: send no mail that asks to confirm. Needs the scope confirm:subscribers.",
    )


class SubscriberChange(ScheduleInput):
    """When digests come, and whether feedback orders their papers. What is left out stays as it is."""

    taste: Omittable[StrictBool] = None


class PauseInput(Input):
    """The first day with mail again; without it, the pause ends when somebody ends it."""

    until: Omittable[Day] = None


@reads(router, "/subscribers", Scope.READ_SUBSCRIBERS)
def list_subscribers(
    site: SiteDependency,
    response: Response,
    email: Annotated[Omittable[EmailText], Query(description="Only this address.")] = None,
    state: Annotated[Omittable[SubscriberState], Query(description="Only those in this state.")] = None,
    after: After = "",
) -> SubscriberList:
    """List the subscribers, the oldest sign-up first, 100 a page."""
    (after_id,) = (numbers_of(after, 1) or (None,)) if after else (0,)
    if after_id is None:
        raise no_page()
    with reading(site.engine) as connection:
        if email is not None:
            one = stored_subscribers.find(connection, parse_recipient(email))
            found = [one] if one and one.id > after_id and state in (None, one.state) else []
        else:
            found = stored_subscribers.listed(connection, after_id, PER_PAGE + 1, state)
    asked = page_request(site, "/subscribers", [ListOrder.NEWEST], None, after, [("state", state)] if state else [])
    mark = (found[PER_PAGE - 1].id,) if len(found) > PER_PAGE else None
    shown = [subscriber_model(each) for each in found[:PER_PAGE]]
    return SubscriberList(subscribers=shown, next=link_to_next(response, asked.following(mark)))


@reads(router, SUBSCRIBER, Scope.READ_SUBSCRIBERS)
def get_subscriber(site: SiteDependency, subscriber_id: RowId) -> SubscriberDocument:
    """Show one subscriber."""
    return subscriber_model(find_subscriber(site, subscriber_id))


@writes(
    router,
    "POST",
    "/subscribers",
    Scope.WRITE_SUBSCRIBERS,
    status=HTTPStatus.CREATED,
    responses={200: {"model": SubscriberDocument, "description": "The address was known; what is new was added."}},
)
def add_subscriber(
    site: SiteDependency, request: Request, response: Response, body: NewSubscriber
) -> SubscriberDocument:
    """Add a subscriber, who gets a mail that asks to confirm. If the address is known, add only what is new.

    In place of an address, `channel:NAME` subscribes a channel of the operator's: nothing is to be confirmed, and the
    scope confirm:subscribers is needed.
    """
    caller = caller_of(request)
    email = parse_recipient(body.email)
    needs_no_mail = body.confirmed or email.startswith(CHANNEL_PREFIX)
    if needs_no_mail and caller.token and Scope.CONFIRM_SUBSCRIBERS not in caller.token.scopes:
        raise forbidden(caller, Scope.CONFIRM_SUBSCRIBERS)
    sign_up = SignUp(**{**body.model_dump(), "queries": tuple(body.queries), "topics": tuple(body.topics)})
    subscribers.check_asked(site.catalogue, sign_up)
    with reading(site.engine) as connection:
        known = stored_subscribers.find(connection, email)
    if not (needs_no_mail or is_getting_mail(known)):
        check_pages(site.config)
    stored = subscribers.subscribe_or_send_confirmation(site.engine, site.config, sign_up, site.clock())
    if known:
        response.status_code = HTTPStatus.OK
    response.headers["Location"] = url_of(site, f"/subscribers/{stored.id}")
    return subscriber_model(stored)


@writes(router, "PATCH", SUBSCRIBER, Scope.WRITE_SUBSCRIBERS)
def change_subscriber(site: SiteDependency, subscriber_id: RowId, body: SubscriberChange) -> SubscriberDocument:
    """Change when the digests of a subscriber come, and whether feedback orders their papers."""
    find_subscriber(site, subscriber_id)
    subscribers.change_settings(site.engine, subscriber_id, site.clock(), **body.model_dump(exclude={"taste"}))
    if body.taste is not None:
        subscribers.set_taste(site.engine, subscriber_id, body.taste)
    return subscriber_model(find_subscriber(site, subscriber_id))


@writes(router, "POST", f"{SUBSCRIBER}/pause", Scope.WRITE_SUBSCRIBERS)
def pause_subscriber(site: SiteDependency, subscriber_id: RowId, body: PauseInput) -> SubscriberDocument:
    """Send a subscriber no mail for a while."""
    email = _email(site, subscriber_id)
    with as_conflict():
        return subscriber_model(subscribers.pause(site.engine, email, body.until, site.clock()))


@writes(router, "POST", f"{SUBSCRIBER}/resume", Scope.WRITE_SUBSCRIBERS)
def resume_subscriber(site: SiteDependency, subscriber_id: RowId) -> SubscriberDocument:
    """End the pause of a subscriber."""
    email = _email(site, subscriber_id)
    with as_conflict():
        return subscriber_model(subscribers.resume(site.engine, email, site.clock()))


@writes(router, "POST", f"{SUBSCRIBER}/unsubscribe", Scope.WRITE_SUBSCRIBERS)
def unsubscribe_subscriber(site: SiteDependency, subscriber_id: RowId) -> SubscriberDocument:
    """End all mail to a subscriber, and cancel what waits. What they asked for is kept in case they come back."""
    email = _email(site, subscriber_id)
    return subscriber_model(subscribers.unsubscribe(site.engine, email, site.clock()))


@writes(router, "DELETE", SUBSCRIBER, Scope.WRITE_SUBSCRIBERS, status=HTTPStatus.NO_CONTENT)
def erase_subscriber(site: SiteDependency, subscriber_id: RowId) -> None:
    """Erase a subscriber with settings, subscriptions and messages. This cannot be undone."""
    subscribers.erase(site.engine, _email(site, subscriber_id), site.clock())


def _email(site: Site, subscriber_id: int) -> str:
    return find_subscriber(site, subscriber_id).email
