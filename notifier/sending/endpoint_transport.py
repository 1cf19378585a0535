"""Send messages to an endpoint, one request at a time, each in a thread."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from notifier.config import Config
from notifier.delivery import Outcome, RelayCondition, StillWanted
from notifier.delivery.transport import CANCELLED, NextMail, always_wanted, no_next_mail
from notifier.errors import NotifierError
from notifier.models import Clock, DeliveryState, Endpoint, Mail


class EndpointTransport(ABC):
    """Sends messages to one endpoint, one at a time; see Transport."""

    def __init__(self, endpoint: Endpoint, config: Config, clock: Clock) -> None:
        self._endpoint = endpoint
        self._config = config
        self._clock = clock
        self._opened = ExitStack()  # what is kept from one message to the next

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    async def send(
        self,
        mail: Mail,
        still_wanted: StillWanted = always_wanted,
        next_mail: NextMail = no_next_mail,  # noqa: ARG002 - a request holds one message
    ) -> Outcome:
        """Send a message and return its outcome. Without an answer, it is sent again."""
        if not await still_wanted():
            return CANCELLED
        try:
            return await asyncio.to_thread(self.post, mail)
        except NotifierError as error:
            return Outcome(DeliveryState.DEFERRED, str(error), RelayCondition.DOWN)

    @abstractmethod
    def post(self, mail: Mail) -> Outcome:
        """Send a message in this thread. Raises NotifierError if there is no answer."""
