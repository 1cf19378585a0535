"""Fetch the papers of a venue at OpenReview: one document for each page of notes.

`GET /notes?content.venueid=VENUE` takes `offset` and `limit`, which is at most 1,000. It sends the number of all notes
in `count`. The notes are sorted by the time at which they were made, so that a full page does not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notifier.config import SourceConfig
from notifier.fetching.client import Response, Validators
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets.service_urls import pause_of, service_url
from notifier.fetching.responses import json_value, unexpected_response

BASE = "https://api2.openreview.net"
LIMIT = 1000
MAX_PAGES = 100
MAX_FAULTS = 3  # requests for one page, if it has no new note although there should be more
PAUSE = 1.0  # seconds


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:  # noqa: ARG001
    """Yield the notes of a venue page by page. Raises FetchError if there are fewer notes than the service says.

    A page without new notes is requested again, because it may be a fault of the service.
    """
    known: set[str] = set()
    offset = faults = 0
    for _ in range(MAX_PAGES):
        url = _url(source, offset)
        response = client.get(url, accept="application/json", pause=pause_of(source, PAUSE))
        notes, count = _page(response)
        new = {_identity(note) for note in notes} - known
        if new or count == 0:
            yield Document(url, f"notes-{offset:06}.json", response.body, None, Validators())
        known |= new
        offset, faults = (offset + len(notes), 0) if new else (offset, faults + 1)
        if offset >= count if count is not None else not new:
            return
        if faults == MAX_FAULTS:
            raise unexpected_response(response, f"sent {offset} of {count} notes, and then no more of them")
    raise unexpected_response(response, f"has more than {MAX_PAGES} pages of notes")


def _identity(note: Any) -> str:
    return str(note.get("id") if isinstance(note, dict) and note.get("id") else note)


def _url(source: SourceConfig, offset: int) -> str:
    query: dict[str, str | int] = {"content.venueid": source.venue, "sort": "cdate:asc", "limit": LIMIT}
    return service_url(source, BASE, "/notes", {**query, "offset": offset})


def _page(response: Response) -> tuple[list[Any], int | None]:
    """Return the notes of a page, and the number of all notes; None if the page does not have it."""
    value = json_value(response)
    notes = value.get("notes") if isinstance(value, dict) else None
    if not isinstance(notes, list):
        raise unexpected_response(response, "sent no notes")
    count = value.get("count")
    return notes, count if isinstance(count, int) else None
