"""Act on one message that came back: suppress or unsubscribe the subscriber whom its proof names, or count it.

A message without a valid proof does nothing, because anybody can write one. A proof is a return path of ours, a signed
id of ours, or a Message-ID of ours together with the subscriber's own address. Nothing is ever answered (RFC 3834).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row

from notifier import bounces
from notifier.bounces import Verdict
from notifier.config import Config, MailConfig, secret_key
from notifier.errors import shortened
from notifier.models import ReturnedKind, Subscriber, SubscriberState
from notifier.signing import LinkPurpose
from notifier.store import outbox, retried, returned, subscribers, suppressions, writing
from notifier.store.suppressions import NewSuppression
from notifier.subscribers import deactivate, end_subscription
from notifier.text.addresses import address_key

_BOUNCES = (ReturnedKind.HARD, ReturnedKind.SOFT, ReturnedKind.DELAYED)
_SUPPRESSIBLE = (SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.PAUSED)


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """What became of a message: its kind, the address of the subscriber whom its proof names, and what was done.

    `is_copy` says that the message was read before, so that nothing was done now; `kind` is then what the first
    reading gave. `needs_hand` of a copy is that of the first reading too: the copy may be the same file, which another
    process has read, and it must not be marked as seen before a person has looked at it.
    """

    kind: ReturnedKind
    email: str = ""
    done: str = ""
    is_copy: bool = False

    @property
    def needs_hand(self) -> bool:
        """Whether a person should look at the message, because notifier could do nothing with it."""
        return self.kind in (ReturnedKind.UNCLEAR, ReturnedKind.OTHER, ReturnedKind.BROKEN)


@dataclass(frozen=True, slots=True)
class _Proved:
    """The subscriber and the delivery that the proof of a message names; None if they are not stored any more."""

    subscriber: Subscriber | None = None
    delivery: Row[Any] | None = None
    subscription_id: int | None = None


def receive(
    engine: Engine, config: Config, content: bytes, now: datetime, recipients: Sequence[str] = ()
) -> ReturnedMail:
    """Read a message that came back and act on it; a copy of a message that was read before changes nothing.

    `recipients` are the addresses that it was delivered to, if the mail server has told them. Raises ConfigError if
    there is no secret key, and StoreError if the database cannot be used; then the message has to be read again.
    """
    verdict = bounces.read(content, secret_key(config), recipients, config.mail.address)
    return _act(engine, config.mail, verdict, bounces.fingerprint(content), now)


@retried
def _act(engine: Engine, settings: MailConfig, verdict: Verdict, fingerprint: str, now: datetime) -> ReturnedMail:
    with writing(engine) as connection:
        row_id = returned.add(connection, fingerprint, verdict.kind, now)
        if row_id is None:
            before = returned.kind_of(connection, fingerprint) or verdict.kind
            return ReturnedMail(before, done="it was read before", is_copy=True)
        if verdict.kind in _BOUNCES:
            done = _on_bounce(connection, settings, row_id, verdict, now)
        elif verdict.kind is ReturnedKind.COMPLAINT:
            done = _on_complaint(connection, verdict, now)
        elif verdict.kind is ReturnedKind.UNSUBSCRIBE:
            done = _on_request(connection, row_id, verdict, now)
        elif verdict.kind is ReturnedKind.UNCLEAR:
            done = _on_unclear(connection, row_id, verdict)
        else:
            done = ReturnedMail(verdict.kind, done=verdict.reason)
        values: dict[str, Any] = {"kind": done.kind}
        if done.email and (found := subscribers.find(connection, done.email)):
            values["subscriber_id"] = found.id
        returned.change(connection, row_id, values)
        return done


def _on_bounce(
    connection: Connection, settings: MailConfig, row_id: int, verdict: Verdict, now: datetime
) -> ReturnedMail:
    if verdict.proofs.is_empty:
        return ReturnedMail(ReturnedKind.FORGED, done="it names no mail of ours")
    proved = _proved(connection, verdict)
    subscriber = proved.subscriber
    delivery = proved.delivery or _named_delivery(connection, subscriber, verdict)
    day = (now if delivery is None else delivery.planned_at).date()
    if delivery is not None:
        returned.change(connection, row_id, {"delivery_id": delivery.id, "day": day, "text": verdict.reason})
    if subscriber is None:
        kind = verdict.kind if delivery is not None else ReturnedKind.UNKNOWN
        return ReturnedMail(kind, done="it is about no subscriber")
    returned.change(connection, row_id, {"subscriber_id": subscriber.id, "day": day, "text": verdict.reason})
    noted = ReturnedMail(verdict.kind, subscriber.email, f"noted: {verdict.reason}")
    last = returned.last_suppression(connection, subscriber.id)
    if subscriber.state not in _SUPPRESSIBLE or _is_outdated(subscriber, delivery, last):
        return noted
    reason = _suppression_reason(connection, settings, subscriber, verdict, now)
    if not reason:
        return noted
    delivery_id = delivery.id if delivery is not None else None
    suppressions.suppress(connection, [NewSuppression(subscriber.id, shortened(reason), delivery_id)], now)
    outbox.cancel_for(connection, subscriber.id, now)
    return ReturnedMail(verdict.kind, subscriber.email, f"SUPPRESSED: {reason}")


def _suppression_reason(
    connection: Connection, settings: MailConfig, subscriber: Subscriber, verdict: Verdict, now: datetime
) -> str:
    """Return why a returned mail suppresses its subscriber; empty if it does not."""
    if verdict.kind is ReturnedKind.HARD:
        return f"returned: {verdict.reason}"
    if verdict.kind is ReturnedKind.SOFT:
        since = (now - timedelta(days=settings.soft_days)).date()
        last = returned.last_suppression(connection, subscriber.id)
        days = returned.count_soft_days(connection, subscriber.id, since, last)
        if days >= settings.soft_bounces:
            return f"returned on {days} days: {verdict.reason}"
    return ""


def _is_outdated(subscriber: Subscriber, delivery: Row[Any] | None, last: datetime | None) -> bool:
    """Return whether a mail went to a former address, or was planned before the subscriber confirmed or was suppressed.

    After a subscriber was reinstated or has signed up again, an old notification must not suppress them again.
    """
    if delivery is None:
        return False
    since = max((at for at in (last, subscriber.confirmed_at) if at is not None), default=delivery.planned_at)
    return address_key(delivery.recipient) != address_key(subscriber.email) or delivery.planned_at < since


def _on_complaint(connection: Connection, verdict: Verdict, now: datetime) -> ReturnedMail:
    if verdict.proofs.is_empty:
        return ReturnedMail(ReturnedKind.FORGED, done="it names no mail of ours")
    subscriber = _proved(connection, verdict).subscriber
    if subscriber is None:
        return ReturnedMail(ReturnedKind.UNKNOWN, done="it is about no subscriber")
    return _unsubscribed(connection, subscriber, verdict.kind, now)


def _on_request(connection: Connection, row_id: int, verdict: Verdict, now: datetime) -> ReturnedMail:
    proved = _proved(connection, verdict) if not verdict.proofs.is_empty else _proved_by_reply(connection, verdict)
    subscriber = proved.subscriber
    if subscriber is None:
        if not verdict.proofs.is_empty:
            return ReturnedMail(ReturnedKind.UNKNOWN, done="it is about no subscriber")
        if verdict.proofs.is_forged and not _is_subscriber(connection, verdict.sender):
            return ReturnedMail(ReturnedKind.FORGED, done="its link is not ours")
        return _unclear(connection, row_id, verdict, "asks to unsubscribe, but does not prove which subscriber")
    if proved.subscription_id is not None:
        ended = next(each for each in subscriber.subscriptions if each.id == proved.subscription_id)
        end_subscription(connection, subscriber, ended, now)
        return ReturnedMail(ReturnedKind.UNSUBSCRIBE, subscriber.email, f"the subscription {ended.label} has ended")
    return _unsubscribed(connection, subscriber, verdict.kind, now)


def _on_unclear(connection: Connection, row_id: int, verdict: Verdict) -> ReturnedMail:
    answers_us = bool(returned.deliveries_by_message_id(connection, verdict.answers))
    if not (answers_us or verdict.names_unsubscribing):
        return ReturnedMail(ReturnedKind.OTHER)
    return _unclear(connection, row_id, verdict, "is not understood")


def _unclear(connection: Connection, row_id: int, verdict: Verdict, why: str) -> ReturnedMail:
    sender = address_key(shortened(verdict.sender))
    returned.show_to_operator(
        connection, row_id, sender, verdict.subject, f"{why}: {verdict.text}" if verdict.text else why
    )
    return ReturnedMail(ReturnedKind.UNCLEAR, done=f"{sender} {why}; `notifier replies` shows it")


def _unsubscribed(connection: Connection, subscriber: Subscriber, kind: ReturnedKind, now: datetime) -> ReturnedMail:
    deactivate(connection, subscriber, SubscriberState.UNSUBSCRIBED, now)
    return ReturnedMail(kind, subscriber.email, "UNSUBSCRIBED")


def _proved(connection: Connection, verdict: Verdict) -> _Proved:
    """Return what the proofs are about: the first return path, or else the first signed id."""
    for delivery_id in verdict.proofs.deliveries[:1]:
        delivery = returned.delivery_by_id(connection, delivery_id)
        if delivery is None or delivery.subscriber_id is None:
            return _Proved(delivery=delivery)
        return _Proved(_by_id(connection, delivery.subscriber_id), delivery)
    for grant in verdict.proofs.grants:
        match grant.purpose:
            case LinkPurpose.UNSUBSCRIBE_ALL | LinkPurpose.MANAGE:
                return _Proved(_by_id(connection, grant.row_id))
            case LinkPurpose.UNSUBSCRIBE_ONE:
                owner = subscribers.of_subscription(connection, grant.row_id, lock=True)
                return _Proved(owner, subscription_id=grant.row_id if owner else None)
    return _Proved()


def _named_delivery(connection: Connection, subscriber: Subscriber | None, verdict: Verdict) -> Row[Any] | None:
    """Return the delivery to this subscriber that has a Message-ID of the returned mail; None if there is none."""
    if subscriber is None:
        return None
    found = returned.deliveries_by_message_id(connection, verdict.answers)
    return next((each for each in found if each.subscriber_id == subscriber.id), None)


def _proved_by_reply(connection: Connection, verdict: Verdict) -> _Proved:
    """Return the subscriber if the message answers a mail to them, and comes from their own address."""
    for delivery in returned.deliveries_by_message_id(connection, verdict.answers):
        if delivery.subscriber_id is None:
            continue
        subscriber = _by_id(connection, delivery.subscriber_id)
        if subscriber and address_key(subscriber.email) == address_key(verdict.sender):
            return _Proved(subscriber, delivery)
    return _Proved()


def _by_id(connection: Connection, subscriber_id: int) -> Subscriber | None:
    return subscribers.by_ids(connection, [subscriber_id], lock=True).get(subscriber_id)


def _is_subscriber(connection: Connection, email: str) -> bool:
    found = subscribers.find(connection, email)
    return found is not None and found.state is not SubscriberState.UNSUBSCRIBED
