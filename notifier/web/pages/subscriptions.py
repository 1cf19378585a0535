"""The subscriptions of the subscriber who is signed in: add, change, remove and order them."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

from notifier import subscribers
from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState, Subscription
from notifier.web.choices import can_get_fewer_mails, interest_choices
from notifier.web.fields import Errors, Interests, parsed_query, read_interests, sentence
from notifier.web.forms import SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES, scripted
from notifier.web.pages.signing_in import to_settings
from notifier.web.previews import preview_of
from notifier.web.sessions import SignedIn
from notifier.web.site import Site, SiteDependency, page, signed_in

PREVIEW = "preview"  # the value of the button that asks for a preview
SUBSCRIPTION_PATH = "/manage/subscriptions/{subscription_id}"

router = APIRouter()


@router.api_route("/manage/subscriptions", methods=["GET", "HEAD"])
def show_new_subscription(site: SiteDependency, subscriber: SignedIn, form: UrlForm) -> HTMLResponse:
    """Show the form that adds subscriptions."""
    return _form_to_add(site, subscriber, read_interests(form, site.catalogue, site.engine), {})


@router.post("/manage/subscriptions", dependencies=FROM_OWN_PAGES)
def add_subscriptions(site: SiteDependency, subscriber: SignedIn, form: SubmittedForm) -> Response:
    """Add the topics and the query of a form, or show its preview."""
    interests = read_interests(form, site.catalogue, site.engine)
    errors = dict(interests.errors)
    if form.one("do") == PREVIEW:
        return _form_to_add(site, subscriber, interests, errors)
    if not (interests.topics or interests.words):
        errors["words"] = "Choose a topic, or write what to search for."
    if errors:
        return _form_to_add(site, subscriber, interests, errors)
    name = interests.name or None
    one = len(interests.topics) + bool(interests.query) == 1
    try:
        for topic in interests.topics:
            subscribers.add_subscription(
                site.engine, site.config, subscriber.id, topic=topic, name=name if one else None
            )
        if interests.query:
            subscribers.add_subscription(site.engine, site.config, subscriber.id, query=interests.query, name=name)
    except UsageError as error:
        return _form_to_add(site, subscriber, interests, {"words": sentence(error)})
    return to_settings(site, "added", "subscriptions")


@router.api_route(SUBSCRIPTION_PATH, methods=["GET", "HEAD"])
def show_subscription(site: SiteDependency, subscriber: SignedIn, subscription_id: str) -> HTMLResponse:
    """Show the form that changes one subscription."""
    found = _subscription(subscriber, subscription_id)
    return _form_to_change(site, subscriber, found, _interests_of(found), {})


@router.post(SUBSCRIPTION_PATH, dependencies=FROM_OWN_PAGES)
def change_subscription(
    site: SiteDependency, subscriber: SignedIn, subscription_id: str, form: SubmittedForm
) -> Response:
    """Change the query and the name of a subscription, or show its preview."""
    found = _subscription(subscriber, subscription_id)
    interests = read_interests(form, site.catalogue, site.engine)
    if found.topic:
        interests = Interests(topics=(found.topic,), name=interests.name, errors=interests.errors)
    errors = dict(interests.errors)
    if not found.topic and not interests.words:
        errors["words"] = "Write what to search for. To end this subscription, use the button “Remove”."
    if errors or form.one("do") == PREVIEW:
        return _form_to_change(site, subscriber, found, interests, errors)
    query = None if found.topic or interests.query == found.query else interests.query
    try:
        subscribers.change_subscription(
            site.engine, site.config, subscriber.id, found.id, query=query, name=interests.name
        )
    except UsageError as error:
        return _form_to_change(site, subscriber, found, interests, {"words": sentence(error)})
    return to_settings(site, "changed", "subscriptions")


@router.post(f"{SUBSCRIPTION_PATH}/remove", dependencies=FROM_OWN_PAGES)
def remove_subscription(site: SiteDependency, subscriber: SignedIn, subscription_id: str) -> Response:
    """Remove one subscription. If it was the subscriber's last one, the subscriber is unsubscribed."""
    found = _subscription(subscriber, subscription_id)
    after = subscribers.remove_subscription(site.engine, subscriber.id, found.id, site.clock())
    is_out = after.state is SubscriberState.UNSUBSCRIBED
    return to_settings(site, "unsubscribed" if is_out else "removed", "" if is_out else "subscriptions")


@router.post(f"{SUBSCRIPTION_PATH}/move", dependencies=FROM_OWN_PAGES)
def move_subscription(
    site: SiteDependency, subscriber: SignedIn, subscription_id: str, form: SubmittedForm
) -> Response:
    """Move one subscription up or down by one place; digests show their sections in this order."""
    found = _subscription(subscriber, subscription_id)
    ids = [each.id for each in subscriber.subscriptions]
    place = ids.index(found.id)
    other = place + (-1 if form.one("to") == "up" else 1)
    if 0 <= other < len(ids):
        ids[place], ids[other] = ids[other], ids[place]
        subscribers.order_subscriptions(site.engine, subscriber.id, ids)
    return to_settings(site, "ordered", "subscriptions")


def _form_to_add(site: Site, subscriber: Subscriber, interests: Interests, errors: Errors) -> HTMLResponse:
    values = {"errors": errors, "preview": preview_of(site, interests), **interest_choices(site, interests)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return scripted(page(site, "add", status, **signed_in(site, subscriber), **values))


def _form_to_change(
    site: Site, subscriber: Subscriber, found: Subscription, interests: Interests, errors: Errors
) -> HTMLResponse:
    values = {
        "subscription": found,
        "is_only_one": len(subscriber.subscriptions) == 1,
        "can_get_fewer_mails": can_get_fewer_mails(subscriber),
        "errors": errors,
        "interests": interests,
        "preview": preview_of(site, interests),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return scripted(page(site, "change", status, **signed_in(site, subscriber), **values))


def _interests_of(found: Subscription) -> Interests:
    """Return a subscription as a form shows it."""
    if found.topic:
        return Interests(topics=(found.topic,), name=found.name or "")
    query = found.query or ""
    return Interests(words=query, name=found.name or "", query=query, parsed=parsed_query(found))


def _subscription(subscriber: Subscriber, subscription_id: str) -> Subscription:
    """Return one of the subscriber's own subscriptions; any other is not found."""
    found = next((each for each in subscriber.subscriptions if str(each.id) == subscription_id), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found
