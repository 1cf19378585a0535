"""The operations on the subscriptions of a subscriber: list, add, change and remove them."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Response
from pydantic import model_validator

from notifier import models, subscribers
from notifier.models import Scope
from notifier.web.api.inputs import Input, Name, Omittable, RowId, TopicSlug, as_conflict
from notifier.web.api.lists import url_of
from notifier.web.api.papers import QueryText
from notifier.web.api.problems import not_found
from notifier.web.api.routes import api_router, reads, writes
from notifier.web.api.subscriber_models import (
    SubscriberDocument,
    SubscriptionDocument,
    SubscriptionList,
    find_subscriber,
    subscriber_model,
    subscription_model,
)
from notifier.web.site import Site, SiteDependency

ALL = "/subscribers/{subscriber_id}/subscriptions"
ONE = f"{ALL}/{{subscription_id}}"

router = api_router("subscriptions")


class SubscriptionInput(Input):
    """A query or a topic: exactly one of them."""

    query: Omittable[QueryText] = None
    topic: Omittable[TopicSlug] = None
    name: Omittable[Name] = None

    @model_validator(mode="after")
    def _check_one(self) -> SubscriptionInput:
        if (self.query is None) == (self.topic is None):
            raise ValueError("give either a query or a topic")
        return self


class SubscriptionChange(Input):
    """What is left out stays as it is. A topic has no query that could be changed."""

    query: Omittable[QueryText] = None
    name: Omittable[Name] = None


@reads(router, ALL, Scope.READ_SUBSCRIBERS)
def list_subscriptions(site: SiteDependency, subscriber_id: RowId) -> SubscriptionList:
    """List the subscriptions of a subscriber."""
    found = find_subscriber(site, subscriber_id).subscriptions
    return SubscriptionList(subscriptions=[subscription_model(each) for each in found])


@writes(router, "POST", ALL, Scope.WRITE_SUBSCRIBERS, status=HTTPStatus.CREATED)
def add_subscription(
    site: SiteDependency, response: Response, subscriber_id: RowId, body: SubscriptionInput
) -> SubscriptionDocument:
    """Add a query or a topic to what a subscriber asked for."""
    find_subscriber(site, subscriber_id)
    changed = subscribers.add_subscription(site.engine, site.config, subscriber_id, **body.model_dump())
    added = max(changed.subscriptions, key=lambda each: each.id)  # ids ascend, and are never used again
    response.headers["Location"] = url_of(site, f"/subscribers/{subscriber_id}/subscriptions/{added.id}")
    return subscription_model(added)


@reads(router, ONE, Scope.READ_SUBSCRIBERS)
def get_subscription(site: SiteDependency, subscriber_id: RowId, subscription_id: RowId) -> SubscriptionDocument:
    """Show one subscription."""
    return subscription_model(_own(find_subscriber(site, subscriber_id), subscription_id))


@writes(router, "PATCH", ONE, Scope.WRITE_SUBSCRIBERS)
def change_subscription(
    site: SiteDependency, subscriber_id: RowId, subscription_id: RowId, body: SubscriptionChange
) -> SubscriptionDocument:
    """Change the query or the name of a subscription."""
    _check_own(site, subscriber_id, subscription_id)
    changed = subscribers.change_subscription(
        site.engine, site.config, subscriber_id, subscription_id, **body.model_dump()
    )
    return subscription_model(_own(changed, subscription_id))


@writes(router, "DELETE", ONE, Scope.WRITE_SUBSCRIBERS)
def remove_subscription(site: SiteDependency, subscriber_id: RowId, subscription_id: RowId) -> SubscriberDocument:
    """Remove a subscription. The last one is kept, and the subscriber is unsubscribed instead."""
    _check_own(site, subscriber_id, subscription_id)
    with as_conflict():
        changed = subscribers.remove_subscription(site.engine, subscriber_id, subscription_id, site.clock())
    return subscriber_model(changed)


def _check_own(site: Site, subscriber_id: int, subscription_id: int) -> None:
    _own(find_subscriber(site, subscriber_id), subscription_id)


def _own(subscriber: models.Subscriber, subscription_id: int) -> models.Subscription:
    """Return a subscription of this subscriber. Raises ProblemError with 404 if they do not have it."""
    for each in subscriber.subscriptions:
        if each.id == subscription_id:
            return each
    raise not_found("This subscriber has no subscription with this id.")
