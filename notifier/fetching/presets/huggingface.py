"""Fetch the daily papers of huggingface.co: one document for each day.

`GET /api/daily_papers` takes `date`, `limit` (50 if it is left out, and at most 100) and `p`, the page counted from 0.
Papers are added to a day until it ends, and they get upvotes for some days more, so the last days are fetched again.
An entry carries its day as `submittedOnDailyAt`. A server that ignores `date` sends entries of another day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from notifier.config import SourceConfig
from notifier.fetching.client import Response, Validators
from notifier.fetching.days import days_to_fetch, each_day, is_over
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets.service_urls import pause_of, service_url
from notifier.fetching.responses import json_value, unexpected_response

BASE = "https://huggingface.co"
PATH = "/api/daily_papers"
LIMIT = 100  # entries of a page; the API allows no more
MIN_FULL_PAGE = 50  # entries of a full page if a server ignores the limit; a smaller page is the last
MAX_PAGES = 20
AGAIN = 3  # days before today that are fetched again for their upvotes
PAUSE = 1.0  # seconds
_LATE = timedelta(hours=2)  # papers may be added to a day until shortly after it has ended


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:
    """Yield the daily papers of the days that are missing and of the last days, the oldest first."""
    days = days_to_fetch(state, state.now.astimezone(UTC).date(), AGAIN)
    return each_day(days, lambda day: _document(source, state, client, day))


def _document(source: SourceConfig, state: FetchState, client: Getter, day: date) -> Document:
    url, name, is_complete = _url(source, day, 0), f"{day}.json", is_over(day, state.now, _LATE)
    pause = pause_of(source, PAUSE)
    response = client.get(url, validators=state.validators_of(url), accept="application/json", pause=pause)
    if response.not_modified:
        return Document(url, name, b"", day, response.validators, is_not_modified=True, is_complete=is_complete)
    value = json_value(response)
    body, validators = response.body, response.validators
    if isinstance(value, list) and len(value) >= MIN_FULL_PAGE:
        entries = _all_entries(source, client, day, value)
        if len(entries) > len(value):
            # The validators of the first page say nothing about the others.
            value, body, validators = entries, json.dumps(entries).encode(), Validators()
    own = _without_other_days(response, value, day)
    if own is not value:
        body = json.dumps(own).encode()
    return Document(url, name, body, day, validators, is_complete=is_complete)


def _url(source: SourceConfig, day: date, page: int) -> str:
    query: dict[str, str | int] = {"date": str(day), "limit": LIMIT}
    return service_url(source, BASE, PATH, {**query, "p": page} if page else query)


def _all_entries(source: SourceConfig, client: Getter, day: date, first: list[Any]) -> list[Any]:
    """Return the entries of all pages, each once. Entries move to the next page when others are added before them."""
    entries = {_identity(entry): entry for entry in first}
    page: list[Any] = first
    for number in range(1, MAX_PAGES):
        if len(page) < MIN_FULL_PAGE:
            break
        url = _url(source, day, number)
        value = json_value(client.get(url, accept="application/json", pause=pause_of(source, PAUSE)))
        page = value if isinstance(value, list) else []
        known = len(entries)
        for entry in page:
            entries.setdefault(_identity(entry), entry)
        if len(entries) == known:  # the last page, or a server that sends the first page again and again
            break
    return list(entries.values())


def _identity(entry: Any) -> str:
    paper = entry.get("paper", entry) if isinstance(entry, dict) else None
    identifier = paper.get("id") if isinstance(paper, dict) else None
    return str(identifier) if identifier else json.dumps(entry, sort_keys=True)


def _without_other_days(response: Response, value: Any, day: date) -> Any:
    """Return the value of a response without the entries of other days; `value` itself if there are none.

    Entries without a day stay. Raises FetchError if entries carry days, and none of them carries `day`.
    """
    if isinstance(value, dict):
        lists = {key: each for key, each in value.items() if isinstance(each, list)}
        own = {key: _without_other_days(response, each, day) for key, each in lists.items()}
        return value if all(own[key] is each for key, each in lists.items()) else {**value, **own}
    days = [_day_of(entry) for entry in value]
    others = [each for each in days if each is not None and each != day]
    if not others:
        return value
    if day not in days:
        raise unexpected_response(
            response, f"sent papers of {max(others)} in place of those of {day}", "try again later"
        )
    return [entry for entry, each in zip(value, days, strict=True) if each is None or each == day]


def _day_of(entry: Any) -> date | None:
    """Return the day in UTC that an entry carries; None if it carries none that can be read."""
    if not isinstance(entry, dict):
        return None
    paper = entry.get("paper")
    members = {**entry, **paper} if isinstance(paper, dict) else entry
    try:
        listed = datetime.fromisoformat(members.get("submittedOnDailyAt", ""))
        return (listed if listed.tzinfo is None else listed.astimezone(UTC)).date()
    except (TypeError, ValueError, OverflowError):
        return None
