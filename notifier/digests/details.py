"""Convert what a message says besides papers to and from JSON, which stays in the message's row of the outbox.

A notice has a link and what its templates say, and an alert has what its templates say. A welcome mail has an opening
and the labels of all subscriptions.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import NamedTuple

from notifier.errors import ComposeError
from notifier.models import AlertDetails, DeliveryKind, NoticeDetails


class WelcomeDetails(NamedTuple):
    """The content of a welcome mail besides papers."""

    opening: str
    labels: tuple[str, ...]


def dumps_welcome(details: WelcomeDetails) -> str:
    """Return the details of a welcome mail as JSON."""
    return json.dumps(details._asdict(), ensure_ascii=False)


def loads_welcome(text: str) -> WelcomeDetails:
    """Return the details of a welcome mail. Raises ComposeError if they cannot be read."""
    try:
        stored = json.loads(text)
        return WelcomeDetails(stored["opening"], tuple(stored["labels"]))
    except (TypeError, ValueError, KeyError):
        raise _unreadable() from None


def welcome_details(kind: str, text: str) -> WelcomeDetails:
    """Return the details of a message of this kind; empty for another kind than WELCOME. Raises as `loads_welcome`."""
    return loads_welcome(text) if kind == DeliveryKind.WELCOME else WelcomeDetails("", ())


def dumps_notice(details: NoticeDetails) -> str:
    """Return the details of a notice as JSON."""
    return json.dumps(asdict(details), ensure_ascii=False)


def loads_notice(text: str) -> NoticeDetails:
    """Return the details of a notice. Raises ComposeError if they cannot be read."""
    try:
        stored = json.loads(text)
        return NoticeDetails(**{**stored, "asked": tuple(stored["asked"])})
    except (TypeError, ValueError, KeyError):
        raise _unreadable() from None


def dumps_alert(details: AlertDetails) -> str:
    """Return the details of an alert as JSON."""
    return json.dumps(asdict(details), ensure_ascii=False)


def loads_alert(text: str) -> AlertDetails:
    """Return the details of an alert. Raises ComposeError if they cannot be read."""
    try:
        return AlertDetails(**json.loads(text))
    except (TypeError, ValueError):
        raise _unreadable() from None


def _unreadable() -> ComposeError:
    return ComposeError("the details of a message cannot be read; restore its row from a backup, or hold the delivery")
