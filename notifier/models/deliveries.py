"""The values of deliveries: their kinds and states, the mails, and the state of the relay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class DeliveryKind(StrEnum):
    """The kind of message that a delivery carries."""

    DIGEST = "digest"
    CONFIRMATION = "confirmation"  # asks somebody to confirm a sign-up
    WELCOME = "welcome"  # the first mail after a confirmation, with the first papers
    SIGN_IN = "sign-in"  # a link that opens a session
    ADDRESS_CHANGE = "address-change"  # asks a subscriber to confirm a change of their address
    ALERT = "alert"  # tells an operator that something needs their attention
    EVENT = "event"  # tells an endpoint, by HTTP, what has happened


# The messages that hold papers. No later message to the same subscriber may hold the same papers again.
KINDS_WITH_PAPERS = (DeliveryKind.DIGEST, DeliveryKind.WELCOME)


class DeliveryState(StrEnum):
    """The state of a delivery.

    A sender claims a delivery for a limited time, its lease; each claim raises the delivery's epoch. A sender may store
    a result only under the epoch of its own claim, so that it cannot overwrite what a later sender did.
    """

    PENDING = "PENDING"  # ready to be sent
    LEASED = "LEASED"  # claimed by one sender, until its lease ends
    ACCEPTED = "ACCEPTED"  # the relay took the message: it answered 250 to the final dot
    DEFERRED = "DEFERRED"  # failed for now; it is tried again at `next_try`
    REJECTED = "REJECTED"  # the relay refused this recipient permanently
    FAILED = "FAILED"  # cannot be composed or sent; if a digest is too large, the next one takes in its items
    CANCELLED = "CANCELLED"  # the subscriber unsubscribed before it was sent
    UNCERTAIN = "UNCERTAIN"  # the connection was lost at or after the final dot, so the relay may have it
    EXPIRED = "EXPIRED"  # too old, or still waiting when the next digest was planned; that digest takes in its items
    SKIPPED = "SKIPPED"  # an empty digest: its period counts as used, and nothing is sent
    HELD = "HELD"  # kept back by the operator until they retry it


class Envelope(NamedTuple):
    """The sender and the recipient of a message in SMTP (RFC 5321).

    Both are in ASCII, except that the recipient may have letters beyond ASCII before the @ (RFC 6531).
    """

    sender: str
    recipient: str


class Mail(NamedTuple):
    """A message that is ready to be sent.

    `content` holds the bytes of its headers and body, with CRLF line ends. `is_wire_form` is True if SMTP can carry
    these bytes unchanged: they are ASCII and end with CRLF, no CR or LF stands alone, and no line begins with a dot.

    The message to an endpoint is an event: `content` is the JSON of the request's body, `message_id` identifies the
    event, and the envelope has no sender.
    """

    envelope: Envelope
    message_id: str
    content: bytes
    is_wire_form: bool = False


@dataclass(frozen=True, slots=True)
class RelayState:
    """The state of the relay, which all senders share through one row.

    The relay is paused if `paused_until` is set. After that instant one sender at a time may try the relay with one
    mail, the probe. That sender is `probe_owner`, until `probe_until` at the latest. The probe either ends the pause or
    begins a longer one. `pauses` counts consecutive pauses, `errors` consecutive mails that were deferred or left
    uncertain, and `busy` consecutive answers that the relay is busy (421). `recent` holds the last answers, one
    character each: `x` for an error, `.` for any other. `policy_refusals` holds the refusals since the relay
    last accepted a mail, if the reason was a policy or the address; each recipient counts once. A refusal is stored as
    a hash of the relay's answer, the domain, and a hash of the address.

    `sent` is the number of mails that the relay accepted, or may have accepted, on `day` (UTC). `next_turn` is the
    instant from which the next mail may be sent, if a rate limit is set.
    """

    paused_until: datetime | None = None
    reason: str = ""
    pauses: int = 0
    errors: int = 0
    busy: int = 0
    recent: str = ""
    policy_refusals: tuple[str, ...] = ()
    probe_owner: str | None = None
    probe_until: datetime | None = None
    day: date | None = None
    sent: int = 0
    next_turn: datetime | None = None
