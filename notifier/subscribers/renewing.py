"""Find the mail that had a link which was used or has expired, and send a new link to the same address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.digests.details import decode_notice_details
from notifier.models import RequestKind, SubscriberState
from notifier.signing import Grant, LinkPurpose
from notifier.store import reading, requests, subscribers
from notifier.subscribers.notices import KINDS
from notifier.subscribers.requesting import is_getting_mail, request_sign_in, request_sign_up, stored_sign_up
from notifier.subscribers.subscribing import SignUp
from notifier.text.addresses import address_number


@dataclass(frozen=True, slots=True)
class EndedLink:
    """The address to which a link that no longer works was mailed, and the content of a new mail.

    If the sign-up was never confirmed, `sign_up` holds it, and a new mail asks to confirm it. Otherwise `sign_up` is
    None, and a new link leads to the settings. `is_getting_mail` is whether digests go to the address.
    """

    recipient: str
    is_getting_mail: bool = False
    sign_up: SignUp | None = None


def ended_link(engine: Engine, grant: Grant) -> EndedLink | None:
    """Return where a link was mailed to; None if that is not known any more, or if a new mail would lead nowhere."""
    with reading(engine) as connection:
        recipient = _recipient(connection, grant)
        known = subscribers.find(connection, recipient) if recipient else None
        if recipient is None:
            return None
        if known and known.state is not SubscriberState.PENDING:
            return EndedLink(recipient, is_getting_mail(known))
        waiting = requests.find_even_expired(connection, grant.row_id) if grant.purpose is LinkPurpose.CONFIRM else None
        if waiting is None or waiting.kind is not RequestKind.SIGN_UP:
            return None
        return EndedLink(recipient, sign_up=stored_sign_up(waiting.payload))


def request_new_link(engine: Engine, config: Config, ended: EndedLink, now: datetime) -> None:
    """Queue a mail with a new link, as `request_sign_up` or `request_sign_in` does."""
    if ended.sign_up:
        request_sign_up(engine, config, ended.sign_up, now)
    else:
        request_sign_in(engine, config, ended.recipient, now)


def _recipient(connection: Connection, grant: Grant) -> str | None:
    if grant.purpose is not LinkPurpose.MANAGE:
        return _recipient_of_notice(connection, grant)
    found = subscribers.by_ids(connection, [grant.row_id]).get(grant.row_id)
    # Whoever reads the mail of an old address must not learn the new one.
    return found.email if found and address_number(found.email) == grant.address else None


def _recipient_of_notice(connection: Connection, grant: Grant) -> str | None:
    """Return the recipient of the newest notice with this link.

    A change of address has two notices, to the old and the new address, and each has a link of its own.
    """
    for recipient, details in reversed(requests.notices_of(connection, KINDS[grant.purpose], grant.row_id)):
        if decode_notice_details(details).link == grant.purpose:
            return recipient
    return None
