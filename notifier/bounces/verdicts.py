"""Hold the verdict on a returned message: its kind, and the proofs that show which mail it is about."""

from __future__ import annotations

from dataclasses import dataclass

from notifier.models import ReturnedKind
from notifier.signing import Grant


@dataclass(frozen=True, slots=True)
class Proofs:
    """The proofs that show which mail, and so which subscriber, a message is about.

    `deliveries` are the ids of the deliveries whose valid return paths the message names. `grants` are the grants of
    the valid signed ids in it.
    `is_forged` says that it also names a return path or an id that this service has not made.
    """

    deliveries: tuple[int, ...] = ()
    grants: tuple[Grant, ...] = ()
    is_forged: bool = False

    def __add__(self, other: Proofs) -> Proofs:
        """Return the proofs of both."""
        return Proofs(
            tuple(dict.fromkeys(self.deliveries + other.deliveries)),
            tuple(dict.fromkeys(self.grants + other.grants)),
            self.is_forged or other.is_forged,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is proved."""
        return not (self.deliveries or self.grants)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message says, with the proofs of the mail that it is about.

    `reason` is the answer of a mail server, or the type of a complaint. `sender` is the address that the message says
    it comes from, and `answers` are the Message-IDs of the mails that it says it answers or returns; anybody can write
    these.
    `names_unsubscribing` says that its subject or its own text has a word for unsubscribing. `text` is the beginning
    of its own text, without quotations.
    """

    kind: ReturnedKind
    reason: str = ""
    proofs: Proofs = Proofs()
    sender: str = ""
    answers: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    names_unsubscribing: bool = False
