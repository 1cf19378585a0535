"""Find the papers that are missing from a source whose fetches succeed.

There are six signs: fewer papers than the source itself states, the same document for days, fewer papers than another
source has, far fewer than usual, no papers on days that usually have some, and a newest paper that is too old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import NamedTuple

from notifier.arrivals.usual import (
    ONE_DAY,
    Counts,
    counts_before,
    is_expected,
    is_far_fewer,
    least_empty_days,
    longest_gap,
    past_of,
    rounded,
    usual_number,
)
from notifier.arrivals.wording import day_name, number_of_papers
from notifier.models import DayCount, SourceHistory

GROWS_UNTIL = 12  # hour in UTC; an incomplete day is judged only if it was fetched after this hour of the next day
# A day with this share of the papers that the service counts is not short: some records cannot be read, and some papers
# are counted twice.
NEARLY_ALL = 0.95
# A day is short if it has less than this share of the expected number. The expected number is the other source's
# number of papers, times the share of them that this source usually has.
SHARE_OF_OTHER = 0.9
FEW = 2  # papers; a difference between two sources that is not larger is ignored

# The times without papers after which a source is stale, even if no day of the week usually has papers.
SILENT_AT_FIRST = timedelta(days=7)  # if it has never had papers
SILENT_LATER = timedelta(days=30)
GAPS = 3  # times the longest gap so far, if that is longer than SILENT_LATER

# The age of the newest paper of a day may be at most the usual age + AGE + SPREADS * spread. The spread is the median
# distance of the earlier ages from the usual age.
AGE = timedelta(days=7)
AGE_UNKNOWN = timedelta(days=30)  # the largest age while fewer than LEAST_AGES ages are known
LEAST_AGES = 5
SPREADS = 4


class Shortfall(NamedTuple):
    """A sentence without a full stop that says what is missing, and the first day on which something is missing."""

    sentence: str
    since: date


def find(history: SourceHistory, now: datetime, others: Sequence[SourceHistory]) -> Shortfall | None:
    """Return what is missing from a source that has been fetched; None if nothing seems to be."""
    last_judged = _last_judged_day(history, now)
    if last_judged is None:
        return None
    return (
        _fewer_than_stated(history, last_judged)
        or _same_document(history, last_judged)
        or _fewer_than_others(history, last_judged, others, now)
        or _fewer_than_usual(history, last_judged)
        or _nothing_came(history, last_judged)
        or _too_old(history, now.date())
    )


def _last_judged_day(history: SourceHistory, now: datetime) -> date | None:
    """Return the last day that can be judged; None if no fetch has succeeded.

    A day can be judged when it was fetched after its end. Today can be judged if its count is complete and the service
    tells how many papers it has.
    """
    if history.last_succeeded_at is None:
        return None
    fetched = min(history.last_succeeded_at, now).astimezone(UTC)
    today = fetched.date()
    count = history.days.get(today)
    if count is not None and count.is_complete and count.stated is not None:
        return today
    yesterday = history.days.get(today - ONE_DAY)
    may_grow = yesterday is not None and not yesterday.is_complete and fetched.hour < GROWS_UNTIL
    return today - (2 * ONE_DAY if may_grow else ONE_DAY)


def _last_with_papers(history: SourceHistory, until: date) -> date | None:
    return max((day for day, count in history.days.items() if count.papers and day <= until), default=None)


def _fewer_than_stated(history: SourceHistory, last_judged: date) -> Shortfall | None:
    last = max(
        (day for day, count in history.days.items() if count.stated is not None and day <= last_judged), default=None
    )
    if last is None or last_judged - last > SILENT_AT_FIRST:
        return None
    count = history.days[last]
    assert count.stated is not None, "only days whose number the service states are looked at"
    if count.papers >= count.stated * NEARLY_ALL:
        return None
    return Shortfall(f"{count.papers} of {count.stated} papers on {day_name(last)}, by the service's own count", last)


def _fewer_than_others(
    history: SourceHistory, last_judged: date, others: Sequence[SourceHistory], now: datetime
) -> Shortfall | None:
    for other in others:
        its_last_judged = _last_judged_day(other, now)
        if its_last_judged and (shortfall := _fewer_than(history, other, min(last_judged, its_last_judged))):
            return shortfall
    return None


def _fewer_than(history: SourceHistory, other: SourceHistory, last_judged: date) -> Shortfall | None:
    """Return the shortfall on the last day until `last_judged` on which the other source has papers."""
    last, first = _last_with_papers(other, last_judged), min(history.days, default=last_judged)
    if last is None or last < first:
        return None
    theirs, ours = other.days[last].papers, _papers(history.days, last)
    if theirs - ours <= FEW or ours >= theirs * SHARE_OF_OTHER * _usual_share(history, other, last):
        return None
    return Shortfall(f"{number_of_papers(ours)} on {day_name(last)}, where {other.name} has {theirs}", last)


def _usual_share(history: SourceHistory, other: SourceHistory, end: date) -> float:
    """Return the share that a source usually has of another's papers, at most 1."""
    theirs = counts_before(other.days, end)
    shares = [_papers(history.days, day) / papers for day, papers in theirs.items() if papers and day in history.days]
    return min(1.0, median(shares)) if len(shares) >= LEAST_AGES else 1.0


def _fewer_than_usual(history: SourceHistory, last_judged: date) -> Shortfall | None:
    """Return the shortfall on the last day that had papers and usually has some."""
    last = _last_with_papers(history, last_judged)
    if last is None:
        return None
    past = counts_before(history.days, last)
    papers = history.days[last].papers
    if not is_far_fewer(past, last, papers):
        return None
    usual = rounded(usual_number(past, last))
    return Shortfall(f"{papers} of the usual {usual} papers on {day_name(last)}", last)


def _same_document(history: SourceHistory, last_judged: date) -> Shortfall | None:
    if history.unchanged_since is None:
        return None
    since = history.unchanged_since.date()
    past = past_of(history, since + ONE_DAY)
    missed = _expected_between(past, since, last_judged)
    if len(missed) < least_empty_days(past):
        return None
    return Shortfall(
        f"the same document since {day_name(since)}, over {len(missed)} days that usually have papers", since
    )


def _nothing_came(history: SourceHistory, last_judged: date) -> Shortfall | None:
    last = _last_with_papers(history, date.max)
    if last is None:
        return _nothing_ever(history, last_judged)
    if last > last_judged:
        return None
    past = past_of(history, last_judged + ONE_DAY)
    missed = _expected_between(past, last, last_judged)
    if missed and len(missed) >= least_empty_days(past):
        return Shortfall(f"no papers since {day_name(last)}, over {len(missed)} days that usually have some", missed[0])
    patience = max(SILENT_LATER, timedelta(days=GAPS * longest_gap(past)))
    if last_judged - last > patience:
        return Shortfall(f"no papers since {day_name(last)}, for {(last_judged - last).days} days", last)
    return None


def _nothing_ever(history: SourceHistory, last_judged: date) -> Shortfall | None:
    if history.first_succeeded_at is None or last_judged - history.first_succeeded_at.date() < SILENT_AT_FIRST:
        return None
    first = history.first_succeeded_at.date()
    return Shortfall(f"no papers at all since it was first fetched on {day_name(first)}", first)


def _expected_between(past: Counts, after: date, until: date) -> list[date]:
    """Return the days after `after` until `until` that usually have papers."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return [day for day in days if is_expected(past, day)]


def _too_old(history: SourceHistory, today: date) -> Shortfall | None:
    """Return the shortfall if the newest paper of the last day is much older than the newest usually is."""
    ages = list(_ages(history, today))
    if not ages:
        return None
    (day, age), earlier = ages[-1], [age for _, age in ages[:-1]]
    allowed = AGE_UNKNOWN
    if len(earlier) >= LEAST_AGES:
        usual = median(earlier)
        allowed = AGE + timedelta(days=usual + SPREADS * median(abs(each - usual) for each in earlier))
    if timedelta(days=age) <= allowed:
        return None
    newest = day - timedelta(days=age)
    return Shortfall(f"the newest paper of {day_name(day)} is {age} days old: it is of {day_name(newest)}", day)


def _ages(history: SourceHistory, today: date) -> Iterator[tuple[date, int]]:
    """Yield each day with papers, oldest first, with the age in days that its newest paper had."""
    for day in sorted(history.days):
        count = history.days[day]
        if count.papers and count.newest is not None and day <= today:
            yield day, (day - count.newest).days


def _papers(days: Mapping[date, DayCount], day: date) -> int:
    return days[day].papers if day in days else 0
