"""Fetch the preprints of bioRxiv and medRxiv: one document for each day.

`GET /details/SERVER/FROM/TO/CURSOR/json` sends 30 or 100 records from CURSOR on, and their number in
`messages[0].total`. Each record is one version of a preprint, so a revised preprint has another record. The total
is sometimes larger than the number of records on all pages. https://api.biorxiv.org/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

from notifier.config import SourceConfig
from notifier.fetching.client import Response, Validators
from notifier.fetching.days import days_to_fetch, each_day, is_over
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets.service_urls import pause_of, service_url
from notifier.fetching.responses import json_value, unexpected_response

BASE = "https://api.biorxiv.org"
MAX_PAGES = 300
MAX_FAULTS = 3  # a page without a new record is requested at most this often, if there should be more
AGAIN = 1  # days before today that are fetched again
PAUSE = 1.0  # seconds
_LATE = timedelta(hours=12)  # after midnight in UTC; a day of bioRxiv ends later, at midnight in New York
_SETTLED = timedelta(days=3)  # after this, a day counts as complete even if records are missing
_NOT_LETTERS = re.compile(r"[\W_]+")


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:
    """Yield the preprints of the days that are missing, and of the last days, the oldest first."""
    days = days_to_fetch(state, state.now.astimezone(UTC).date(), AGAIN)
    return each_day(days, lambda day: _document(source, state, client, day))


def _document(source: SourceConfig, state: FetchState, client: Getter, day: date) -> Document:
    records, is_whole, total = _records(source, client, day)
    chosen = [record for record in records if _is_wanted(source, record)]
    return Document(
        url=_url(source, day, 0),
        name=f"{day}.json",
        body=json.dumps({"collection": chosen}, ensure_ascii=False).encode("utf-8", "replace"),
        day=day,
        validators=Validators(),
        is_complete=is_over(day, state.now, _LATE) and (is_whole or is_over(day, state.now, _SETTLED)),
        stated=None if source.categories else total,
    )


def _records(source: SourceConfig, client: Getter, day: date) -> tuple[list[dict[str, Any]], bool, int | None]:
    """Return the records of a day, whether they are complete, and how many there are according to the service.

    Each version is in the records once. A page without new records is requested again, because it may be a fault of the
    service.
    """
    records: dict[tuple[str, str], dict[str, Any]] = {}
    total: int | None = None
    cursor = faults = 0
    for _ in range(MAX_PAGES):
        response = client.get(_url(source, day, cursor), accept="application/json", pause=pause_of(source, PAUSE))
        page, stated = _page(response)
        total = total if stated is None else max(stated, total or 0)
        known = len(records)
        for record in page:
            records.setdefault((str(record.get("doi")), str(record.get("version"))), record)
        if len(records) > known:
            cursor, faults = cursor + len(page), 0
        else:
            faults += 1
        if faults == MAX_FAULTS or (cursor >= total if total is not None else faults):
            break
    return list(records.values()), total is None or cursor >= total, total


def _page(response: Response) -> tuple[list[dict[str, Any]], int | None]:
    """Return the records of a page, and the total. Raises FetchError if the page is an error message."""
    value = json_value(response)
    members = value if isinstance(value, dict) else {}
    messages = members.get("messages")
    message = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
    status, page = str(message.get("status", "")), members.get("collection")
    if "no posts found" in status.lower():
        return [], _count(message.get("total"))
    if not isinstance(page, list) or (status.lower() not in ("", "ok") and not page):
        raise unexpected_response(response, f"answered with an error: {status or 'there are no records in it'}")
    return [record for record in page if isinstance(record, dict)], _count(message.get("total"))


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() and len(str(value)) < 10 else None


def _url(source: SourceConfig, day: date, cursor: int) -> str:
    return service_url(source, BASE, f"/details/{source.preset}/{day}/{day}/{cursor}/json")


def _is_wanted(source: SourceConfig, record: dict[str, Any]) -> bool:
    return not source.categories or _letters_of(str(record.get("category"))) in map(_letters_of, source.categories)


def _letters_of(category: str) -> str:
    return _NOT_LETTERS.sub(" ", category.casefold()).strip()
