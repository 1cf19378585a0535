"""The values of digests and notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from notifier.models.deliveries import DeliveryKind
from notifier.models.papers import MarkedWords, Spans


class PinNote(NamedTuple):
    """The note of a curator about a paper that they have pinned, and the name that has signed it."""

    note: str
    name: str


class Item(NamedTuple):
    """A paper in a digest, with everything about it that is fixed when the digest is planned.

    `words` are the words to mark. `also` holds the labels of the subscriber's other subscriptions that the paper
    matched. In digests that were planned before words were stored, `marks` are the places to mark. `votes` is the
    number of votes for the paper, and `pin` the note of a paper that was pinned. `because` is the shortened title of a
    paper that the subscriber liked, if their taste chose this paper or moved it up.
    """

    paper_id: int
    upvotes: int | None = None
    marks: Spans = Spans()
    also: tuple[str, ...] = ()
    words: MarkedWords = MarkedWords()
    votes: int = 0
    pin: PinNote | None = None
    because: str = ""

    @property
    def bare(self) -> Item:
        """The item with nothing that depends on the subscriptions that matched the paper."""
        return Item(self.paper_id, self.upvotes, votes=self.votes, pin=self.pin)


@dataclass(frozen=True, slots=True)
class Section:
    """The papers of one subscription in a digest, best first.

    `subscription_id` is None in a digest that was planned before the ids of subscriptions were stored. `note` is a
    sentence about the section, or empty.
    """

    label: str
    items: tuple[Item, ...]
    subscription_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """A message to one subscriber for one period, with everything that must be the same when it is sent again.

    `rest` holds the papers beyond the digest's limit, which are listed by title only; they count as sent.
    `planned_at` becomes the Date header. `subscriber_id` is None if the subscriber has been erased, and `delivery_id`
    is None if the digest has no row in the outbox, as in a test. `opening` replaces the line that names the
    period of the papers. A welcome mail also has `labels`, which name all subscriptions. `waiting` is the number
    of papers that have no room in this digest, and wait for the next one.
    """

    recipient: str
    period: str
    planned_at: datetime
    message_id: str
    subject: str
    sections: tuple[Section, ...]
    rest: tuple[Item, ...] = ()
    subscriber_id: int | None = None
    opening: str = ""
    labels: tuple[str, ...] = ()
    delivery_id: int | None = None
    waiting: int = 0

    @property
    def paper_ids(self) -> set[int]:
        """The ids of all papers in the digest."""
        return {item.paper_id for section in self.sections for item in section.items}.union(
            item.paper_id for item in self.rest
        )


@dataclass(frozen=True, slots=True)
class NoticeDetails:
    """The content of a notice, and the purpose of its link.

    `link` is the purpose of its signed id, as a letter, and `request_id` the row that the id applies to. `asked` names
    what a sign-up asks for, and `is_addition` says that the recipient gets digests already. `new_email` is the address
    that a subscriber wants to change to; only the mail to the old address names it.
    """

    link: str
    request_id: int
    asked: tuple[str, ...] = ()
    is_addition: bool = False
    new_email: str = ""


@dataclass(frozen=True, slots=True)
class AlertDetails:
    """The content of an alert: what it is about, what has happened to it, and the cure if one is known.

    `what` is one sentence without a full stop. `is_well` says that the trouble is over, and `flaps` that it began again
    within 20 hours of its end.
    """

    about: str
    what: str
    cure: str = ""
    is_well: bool = False
    flaps: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """A short message to an operator: something needs their attention, or does not any more."""

    recipient: str
    message_id: str
    subject: str
    planned_at: datetime
    details: AlertDetails


@dataclass(frozen=True, slots=True)
class Notice:
    """A short message with one link: to confirm a sign-up or a new address, or to sign in."""

    kind: DeliveryKind
    recipient: str
    message_id: str
    subject: str
    planned_at: datetime
    details: NoticeDetails
