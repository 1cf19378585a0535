"""Put notices into the outbox. A notice is a short mail with a link, for which somebody waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from notifier.config import Config
from notifier.digests.details import encode_notice_details
from notifier.digests.items import NO_ITEMS
from notifier.errors import ConfigError
from notifier.models import DeliveryKind, NoticeDetails
from notifier.signing import LinkPurpose
from notifier.store import outbox, requests

KINDS = {
    LinkPurpose.CONFIRM: DeliveryKind.CONFIRMATION,
    LinkPurpose.SIGN_IN: DeliveryKind.SIGN_IN,
    LinkPurpose.ADDRESS_OLD: DeliveryKind.ADDRESS_CHANGE,
    LinkPurpose.ADDRESS_NEW: DeliveryKind.ADDRESS_CHANGE,
}
_SUBJECTS = {
    DeliveryKind.CONFIRMATION: "Please confirm: {brand}",
    DeliveryKind.SIGN_IN: "Sign in to {brand}",
    DeliveryKind.ADDRESS_CHANGE: "Please confirm the new address: {brand}",
}


def check_pages(config: Config) -> None:
    """Raise ConfigError if notices are impossible, because there are no pages that their links could lead to."""
    if not config.web.base_url:
        raise ConfigError("a mail with a link needs the address of the pages; set base_url in [web]")


def queue_notice(connection: Connection, config: Config, details: NoticeDetails, recipient: str, now: datetime) -> None:
    """Put the notice with the link of a request into the outbox, where it comes before all digests."""
    kind = KINDS[LinkPurpose(details.link)]
    row = {
        "subscriber_id": None,
        "kind": kind,
        "period": requests.period_of(details.request_id),
        "recipient": recipient,
        "message_id": outbox.new_message_id(config.mail.sender),
        "subject": _SUBJECTS[kind].format(brand=config.mail.brand),
        "items": NO_ITEMS,
        "details": encode_notice_details(details),
        "planned_at": now,
    }
    outbox.add(connection, [{**row, **outbox.AWAITED}])
    requests.set_mailed(connection, details.request_id, now)
