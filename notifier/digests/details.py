"""Convert the content of a message, except papers, to and from JSON, which is stored in its row of the outbox.

For a notice, this is its link and the values for its templates, and for an alert, the values for its templates. A
welcome mail has an opening and the labels of all subscriptions. A digest or welcome mail without room for all papers
has the number of papers that wait for the next one.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import NamedTuple

from notifier.errors import ComposeError
from notifier.models import AlertDetails, NoticeDetails


class DigestDetails(NamedTuple):
    """The content of a digest or a welcome mail besides papers.

    Only a welcome mail has an opening and labels. `waiting` is the number of papers that wait for the next digest.
    """

    opening: str = ""
    labels: tuple[str, ...] = ()
    waiting: int = 0


_NOTHING = DigestDetails()


def encode_digest_details(details: DigestDetails) -> str:
    """Return the details of a digest or welcome mail as JSON; an empty text if there are none."""
    return "" if details == _NOTHING else json.dumps(details._asdict(), ensure_ascii=False)


def decode_digest_details(text: str) -> DigestDetails:
    """Return the details of a digest or welcome mail. Raises ComposeError if they cannot be read."""
    if not text:
        return _NOTHING
    try:
        stored = json.loads(text)
        return DigestDetails(stored["opening"], tuple(stored["labels"]), int(stored.get("waiting", 0)))
    except (AttributeError, TypeError, ValueError, KeyError):
        raise _unreadable() from None


def encode_notice_details(details: NoticeDetails) -> str:
    """Return the details of a notice as JSON."""
    return json.dumps(asdict(details), ensure_ascii=False)


def decode_notice_details(text: str) -> NoticeDetails:
    """Return the details of a notice. Raises ComposeError if they cannot be read."""
    try:
        stored = json.loads(text)
        return NoticeDetails(**{**stored, "asked": tuple(stored["asked"])})
    except (TypeError, ValueError, KeyError):
        raise _unreadable() from None


def encode_alert_details(details: AlertDetails) -> str:
    """Return the details of an alert as JSON."""
    return json.dumps(asdict(details), ensure_ascii=False)


def decode_alert_details(text: str) -> AlertDetails:
    """Return the details of an alert. Raises ComposeError if they cannot be read."""
    try:
        stored = json.loads(text)
        about = stored.pop("source", None)  # the name before migration 0026
        return AlertDetails(**stored) if about is None else AlertDetails(about, **stored)
    except (AttributeError, TypeError, ValueError):
        raise _unreadable() from None


def _unreadable() -> ComposeError:
    return ComposeError("the details of a message cannot be read; restore its row from a backup, or hold the delivery")
