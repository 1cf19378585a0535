"""Post a message to a channel, and decide what the answer of its service means."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from notifier.delivery.breaker import LONGEST_REQUESTED_WAIT
from notifier.delivery.channels.layouts import laid_out
from notifier.delivery.channels.messages import ChannelMessage
from notifier.delivery.channels.services import OpenChannel, without_loggers
from notifier.delivery.outcomes import Outcome, RelayCondition, one_line
from notifier.errors import shortened
from notifier.models import DeliveryState, ServiceAnswer

if TYPE_CHECKING:
    from notifier.delivery.channels.plugin_requests import KeptAnswers, MakeRequest

TITLE_LENGTH = 200  # characters; ntfy allows 250 bytes

_TOO_MANY = 429
_GONE = {401, 403, 404, 410}  # the channel, or the right to post to it, is gone
# What services say in an answer with another status if the channel or the right is gone: Slack's names of errors, and
# the descriptions of Telegram.
_GONE_TEXTS = (
    *("invalid_token", "no_service", "no_active_hooks", "channel_is_archived", "is_archived", "channel_not_found"),
    *("action_prohibited", "not_in_channel", "invalid_auth", "account_inactive", "token_revoked", "token_expired"),
    *("not_authed", "missing_scope", "posting_to_general_channel_denied", "team_disabled", "user_not_found"),
    *("chat not found", "bot was kicked", "bot was blocked", "M_FORBIDDEN", "M_UNKNOWN_TOKEN", "M_NOT_FOUND"),
)
_SHOWN = 200  # characters of an answer that are kept


def post(
    channel: OpenChannel, message: ChannelMessage, message_id: str, make_request: MakeRequest, now: datetime
) -> Outcome:
    """Post a message by Apprise, and return its outcome. The same `message_id` is the same message for Matrix."""
    from notifier.delivery.channels.plugin_requests import answers_kept

    service, plugin = channel.service, channel.plugin
    text = laid_out(message, service.markup, service.limit, service.measure, has_title=service.has_title)
    title = message.subject[:TITLE_LENGTH] if service.has_title else ""
    _identify(plugin, message_id)
    with without_loggers(), answers_kept(plugin, make_request) as kept:
        is_accepted = _sent(plugin, text, title, service.format)
    return outcome_of(kept, is_accepted, now)


def outcome_of(kept: KeptAnswers, is_accepted: bool, now: datetime) -> Outcome:
    """Return the outcome of an attempt.

    REFUSING says that the channel or the right to post to it is gone, so that an operator has to do something. Any
    other failure may be over later. Without an answer, it is UNCERTAIN whether the service has the message.
    """
    if kept.failure is not None:
        reason = one_line(kept.without_secrets(str(kept.failure)))
        state = DeliveryState.UNCERTAIN if kept.may_have_arrived else DeliveryState.DEFERRED
        return Outcome(state, reason, RelayCondition.DOWN)
    answer = kept.last
    if answer is None:
        return Outcome(DeliveryState.DEFERRED, "Apprise made no request for this URL", RelayCondition.REFUSING)
    if is_accepted:
        return Outcome(DeliveryState.ACCEPTED, f"HTTP {answer.status}")
    reply = _reply(answer, kept)
    if answer.status == _TOO_MANY:
        until = _retry_after(answer, now)
        not_before = min(until, now + LONGEST_REQUESTED_WAIT) if until else None
        return Outcome(DeliveryState.DEFERRED, reply, RelayCondition.DOWN, not_before=not_before)
    if _is_gone(answer):
        return Outcome(DeliveryState.DEFERRED, reply, RelayCondition.REFUSING)
    until = min(answer.retry_after, now + LONGEST_REQUESTED_WAIT) if answer.retry_after else None
    return Outcome(DeliveryState.DEFERRED, reply, RelayCondition.DOWN, not_before=until)


def _identify(plugin: Any, message_id: str) -> None:
    """Give a Matrix message with an access token its transaction id: the server drops a repeated message."""
    if hasattr(plugin, "transaction_id") and plugin.password and not plugin.user:
        plugin.access_token = plugin.password
        plugin.transaction_id = message_id.strip("<>").partition("@")[0]


def _sent(plugin: Any, text: str, title: str, text_format: str) -> bool:
    """Return whether Apprise has sent a text, which is in the service's own markup already.

    `send` is called and not `notify`, which would convert the markup, split the text, and repeat what failed.
    """
    from apprise import NotifyFormat

    try:
        return bool(plugin.send(body=text, title=title, body_format=NotifyFormat(text_format), body_passthrough=False))
    except Exception:  # an answer that Apprise cannot read; its status says what it means
        return False


def _is_gone(answer: ServiceAnswer) -> bool:
    if answer.status in _GONE:
        return True
    said = answer.body.decode(errors="replace")
    return answer.status < 500 and any(text in said for text in _GONE_TEXTS)


def _reply(answer: ServiceAnswer, kept: KeptAnswers) -> str:
    said = shortened(one_line(kept.without_secrets(answer.body.decode(errors="replace"))), _SHOWN)
    if 300 <= answer.status < 400:
        said = "redirects are not followed"
    return f"HTTP {answer.status}: {said}" if said else f"HTTP {answer.status}"


def _retry_after(answer: ServiceAnswer, now: datetime) -> datetime | None:
    """Return when a service that limits requests wants the next one: by its JSON, or by the header Retry-After.

    Discord writes `retry_after` in seconds, Telegram the same in `parameters`, and Matrix `retry_after_ms`.
    """
    with suppress(ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        said = json.loads(answer.body)
        seconds = (
            said.get("retry_after")
            or (said.get("parameters") or {}).get("retry_after")
            or (said.get("retry_after_ms") or 0) / 1000
        )
        if seconds and 0 < float(seconds) < float("inf"):
            return max(now + timedelta(seconds=min(float(seconds), 86_400)), answer.retry_after or now)
    return answer.retry_after
