"""The form in which the API shows subscribers, and how it finds them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from notifier import models
from notifier.models import Cadence, SubscriberState
from notifier.store import reading, subscribers
from notifier.subscribers import calendars
from notifier.web.api.problems import not_found
from notifier.web.site import Site


class SubscriptionDocument(BaseModel):
    """A query or a topic that a subscriber asked for."""

    id: int
    query: str | None = Field(description="The query as it was typed; null for a topic.")
    topic: str | None = Field(description="The slug of a topic; null for a query.")
    name: str | None
    label: str = Field(description="The heading in digests.")


class SubscriberDocument(BaseModel):
    """Somebody who gets digests, or did."""

    id: int
    email: str
    state: SubscriberState = Field(description="PENDING until they confirm; only ACTIVE subscribers get digests.")
    cadence: Cadence
    hour: str
    timezone: str
    weekday: str
    subscriptions: list[SubscriptionDocument]
    confirmed_at: datetime | None
    next_due: datetime | None
    paused_until: datetime | None
    taste: bool = Field(description="Whether their feedback orders the papers of their digests.")


class SubscriberList(BaseModel):
    """A page of the list of subscribers."""

    subscribers: list[SubscriberDocument]
    next: str | None = Field(description="The URL of the next page, as in the header Link; null on the last page.")


class SubscriptionList(BaseModel):
    """The subscriptions of a subscriber, in the order of the sections of their digests."""

    subscriptions: list[SubscriptionDocument]


def find_subscriber(site: Site, subscriber_id: int) -> models.Subscriber:
    """Return the subscriber with this id. Raises ProblemError with 404 if there is none."""
    with reading(site.engine) as connection:
        found = subscribers.by_ids(connection, [subscriber_id]).get(subscriber_id)
    if found is None:
        raise not_found("There is no subscriber with this id.")
    return found


def subscriber_model(stored: models.Subscriber) -> SubscriberDocument:
    """Return a subscriber in the form of the API."""
    return SubscriberDocument(
        id=stored.id,
        email=stored.email,
        state=stored.state,
        cadence=stored.cadence,
        hour=stored.hour,
        timezone=stored.timezone,
        weekday=calendars.WEEKDAYS[stored.weekday],
        subscriptions=[subscription_model(each) for each in stored.subscriptions],
        confirmed_at=stored.confirmed_at,
        next_due=stored.next_due,
        paused_until=stored.paused_until if stored.state is SubscriberState.PAUSED else None,
        taste=stored.taste,
    )


def subscription_model(stored: models.Subscription) -> SubscriptionDocument:
    """Return a subscription in the form of the API."""
    query = None if stored.topic else stored.query
    return SubscriptionDocument(id=stored.id, query=query, topic=stored.topic, name=stored.name, label=stored.label)
