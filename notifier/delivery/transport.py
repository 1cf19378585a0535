"""What every way out offers, and what the relay's needs to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState, Mail

StillWanted = Callable[[], Awaitable[bool]]
Following = Callable[[], "tuple[Mail, StillWanted] | None"]


async def always() -> bool:
    """A mail that nobody can call back."""
    return True


def nobody() -> None:
    """No mail follows, as far as is known."""


class Transport(Protocol):
    """Takes one mail at a time. Open it with `async with`; trouble is an outcome, never an exception."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, mail: Mail, still_wanted: StillWanted = always, following: Following = nobody) -> Outcome:
        """Hand `mail` over.

        `still_wanted` is asked at the last moment, once all waiting is over and just before anything is written for
        this recipient; where it says no, nothing is written and the outcome is CANCELLED.

        `following` may be asked once, for the mail that the caller will send next over this transport: its envelope
        then goes out with the end of this one. It belongs to the caller again when this call ends; where another one is
        sent then, what was written of it comes to nothing.
        """
        ...


CANCELLED = Outcome(DeliveryState.CANCELLED, "no longer wanted when its turn came", RelayCondition.UNTRIED)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the relay may take, in seconds: the least that RFC 5321, section 4.5.3.2, asks of a client."""

    greeting: float = 300  # also for the connection, TLS, EHLO and AUTH
    command: float = 300  # MAIL, RCPT
    data: float = 120
    block: float = 180  # until a block of the message has left
    dot: float = 600
    goodbye: float = 5  # QUIT: all is settled by then, and nobody waits long for it


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where the relay is and how to speak to it.

    `tls` is kept to: a relay that does not offer what is asked gets no mail and no password. `ca_file` holds the
    certificates to trust in place of the system's. Without `username` there is no login.
    """

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeouts: Timeouts = Timeouts()
