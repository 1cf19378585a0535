"""A service with daily papers that has one kind of trouble after the other, over six weeks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

from support.https_service import Answer, Asked

ERROR_PAGE = Answer(b"<!doctype html><html><body><h1>Sorry</h1><p>We will be back soon.</p></body></html>")
FORBIDDEN = Answer(b"no", 403)
BUSY = Answer(b"later", 429, {"Retry-After": "3600"})

Entries = list[dict[str, Any]]


@dataclass
class PapersService:
    """Answers a request for the papers of a day, as the daily papers of huggingface.co do.

    `entries` has the papers that each day has when all is well. Days after `today` are still
    empty. If `trouble(today)` returns an answer, every request gets that answer, and no entries. `shown` says how many
    papers a day has so far.
    """

    entries: Mapping[date, Entries]
    today: date
    trouble: Callable[[date], Answer | None] = lambda _: None
    shown: dict[date, int] = field(default_factory=dict)
    frozen: date | None = None  # every request is answered with the papers of this day

    def __call__(self, asked: Asked) -> Answer:
        query = parse_qs(asked.query)
        day = self.frozen or date.fromisoformat(query["date"][0])
        if answer := self.trouble(self.today):
            return answer
        size, page = int(query.get("limit", ["50"])[0]), int(query.get("p", ["0"])[0])
        papers = self.entries.get(day, []) if day <= self.today else []
        papers = papers[: self.shown.get(day, len(papers))]
        return Answer(json.dumps(papers[page * size : (page + 1) * size]).encode())


def titles_of(entries: Entries) -> list[str]:
    """Return the titles of the papers of a day."""
    return [" ".join(str(entry["title"]).split()) for entry in entries]


def made_entries(day: date, papers: int) -> Entries:
    """Return as many papers of a day as `papers` says, shaped as the API sends them."""
    return [_entry(day, number) for number in range(papers)]


def _entry(day: date, number: int) -> dict[str, Any]:
    written = day - timedelta(days=1)
    paper = {
        "id": f"{day:%y%m}.{day.day:02}{number:03}",
        "title": f"Bees on Field {number} on {day:%d %B}, a Study of Their Flight",
        "summary": f"We follow the bees of field {number}.",
        "authors": [{"name": "Ann Lee", "hidden": False}],
        "publishedAt": f"{written}T00:00:00.000Z",
        "submittedOnDailyAt": f"{day}T02:10:00.000Z",
        "upvotes": number % 7,
    }
    return {"paper": paper, "publishedAt": f"{written}T01:00:00.000Z", "title": paper["title"], "numComments": 1}
