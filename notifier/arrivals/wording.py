"""Write days, instants, numbers and failures as they appear in the sentences of judgements."""

from __future__ import annotations

import re
from datetime import date, datetime
from urllib.parse import urlsplit

from notifier.text.counting import counted
from notifier.text.dates import WEEKDAYS

_URL = re.compile(r"https?://[^\s<>\"'`]++", re.IGNORECASE)
# The path of a file. The path of a URL does not match, because a letter or a slash comes before it.
_PATH = re.compile(r"(?<![\w/:.~-])/[^\s,;:'\"]++")
_CLOSING = ".,;:)]"  # after a URL, these belong to the sentence


def weekday(day: date) -> str:
    """Return the name of a day of the week, such as `Tuesday`."""
    return WEEKDAYS[day.weekday()]


def day_name(day: date) -> str:
    """Return a day such as `Tuesday, 2026-11-24`."""
    return f"{weekday(day)}, {day.isoformat()}"


def instant_name(instant: datetime, now: datetime) -> str:
    """Return an instant in UTC: its time if it is on the same day as `now`, otherwise also its day."""
    time = f"{instant:%H:%M} UTC"
    return time if instant.date() == now.date() else f"{time} on {day_name(instant.date())}"


def number_of_papers(papers: int) -> str:
    """Return a number of papers, such as `1 paper` or `no papers`."""
    return counted(papers, "paper") if papers else "no papers"


def without_paths(text: str) -> str:
    """Return a text with each path of a file shortened to the name of the file; URLs stay as they are."""
    return _PATH.sub(lambda found: found[0].rpartition("/")[2], text)


def without_queries(text: str) -> str:
    """Return a text without the queries, fragments and passwords of the URLs in it, which may be secret."""
    return _URL.sub(lambda found: _bare(found[0]), text)


def _bare(url: str) -> str:
    address = url.rstrip(_CLOSING)
    try:
        parts = urlsplit(address)
    except ValueError:  # such as a broken IPv6 address
        return "the URL"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{url[len(address) :]}"
