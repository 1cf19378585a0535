"""Compute how long to wait before a request is repeated: as Retry-After says, or else longer after each attempt."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = timedelta(days=1)
_FIRST_WAIT = 1.0  # seconds
_GROWTH = 3

_SECONDS = re.compile(r"[0-9]{1,12}")


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return the time until which a server asks to wait with the next request, at most a day from now.

    The header Retry-After has seconds or a date. A date is compared with the header Date, because the server's clock
    may differ. Returns None if the header is missing, or is neither a number nor a date in the future.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return now + min(timedelta(seconds=min(int(value), 10**6)), MAX_RETRY_AFTER)
    until = _date(value)
    if until is None:
        return None
    wait = until - (_date(headers.get("date", "").strip()) or now)
    return now + min(wait, MAX_RETRY_AFTER) if wait > timedelta() else None


def back_off(attempt: int) -> float:
    """Return the seconds to wait after an attempt, with a random part; attempts are counted from 0."""
    return _FIRST_WAIT * float(_GROWTH**attempt) * random.uniform(0.5, 1.5)


def _date(value: str) -> datetime | None:
    """Return the time of an HTTP date; None if the text is not a date."""
    if not value or len(value) > 60:
        return None
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
