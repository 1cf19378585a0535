"""Fetch the papers that arXiv announces in some categories: the feed of the latest day, and days that were missed.

The feed has the papers of one day only, and is empty at weekends. Missed days come from the API. The API gives
the time at which a paper was submitted, and not the day on which it was announced. The day follows from that time,
unless moderators held the paper back.
https://info.arxiv.org/help/rss.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email.utils import parsedate_to_datetime

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching.client import Response, Validators
from notifier.fetching.days import each_day
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets.arxiv_api import day_document
from notifier.fetching.presets.arxiv_days import is_listing_day, latest_listing_day, missed_days
from notifier.fetching.presets.arxiv_listing import number_on_listing_pages
from notifier.fetching.presets.service_urls import pause_of, service_url
from notifier.fetching.presets.single import refuse_error_feed
from notifier.fetching.responses import element_text, unexpected_response
from notifier.fetching.schedules import EASTERN
from notifier.fetching.xml_pages import elements

BASE = "https://rss.arxiv.org"
PAUSE = 3.0  # seconds
# A feed is complete if it has this share of the papers on the listing page. The two are made at different times.
MIN_SHARE = 0.9


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:
    """Yield the days that were missed, the oldest first, and then the day of the feed.

    If the missed days cannot be fetched, the day of the feed is yielded as incomplete, and then FetchError is raised.
    So its papers are ingested, and all these days are fetched again. If a feed is empty on a listing day, because of a
    holiday or a fault, that day counts as missed 12 hours after midnight in New York.
    """
    feed = _feed(source, state, client)
    feed_day = feed.day if feed.body and not feed.is_not_modified and elements(feed.body, "item") else None
    days = missed_days(state.taken_until, feed_day, state.now)
    failure = None
    try:
        yield from each_day(days, lambda day: day_document(source, client, day))
    except FetchError as error:
        failure = error
    if feed.day not in days:
        yield replace(feed, is_complete=feed.is_complete and failure is None)
    if failure is not None:
        raise failure


def _feed(source: SourceConfig, state: FetchState, client: Getter) -> Document:
    """Return the feed of the day.

    Until its day is complete, the request has no validators, so that an incomplete feed is sent again.
    """
    url = service_url(source, BASE, f"/rss/{'+'.join(source.categories)}")
    latest = latest_listing_day(state.now)
    is_taken = state.taken_until is not None and state.taken_until >= latest
    validators = state.validators_of(url) if is_taken else Validators()
    response = client.get(url, validators=validators, accept="application/rss+xml", pause=pause_of(source, PAUSE))
    if response.not_modified:
        return Document(url, f"{latest}.xml", b"", latest, response.validators, is_not_modified=True)
    refuse_error_feed(response)
    day, papers = _day(response), len(elements(response.body, "item"))
    stated = number_on_listing_pages(source, client, day) if papers else None
    is_complete = papers >= MIN_SHARE * (stated or 0) if papers else not is_listing_day(day)
    return Document(url, f"{day}.xml", response.body, day, response.validators, is_complete=is_complete, stated=stated)


def _day(response: Response) -> date:
    """Return the day of a feed, which is a day in New York."""
    for name in ("pubDate", "lastBuildDate"):
        try:
            written = parsedate_to_datetime(element_text(response.body, name))
        except ValueError:
            continue
        return (written if written.tzinfo is None else written.astimezone(EASTERN)).date()
    raise unexpected_response(response, "sent a feed without a date")
