"""Declare the interface of all transports, and the settings of the SMTP transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState, Mail

# Functions that the caller of a transport provides; see `Transport.send`.
StillWanted = Callable[[], Awaitable[bool]]
NextMail = Callable[[], "tuple[Mail, StillWanted] | None"]


async def always_wanted() -> bool:
    """Return true: the mail cannot be withdrawn."""
    return True


def no_next_mail() -> None:
    """Return None: no next mail is known."""


class Transport(Protocol):
    """Sends one mail at a time; open it with `async with`.

    A failure to send is an outcome, never an exception.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(
        self, mail: Mail, still_wanted: StillWanted = always_wanted, next_mail: NextMail = no_next_mail
    ) -> Outcome:
        """Send `mail` and return its outcome.

        `still_wanted` is called at the last moment, after all waiting and just before anything is written for this
        recipient. If it returns false, nothing is written and the outcome is CANCELLED.

        `next_mail` is called at most once. It returns the mail that the caller expects to send next over this
        transport, or None. The transport may then write the envelope of that mail directly after this message. The
        caller may still send another mail next, or none. In that case the envelope is discarded, and its mail is not
        sent.
        """
        ...


CANCELLED = Outcome(DeliveryState.CANCELLED, "withdrawn before it was sent", RelayCondition.UNTRIED)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The times that the relay may take, in seconds.

    The defaults, except `goodbye`, are the minimum that RFC 5321, section 4.5.3.2, asks of a client.
    """

    greeting: float = 300  # also for the connection, TLS, EHLO and AUTH
    command: float = 300  # MAIL, RCPT
    data: float = 120  # until the answer to DATA
    block: float = 180  # until a block of the message has been sent
    dot: float = 600  # until the answer to the final dot of a message
    goodbye: float = 5  # QUIT: short, because every mail has its outcome by then


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """The address of the relay, and how to connect to it.

    `tls` is never downgraded: a relay that does not offer it gets no mail and no password. `ca_file` holds the
    certificates to trust instead of the system's. Without `username` there is no login. `hello` is the name for EHLO,
    or empty if the transport has to find one.
    """

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    hello: str = ""
    timeouts: Timeouts = Timeouts()
