"""Change a subscriber's address: the old and the new address both have to confirm it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import NoticeDetails, RequestKind, Subscriber
from notifier.signing import Grant, LinkPurpose
from notifier.store import admin_log, curation, erasing, requests, retried, subscribers, topics, writing
from notifier.store.requests import NewRequest, Request
from notifier.subscribers.notices import check_pages, queue_notice
from notifier.subscribers.own_subscriptions import require_subscriber
from notifier.subscribers.signing_in import end_access
from notifier.text.addresses import address_key, parse_new_address

LIFETIME = timedelta(days=7)
INTERVAL = timedelta(days=1)  # a request for the same new address sends no further mails within this time
BOTH = {LinkPurpose.ADDRESS_OLD, LinkPurpose.ADDRESS_NEW}


def request_address_change(engine: Engine, config: Config, subscriber_id: int, new_email: str, now: datetime) -> None:
    """Ask a subscriber's address and the new address to confirm that the subscriber changes to the new one.

    A later request replaces the one that waits. It makes no difference here whether the new address is another
    subscriber's; this is checked when both have confirmed. Raises UsageError if the text is no address or is the
    subscriber's address, or if the subscriber is gone, and ConfigError if there are no pages.
    """
    check_pages(config)
    _store(engine, config, subscriber_id, parse_new_address(new_email), now)


@retried
def _store(engine: Engine, config: Config, subscriber_id: int, new_email: str, now: datetime) -> None:
    with writing(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id)
        if new_email == subscriber.email:
            raise UsageError("this is your address already; give another one")
        waiting = requests.of_address(connection, RequestKind.ADDRESS_CHANGE, subscriber.email, now)
        if waiting and waiting.payload["new_email"] == new_email and now - (waiting.mailed_at or now) < INTERVAL:
            return
        if waiting:
            requests.remove(connection, waiting.id)  # the links in its mails must not confirm the new request
        payload = {"new_email": new_email, "confirmed": []}
        new = NewRequest(RequestKind.ADDRESS_CHANGE, subscriber.email, LIFETIME, payload, subscriber.id)
        request = requests.replace_request(connection, new, now)
        to_old = NoticeDetails(LinkPurpose.ADDRESS_OLD, request.id, new_email=new_email)
        queue_notice(connection, config, to_old, subscriber.email, now)
        queue_notice(connection, config, NoticeDetails(LinkPurpose.ADDRESS_NEW, request.id), new_email, now)


@retried
def confirm_address(engine: Engine, grant: Grant, now: datetime) -> Subscriber | None:
    """Confirm a change of address at one of the two addresses, and return the subscriber as stored.

    The address changes when both have confirmed. Then the sessions of the subscriber end, because somebody else may
    read the old mailbox. For the same reason, the links in mails to the old address open no session any more. Returns
    None if the link was used or has expired. Raises UsageError if the new address has become another subscriber's.
    """
    with writing(engine) as connection:
        request = requests.get(connection, grant.row_id, now, lock=True)
        if request is None or request.kind is not RequestKind.ADDRESS_CHANGE:
            return None
        confirmed = set(request.payload["confirmed"])
        if grant.purpose in confirmed or request.subscriber_id is None:
            return None
        confirmed.add(grant.purpose)
        subscriber = require_subscriber(connection, request.subscriber_id)
        if confirmed != BOTH:
            requests.set_payload(connection, request.id, {**request.payload, "confirmed": sorted(confirmed)})
            return subscriber
        return _change(connection, subscriber, request, now)


def _change(connection: Connection, subscriber: Subscriber, request: Request, now: datetime) -> Subscriber:
    new_email = request.payload["new_email"]
    other = subscribers.find(connection, new_email, lock=True)
    if other and other.id != subscriber.id:
        raise UsageError("the new address has its own subscription by now; sign in there, and delete that one first")
    requests.remove(connection, request.id)
    erasing.delete_fingerprints(connection, [new_email])
    changed = {"email": new_email, "address_key": address_key(new_email)}
    curation.rename_actor(connection, subscriber.email, new_email)
    admin_log.rename(connection, subscriber.email, new_email)
    topics.rename_editor(connection, subscriber.email, new_email)
    subscribers.update_subscriber(connection, subscriber.id, changed)
    end_access(connection, subscriber.id, now)
    return require_subscriber(connection, subscriber.id)
