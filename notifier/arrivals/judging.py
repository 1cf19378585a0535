"""Judge from a source's past whether its papers arrive as they should.

A source may send no papers for weeks although each fetch succeeds. So there is a rule, with its own sentence, for each
way in which papers can be missing. A day that is usually without papers breaks none of these rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from notifier.arrivals import shortfalls
from notifier.arrivals.usual import is_known_well, past_of, rounded, usual_number
from notifier.arrivals.wording import day_name, instant_name, number_of_papers, weekday, without_queries
from notifier.models import Health, SourceHistory

BROKEN_AFTER = 3  # failures in a row
# A source is broken after fewer failures too, if the first of them was at least this long ago.
PATIENCE = ((2, timedelta(hours=12)), (1, timedelta(hours=25)))
# It is broken too if the next try has been due for this long, because then no process is likely to try it soon.
RETRY_OVERDUE = timedelta(hours=1)
OVERDUE = timedelta(days=3)  # longer than a weekend of a cron job that runs from Monday to Friday

FETCH = "`notifier fetch {name}` tries it now and says more"
LOOK = "Look at the source's own page, then take it again: `notifier fetch {name}`"
SCHEDULE = "Check that `notifier serve` or the cron job for `notifier once` runs"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The health of a source, one sentence that says why, without a full stop, and the cure if something is wrong.

    `since` is the day on which the trouble began; None if nothing is wrong.
    """

    health: Health
    sentence: str
    cure: str = ""
    since: date | None = None


def judge(history: SourceHistory, now: datetime, others: Sequence[SourceHistory] = ()) -> Judgement:
    """Return the judgement on a source at `now`; `others` are sources that list the same days."""
    now = now.astimezone(UTC)
    if history.last_tried_at is None:
        return Judgement(Health.NEW, "not fetched yet; run `notifier fetch`")
    if history.is_changed:
        return Judgement(Health.NEW, "changed in the config and not fetched since then; the next run fetches it")
    if _is_broken(history, now):
        return _broken(history, now)
    if history.last_succeeded_at is None:
        return Judgement(Health.NEW, f"not fetched yet: {_retry(history, now)}")
    if _is_overdue(history, now):
        return _overdue(history)
    if shortfall := shortfalls.find(history, now, others):
        return Judgement(Health.STALE, f"stale: {shortfall.sentence}", LOOK.format(name=history.name), shortfall.since)
    judgement = _today(history, now)
    if history.failures:
        return Judgement(judgement.health, f"{judgement.sentence}; {_retry(history, now)}")
    return judgement


def usual_papers(history: SourceHistory, day: date) -> int | None:
    """Return the usual number of papers on the weekday of `day`; None if too little of the past is known."""
    return rounded(usual_number(past_of(history, day), day))


def _is_broken(history: SourceHistory, now: datetime) -> bool:
    """Return whether a source has failed so often and for so long that it is broken; see PATIENCE."""
    if not history.failures or history.problem_since is None:
        return False
    if history.failures >= BROKEN_AFTER or _overdue_by(history, now) >= RETRY_OVERDUE:
        return True
    lasted = now - history.problem_since
    return any(history.failures >= tries and lasted >= time for tries, time in PATIENCE)


def _broken(history: SourceHistory, now: datetime) -> Judgement:
    assert history.problem_since is not None, "a failure has no time"
    since = history.problem_since.date()
    problem = _problem(history)
    cure = f"{_tries(history, now)}. {FETCH.format(name=history.name)}"
    if problem.cure:
        cure = f"{problem.cure[0].upper()}{problem.cure[1:]}. {cure}"
    return Judgement(Health.BROKEN, f"broken since {day_name(since)}: {problem.reason}", cure, since)


def _tries(history: SourceHistory, now: datetime) -> str:
    """Say how often a broken source was tried, when it was tried last, and when the next try is due."""
    assert history.last_tried_at is not None, "a source that was never tried is not broken"
    times = "once" if history.failures == 1 else f"{history.failures} times, the last time"
    tried = f"It was tried {times} at {instant_name(history.last_tried_at, now)}"
    return f"{tried}; the next try is due at {instant_name(history.next_due, now)}" if history.next_due else tried


class _Problem(NamedTuple):
    """What has failed, and what to do about it if that is known."""

    reason: str
    cure: str


def _problem(history: SourceHistory) -> _Problem:
    """Return the last failure of a source; in a message, the cure follows the reason after a semicolon."""
    reason, _, cure = without_queries(history.problem).partition("; ")
    return _Problem(reason.strip(". ") or "it failed", cure.strip(". "))


def _retry(history: SourceHistory, now: datetime) -> str:
    again = f"trying again at {instant_name(history.next_due, now)}" if history.next_due else "trying again"
    return f"{again} after a failure: {_problem(history).reason}"


def _is_overdue(history: SourceHistory, now: datetime) -> bool:
    """Return whether nothing has fetched a source although it was due long ago."""
    return _overdue_by(history, now) >= OVERDUE


def _overdue_by(history: SourceHistory, now: datetime) -> timedelta:
    """Return the time for which a source has been due without being fetched; not positive if it is not due."""
    due, tried = history.next_due, history.last_tried_at
    return now - due if due is not None and tried is not None and tried < due else timedelta()


def _overdue(history: SourceHistory) -> Judgement:
    assert history.next_due is not None, "a source without a schedule is never overdue"
    since = history.next_due.date()
    return Judgement(Health.STALE, f"stale: due since {day_name(since)}, and not fetched", SCHEDULE, since)


def _today(history: SourceHistory, now: datetime) -> Judgement:
    """Return the judgement on a source with which nothing is wrong: what came today, or why nothing did."""
    today = now.date()
    count = history.days.get(today)
    if count and count.papers:
        so_far = "" if count.is_complete else " so far"
        return Judgement(Health.WELL, f"{number_of_papers(count.papers)} today{so_far}{_of_usual(history, today)}")
    newest = _newest(history, today)
    assert history.last_succeeded_at is not None, "only a source that was fetched is well"
    if history.last_succeeded_at.date() < today:
        return Judgement(Health.WELL, newest or "no papers so far")
    ending = f"; {newest}" if newest else ""
    if usual_papers(history, today) == 0:
        return Judgement(Health.QUIET, f"quiet: usually no papers on a {weekday(today)}{ending}")
    return Judgement(Health.QUIET, f"no papers today{_of_usual(history, today)}{ending}")


def _of_usual(history: SourceHistory, today: date) -> str:
    usual = usual_papers(history, today)
    return (
        f" (usually {usual} on a {weekday(today)})" if usual and is_known_well(past_of(history, today), today) else ""
    )


def _newest(history: SourceHistory, today: date) -> str:
    """Return how many papers came on the last day before `today` that had any; empty if none had."""
    last = max((day for day, count in history.days.items() if count.papers and day < today), default=None)
    if last is None:
        return ""
    return f"{number_of_papers(history.days[last].papers)} on {day_name(last)}"
