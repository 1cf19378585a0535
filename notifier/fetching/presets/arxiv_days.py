"""Compute the days on which arXiv announces papers, and the times of submission that belong to each.

Papers are announced from Sunday to Thursday at 20:00 in New York, and the listings and feeds bear the date of the next
day, from Monday to Friday. An announcement holds the papers that were submitted until 14:00 on its day. On Sunday, it
holds those that were submitted until 14:00 on the Friday before. https://info.arxiv.org/help/availability.html
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from notifier.fetching.days import MAX_DAYS
from notifier.fetching.schedules import EASTERN

FRIDAY = 4
DEADLINE = time(14)
_SETTLED = timedelta(hours=12)  # after midnight in New York; a feed that is later than this counts as missed


def is_listing_day(day: date) -> bool:
    """Return whether arXiv lists papers on a day, apart from holidays."""
    return day.weekday() <= FRIDAY


def listing_day_before(day: date) -> date:
    """Return the last listing day before a day."""
    earlier = day - timedelta(days=1)
    while not is_listing_day(earlier):
        earlier -= timedelta(days=1)
    return earlier


def latest_listing_day(now: datetime) -> date:
    """Return the listing day whose feed is the newest at `now`: feeds appear at midnight in New York."""
    return listing_day_before(now.astimezone(EASTERN).date() + timedelta(days=1))


def missed_days(taken_until: date | None, feed_day: date | None, now: datetime) -> list[date]:
    """Return the listing days after `taken_until` whose papers are no longer in the feed, the oldest first.

    `feed_day` is the day of the feed, None if the feed is empty. The latest day is missed only if its feed is more
    than 12 hours late. If no day was taken yet, the latest day is the only one that can be missed.
    """
    latest = latest_listing_day(now)
    earliest = latest - timedelta(days=MAX_DAYS - 1)
    after = max(taken_until, earliest) if taken_until else listing_day_before(latest)
    days = [after + timedelta(days=number) for number in range(1, (latest - after).days + 1)]
    is_settled = now >= datetime.combine(latest, time(), EASTERN) + _SETTLED
    return [day for day in days if is_listing_day(day) and day != feed_day and (day != latest or is_settled)]


def submission_window(day: date) -> tuple[datetime, datetime]:
    """Return the first and the last minute, in UTC, in which papers for a listing day were submitted."""
    end = listing_day_before(day)
    start = listing_day_before(end)
    first, last = (datetime.combine(each, DEADLINE, EASTERN).astimezone(UTC) for each in (start, end))
    return first, last - timedelta(minutes=1)
