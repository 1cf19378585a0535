"""Fetch the records of an OAI-PMH repository: one document for each day on which records were made or changed.

https://www.openarchives.org/OAI/openarchivesprotocol.html
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from urllib.parse import quote, urlencode

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching.client import Response, Validators
from notifier.fetching.days import days_to_fetch, each_day, is_over
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets.service_urls import pause_of
from notifier.fetching.responses import element_text, refuse_cut_off, unexpected_response, xml_root
from notifier.fetching.urls import shown_url
from notifier.fetching.xml_pages import records_by_id, with_records

ROOT = "OAI-PMH"
MAX_PAGES = 1000
MAX_HARVESTS = 3  # attempts for one day, if resumption tokens expire
PAUSE = 3.0  # seconds
_LATE = timedelta(hours=2)  # records may be added to a day until shortly after it has ended
_ERROR = re.compile(rb"<(?:[\w.-]{1,30}:)?error\s([^<>]{0,300})>([^<]{0,2000})<")
_CODE = re.compile(rb"code\s*+=\s*+[\"'](\w{1,50})")
_TOKEN = re.compile(rb"<(?:[\w.-]{1,30}:)?resumptionToken(?:\s[^<>]{0,500})?>([^<]{1,4000})<")


@dataclass
class _Harvest:
    """What was fetched for a day: the first page that has records, and the records of all its pages by identifier."""

    page: bytes = b""
    records: dict[bytes, bytes] = field(default_factory=dict)


class _ExpiredError(Exception):
    """The repository has forgotten the resumption token, so the list has to be fetched again from its beginning."""


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:
    """Yield the records of each day that is missing, the oldest day first."""
    days = days_to_fetch(state, state.now.astimezone(UTC).date(), again=0)
    return each_day(days, lambda day: _document(source, state, client, day))


def _document(source: SourceConfig, state: FetchState, client: Getter, day: date) -> Document:
    harvest = _harvest_day(source, client, day)
    return Document(
        url=_first_url(source, day),
        name=f"{day}.xml",
        body=with_records(harvest.page, "record", list(harvest.records.values())),
        day=day,
        validators=Validators(),
        is_complete=is_over(day, state.now, _LATE),
    )


def _harvest_day(source: SourceConfig, client: Getter, day: date) -> _Harvest:
    """Return all records of a day. If a resumption token expires, the list is requested again from its beginning."""
    for _ in range(MAX_HARVESTS):
        harvest = _Harvest()
        try:
            _add_pages(source, client, day, harvest)
        except _ExpiredError:
            continue
        return harvest
    raise FetchError(f"the resumption tokens of {shown_url(source.url)} expire before the list ends", "try again later")


def _add_pages(source: SourceConfig, client: Getter, day: date, harvest: _Harvest) -> None:
    """Add the records of all pages of a day to `harvest`. Raises _ExpiredError if a resumption token expires."""
    url, tokens = _first_url(source, day), set[bytes]()
    for _ in range(MAX_PAGES):
        response = client.get(url, accept="text/xml, application/xml", pause=pause_of(source, PAUSE))
        is_empty = _is_empty(response)
        if not harvest.records and not (is_empty and harvest.page):
            harvest.page = response.body
        harvest.records.update(records_by_id(response.body, "record", "identifier"))
        token = _TOKEN.search(response.body)
        if is_empty or token is None or not token[1].strip():
            return
        if token[1] in tokens:
            raise unexpected_response(response, "sends the same resumption token again and again")
        tokens.add(token[1])
        url = _url(source, {"verb": "ListRecords", "resumptionToken": html.unescape(token[1].strip().decode())})
    raise FetchError(
        f"{shown_url(source.url)} has more than {MAX_PAGES} pages of records on {day}",
        "fetch a part of them: name an OAI set in the key `set` of the source",
    )


def _is_empty(response: Response) -> bool:
    """Return whether a response says that there are no records. Raises an error if it is another error message."""
    if xml_root(response) != ROOT:
        raise unexpected_response(response, "sent something that is no OAI-PMH document")
    refuse_cut_off(response, ROOT)
    found = _ERROR.search(response.body)
    if found is None:
        return False
    code = _CODE.search(found[1])
    kind = code[1].decode() if code else "error"
    if kind == "badResumptionToken":
        raise _ExpiredError
    if kind != "noRecordsMatch":
        text = element_text(response.body, "error")
        raise unexpected_response(response, f"answered with an error ({kind}): {text or 'without a text'}")
    return True


def _first_url(source: SourceConfig, day: date) -> str:
    prefix = source.metadata_prefix or "oai_dc"  # every repository has this format
    query = {"verb": "ListRecords", "metadataPrefix": prefix, "from": str(day), "until": str(day)}
    return _url(source, {**query, "set": source.set} if source.set else query)


def _url(source: SourceConfig, query: dict[str, str]) -> str:
    separator = "&" if "?" in source.url else "?"
    return f"{source.url}{separator}{urlencode(query, quote_via=quote)}"
