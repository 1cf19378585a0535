"""The fields of a record, read from whatever type and spelling a source gives them; what makes no sense is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from notifier.sources.cleaning import clean

MOST_NAMES = 5_000  # authors of one paper; the largest collaborations have some 3,000
_GREATEST = 2**31 - 1  # what every database keeps as an integer
_LONGEST_ADDRESS = 2_000

_ADDRESS = re.compile(r"https?://[^\s<>\"\\^`{|}\x00-\x20\x7f-\x9f\ud800-\udfff]+")
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s?)?(10\.\d{4,9}/[^\s\x00-\x20\ud800-\udfff]+)", re.IGNORECASE)
_ISO_DAY = re.compile(r"\s*(\d{4})-(\d\d)-(\d\d)(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAIL_DAY = re.compile(rf"(?:\s*[A-Za-z]+,)?\s*(\d{{1,2}}) ({'|'.join(_MONTHS)})[a-z]* (\d{{4}})\b", re.IGNORECASE)
_INTEGER = re.compile(r"\s*\d{1,10}\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 10**11  # as seconds, a day in the year 5138
_FIRST_SECOND = 10**8  # smaller numbers are no instants
_SEPARATOR = re.compile(r"\s*;\s*|\s*,(?![^()]*\))\s*(?:and\s+)?|\s+and\s+")
_WITHDRAWN = re.compile(
    r"\s*(?:(?:this|the)\s(?:paper|article|submission|manuscript|work|preprint)\s(?:has\sbeen|is|was)\s)?"
    r"(?:withdrawn|retracted)\b",
    re.IGNORECASE,
)


def text(value: Any) -> str:
    """Clean text; empty where the value is none."""
    return clean(value) if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """A count from 0 on; booleans, fractions and what no database keeps are none."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _GREATEST else None


def day(value: Any) -> date | None:
    """The day of a date or time as it is written: ISO 8601, RFC 5322, or seconds or milliseconds since 1970."""
    if isinstance(value, str):
        return _written_day(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and _FIRST_SECOND <= value < 10**14:
        seconds = value / 1000 if value >= _MILLISECONDS else value
        return (_EPOCH + timedelta(seconds=seconds)).date()
    return None


def _written_day(value: str) -> date | None:
    try:
        if found := _ISO_DAY.match(value):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _MAIL_DAY.match(value):
            return date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
    except ValueError:
        pass
    return None


def address(value: Any) -> str | None:
    """A web address; other schemes, and what is no address, are none."""
    if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS:
        return None
    value = value.strip()
    return value if _ADDRESS.fullmatch(value) else None


def doi(value: Any) -> str | None:
    """A DOI without the resolver before it; of several, the first."""
    found = _DOI.match(value.strip()) if isinstance(value, str) else None
    return found[1][:_LONGEST_ADDRESS] if found else None


def words(values: Iterable[Any]) -> tuple[str, ...]:
    """Names or labels, clean, each once, in order."""
    cleaned = dict.fromkeys([_word(value) for value in values if isinstance(value, str)])
    cleaned.pop("", None)
    return tuple(cleaned)[:MOST_NAMES]


@lru_cache(1 << 12)
def _word(value: str) -> str:
    """Clean text, remembered: a category is met again and again."""
    return clean(value)


def people(line: str) -> tuple[str, ...]:
    """The names in one line, between commas, semicolons or `and`; an affiliation in parentheses is part of its name."""
    return words(_SEPARATOR.split(line))


def is_withdrawn(*texts: str) -> bool:
    """Whether a note or an abstract says that the paper was withdrawn."""
    return any(_WITHDRAWN.match(each) for each in texts if each)
