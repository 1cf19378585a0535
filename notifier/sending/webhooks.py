"""Send events to endpoints, and decide what the answers mean."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from notifier.config import Config
from notifier.delivery import Outcome, RelayCondition, StillWanted
from notifier.delivery.breaker import LONGEST_PAUSE
from notifier.delivery.transport import CANCELLED, NextMail, always_wanted, no_next_mail
from notifier.errors import NotifierError
from notifier.fetching import Client, EventMessage, PostAnswer, endpoint_key, post_event, webhook_client
from notifier.models import Clock, DeliveryState, Endpoint, Mail

# A pause of which more than LONGEST_PAUSE is left counts as over, as if the clock had been set back (see
# `remaining_pause`). So a wait that an endpoint requests is limited to a minute less.
LONGEST_REQUESTED_WAIT = LONGEST_PAUSE - timedelta(minutes=1)

_FIRST_REFUSAL, _GONE = 400, 410


class WebhookTransport:
    """Sends events to one endpoint, one request at a time; see Transport."""

    def __init__(self, endpoint: Endpoint, config: Config, clock: Clock) -> None:
        self._endpoint = endpoint
        self._config = config
        self._clock = clock
        self._opened = ExitStack()
        self._client: Client | None = None

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
        next_mail: NextMail = no_next_mail,  # noqa: ARG002 - a request holds one event
    ) -> Outcome:
        """Send an event and return its outcome."""
        if not await still_wanted():
            return CANCELLED
        return await asyncio.to_thread(self._post, mail)

    def _post(self, mail: Mail) -> Outcome:
        """Send an event in this thread. Without an answer, it is sent again: receivers know it by its id."""
        try:
            key = endpoint_key(self._endpoint, self._config)
            if self._client is None:
                self._client = self._opened.enter_context(webhook_client(self._config, self._clock))
            now = self._clock()
            answer = post_event(self._client, self._endpoint, key, EventMessage(mail.message_id, mail.content), now)
        except NotifierError as error:
            return Outcome(DeliveryState.DEFERRED, str(error), RelayCondition.DOWN)
        return outcome_of_answer(answer, self._clock())


def outcome_of_answer(answer: PostAnswer, now: datetime) -> Outcome:
    """Return the outcome of a request that was answered. Only a 2xx says that the endpoint has accepted the event."""
    reply = f"HTTP {answer.status}"
    if answer.is_success:
        return Outcome(DeliveryState.ACCEPTED, reply)
    if answer.status == _GONE:
        return Outcome(DeliveryState.REJECTED, f"{reply}: the endpoint wants no more events")
    if answer.status < _FIRST_REFUSAL:
        reply = f"{reply}: redirects are not followed; add a webhook with the new URL"
    until = min(answer.retry_after, now + LONGEST_REQUESTED_WAIT) if answer.retry_after else None
    return Outcome(DeliveryState.DEFERRED, reply, RelayCondition.DOWN, not_before=until)
