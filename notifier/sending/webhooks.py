"""Send events to endpoints, and decide what the answers mean."""

from __future__ import annotations

from datetime import datetime

from notifier.config import Config
from notifier.delivery import Outcome, RelayCondition
from notifier.delivery.breaker import LONGEST_REQUESTED_WAIT
from notifier.fetching import Client, EventMessage, PostAnswer, endpoint_key, post_event, webhook_client
from notifier.models import Clock, DeliveryState, Endpoint, Mail
from notifier.sending.endpoint_transport import EndpointTransport

_FIRST_REFUSAL, _GONE = 400, 410


class WebhookTransport(EndpointTransport):
    """Sends events to one endpoint, one at a time. Receivers know a repeated event by its id."""

    def __init__(self, endpoint: Endpoint, config: Config, clock: Clock) -> None:
        super().__init__(endpoint, config, clock)
        self._client: Client | None = None

    def post(self, mail: Mail) -> Outcome:
        """Send an event. Raises NotifierError if its key cannot be read, or if there is no answer."""
        key = endpoint_key(self._endpoint, self._config)
        if self._client is None:
            self._client = self._opened.enter_context(webhook_client(self._config, self._clock))
        now = self._clock()
        answer = post_event(self._client, self._endpoint, key, EventMessage(mail.message_id, mail.content), now)
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
