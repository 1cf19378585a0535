"""A source's past gives one judgement in words: well, quiet, stale, broken, or not fetched yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.source_histories import ARXIV_WEEK, MONDAY, day, failing, fetched, instant, weekly

from notifier.arrivals import Judgement, judge
from notifier.models import DayCount, Health, SourceHistory

FRIDAY, SATURDAY, LAST_MONDAY, LAST_TUESDAY = 25, 26, 28, 29  # numbers of days in the fourth and fifth week


def past(days: int) -> dict[date, DayCount]:
    return weekly(ARXIV_WEEK, days)


# What is normal


def test_a_source_that_was_never_fetched_says_how_to_fetch_it() -> None:
    judgement = judge(SourceHistory("arxiv"), instant(0))
    assert judgement.health is Health.NEW
    assert judgement.sentence == "not fetched yet; run `notifier fetch`"


def test_a_source_with_papers_today_is_well_and_says_how_many() -> None:
    judgement = judge(fetched(past(LAST_MONDAY + 1), instant(LAST_MONDAY)), instant(LAST_MONDAY))
    assert judgement == Judgement(Health.WELL, "334 papers today (usually 334 on a Monday)")


def test_the_clock_may_be_in_any_zone() -> None:
    local = instant(LAST_MONDAY, 23).astimezone(timezone(timedelta(hours=5)))
    history = fetched(past(LAST_MONDAY + 1), local)
    assert judge(history, local) == judge(history, instant(LAST_MONDAY, 23))


def test_a_day_that_still_grows_says_how_many_papers_came_so_far_and_is_not_judged() -> None:
    days = past(LAST_MONDAY) | {day(LAST_MONDAY): DayCount(12, is_complete=False)}
    judgement = judge(fetched(days, instant(LAST_MONDAY)), instant(LAST_MONDAY))
    assert judgement == Judgement(Health.WELL, "12 papers today so far (usually 334 on a Monday)")


def test_a_weekend_without_papers_is_quiet_if_weekends_never_have_any() -> None:
    judgement = judge(fetched(past(SATURDAY), instant(SATURDAY)), instant(SATURDAY))
    assert judgement.health is Health.QUIET
    assert judgement.sentence == "quiet: usually no papers on a Saturday; 200 papers on Friday, 2026-11-27"


def test_a_working_day_without_papers_is_told_from_a_quiet_one() -> None:
    judgement = judge(fetched(past(LAST_MONDAY), instant(LAST_MONDAY)), instant(LAST_MONDAY))
    assert judgement.health is Health.QUIET
    assert judgement.sentence == ("no papers today (usually 334 on a Monday); 200 papers on Friday, 2026-11-27")


def test_a_holiday_that_stands_alone_is_normal_on_the_day_after_too() -> None:
    days = past(LAST_MONDAY)
    assert not judge(fetched(days, instant(LAST_TUESDAY, 1)), instant(LAST_TUESDAY, 1)).health.is_trouble


def test_a_source_that_was_not_fetched_today_names_the_last_day_with_papers() -> None:
    history = fetched(past(FRIDAY), instant(FRIDAY - 1), next_due=instant(FRIDAY, 9))
    assert judge(history, instant(FRIDAY, 8)) == Judgement(Health.WELL, "220 papers on Thursday, 2026-11-26")


# Failures


def test_a_failure_that_may_pass_says_when_it_is_tried_again() -> None:
    now = instant(FRIDAY)
    history = failing(past(FRIDAY), now, now - timedelta(minutes=30), 2, "HTTP 503.")
    judgement = judge(replace(history, next_due=now + timedelta(hours=1)), now)
    assert not judgement.health.is_trouble
    assert judgement.sentence.endswith("; trying again at 21:00 UTC after a failure: HTTP 503")


def test_a_source_that_never_answered_says_when_it_is_tried_again() -> None:
    now = instant(0)
    history = SourceHistory("arxiv", None, now, None, 1, "HTTP 503", now, next_due=instant(1, 7))
    assert judge(history, now) == Judgement(
        Health.NEW, "not fetched yet: trying again at 07:00 UTC on Tuesday, 2026-11-03 after a failure: HTTP 503"
    )


@pytest.mark.parametrize(
    ("tries", "hours", "is_broken"),
    [(3, 0, True), (2, 0, False), (2, 12, True), (2, 11, False), (1, 0, False), (1, 24, False), (1, 25, True)],
)
def test_a_source_is_broken_after_several_failures_over_some_time(tries: int, hours: int, is_broken: bool) -> None:
    now = instant(FRIDAY)
    judgement = judge(failing(past(FRIDAY), now, now - timedelta(hours=hours), tries, "HTTP 403"), now)
    assert (judgement.health is Health.BROKEN) == is_broken


def test_a_broken_source_says_since_when_and_why_and_what_to_do() -> None:
    now = instant(FRIDAY)
    judgement = judge(failing(past(FRIDAY), now, instant(FRIDAY - 3), 12, "HTTP 403"), now)
    assert judgement.sentence == "broken since Tuesday, 2026-11-24: HTTP 403"
    assert judgement.cure == (
        "It was tried 12 times, the last time at 20:00 UTC; the next try is due at 02:00 UTC on Saturday, 2026-11-28. "
        "`notifier fetch arxiv` tries it now and says more"
    )
    assert judgement.since == day(FRIDAY - 3)


def test_the_cure_that_a_failure_names_is_not_lost() -> None:
    now = instant(FRIDAY)
    judgement = judge(
        failing(past(FRIDAY), now, instant(FRIDAY - 3), 12, "HTTP 404 from a.example; check the url; x"), now
    )
    assert judgement.sentence == "broken since Tuesday, 2026-11-24: HTTP 404 from a.example"
    assert judgement.cure.startswith("Check the url; x. It was tried 12 times")
    assert judgement.cure.endswith("`notifier fetch arxiv` tries it now and says more")


def test_a_failure_that_no_process_tries_again_is_broken_after_an_hour() -> None:
    tried = instant(FRIDAY, 6)
    history = replace(failing(past(FRIDAY), tried, tried, 1, "HTTP 429"), next_due=instant(FRIDAY, 7))
    assert not judge(history, instant(FRIDAY, 7)).health.is_trouble
    judgement = judge(history, instant(FRIDAY, 8))
    assert judgement.sentence == "broken since Friday, 2026-11-27: HTTP 429"
    assert judgement.cure.startswith("It was tried once at 06:00 UTC; the next try is due at 07:00 UTC. ")


def test_a_source_that_sends_papers_again_after_days_is_not_called_silent() -> None:
    monday, friday = FRIDAY - 4, FRIDAY
    days = weekly(ARXIV_WEEK, monday + 1) | {day(friday): DayCount(200)}
    judgement = judge(fetched(days, instant(friday)), instant(friday))
    assert judgement.sentence == "200 papers today (usually 200 on a Friday)"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@example.org/feed?token=hunter2#hunter2",
        "https://example.org/feed?key=hunter2.",
        "HTTPS://hunter2@example.org/feed",
        "https://[hunter2",
    ],
)
def test_a_judgement_shows_nothing_secret_of_a_url(url: str) -> None:
    now = instant(FRIDAY)
    reason = f"{url} answered 403 (see {url}), again"
    judgement = judge(failing(past(FRIDAY), now, instant(FRIDAY - 3), 12, reason), now)
    assert "hunter2" not in judgement.sentence
    assert "answered 403" in judgement.sentence


def test_a_source_that_is_due_for_days_and_not_fetched_is_stale() -> None:
    history = fetched(past(FRIDAY), instant(FRIDAY - 4), next_due=instant(FRIDAY - 3))
    judgement = judge(history, instant(FRIDAY))
    assert judgement.health is Health.STALE
    assert judgement.sentence == "stale: due since Tuesday, 2026-11-24, and not fetched"
    assert "notifier once" in judgement.cure


# Papers that are missing


def stale(history: SourceHistory, now: datetime, *others: SourceHistory) -> str:
    """Return the sentence of a source that is stale."""
    judgement = judge(history, now, others)
    assert judgement.health is Health.STALE, judgement
    assert judgement.cure
    return judgement.sentence.removeprefix("stale: ")


def test_12_papers_for_334_are_stale_on_the_same_day_if_the_service_says_that_these_are_all() -> None:
    days = past(LAST_MONDAY) | {day(LAST_MONDAY): DayCount(12, stated=12)}
    now = instant(LAST_MONDAY)
    assert stale(fetched(days, now), now) == "12 of the usual 334 papers on Monday, 2026-11-30"


@pytest.mark.parametrize("hour", [0, 9, 20])
def test_a_document_that_grows_over_the_day_is_not_judged_before_the_day_is_over(hour: int) -> None:
    days = past(LAST_MONDAY) | {day(LAST_MONDAY): DayCount(12)}
    assert not judge(fetched(days, instant(LAST_MONDAY, hour)), instant(LAST_MONDAY, hour)).health.is_trouble


def test_12_papers_for_334_are_stale_on_the_next_day_if_the_day_could_have_grown() -> None:
    days = past(LAST_MONDAY) | {day(LAST_MONDAY): DayCount(12, is_complete=False)}
    assert not judge(fetched(days, instant(LAST_TUESDAY, 1)), instant(LAST_TUESDAY, 1)).health.is_trouble
    now = instant(LAST_TUESDAY, 12)
    assert stale(fetched(days, now), now) == "12 of the usual 334 papers on Monday, 2026-11-30"


@pytest.mark.parametrize("papers", [1, 40, 120, 167])
def test_half_a_day_of_a_regular_source_is_stale(papers: int) -> None:
    days = past(LAST_MONDAY) | {day(LAST_MONDAY): DayCount(papers)}
    now = instant(LAST_TUESDAY, 1)
    assert f"{papers} of the usual 334 papers" in stale(fetched(days, now), now)


def test_fewer_papers_than_the_service_tells_of_are_stale_even_without_a_past() -> None:
    now = instant(0)
    history = fetched({MONDAY: DayCount(12, stated=334)}, now)
    assert stale(history, now) == "12 of 334 papers on Monday, 2026-11-02, by the service's own count"


@pytest.mark.parametrize("papers", [334, 330, 320])
def test_a_few_records_that_cannot_be_read_are_not_stale(papers: int) -> None:
    now = instant(0)
    assert not judge(fetched({MONDAY: DayCount(papers, stated=334)}, now), now).health.is_trouble


def test_no_papers_where_another_source_has_some_are_stale_at_once() -> None:
    now = instant(LAST_TUESDAY, 1)
    other = replace(fetched(past(LAST_TUESDAY), now), name="listing")
    assert (
        stale(fetched(past(LAST_MONDAY), now), now, other) == "no papers on Monday, 2026-11-30, where listing has 334"
    )
    assert not judge(other, now, [fetched(past(LAST_MONDAY), now)]).health.is_trouble


def test_a_source_that_always_has_a_part_of_another_one_is_compared_by_that_part() -> None:
    now = instant(LAST_TUESDAY, 1)
    other = replace(fetched(past(LAST_TUESDAY), now), name="listing")
    part = weekly([papers // 2 for papers in ARXIV_WEEK], LAST_TUESDAY)
    assert not judge(fetched(part, now), now, [other]).health.is_trouble
    part[day(LAST_MONDAY)] = DayCount(130)
    assert "130 papers on Monday, 2026-11-30, where listing has 334" in stale(fetched(part, now), now, other)


def test_a_source_that_stopped_is_stale_after_two_working_days() -> None:
    days = past(FRIDAY)
    assert not judge(fetched(days, instant(LAST_MONDAY, 1)), instant(LAST_MONDAY, 1)).health.is_trouble
    now = instant(LAST_TUESDAY, 1)
    assert stale(fetched(days, now), now) == (
        "no papers since Thursday, 2026-11-26, over 2 days that usually have some"
    )


def test_a_source_that_stopped_stays_stale_for_months() -> None:
    days = past(FRIDAY)
    for weeks in range(1, 30):
        now = instant(LAST_TUESDAY + 7 * weeks, 1)
        assert "no papers since Thursday, 2026-11-26" in stale(fetched(days, now), now)


def test_the_same_document_for_days_is_stale_even_if_it_lists_papers() -> None:
    now = instant(LAST_TUESDAY, 1)
    history = fetched(past(LAST_TUESDAY), now, unchanged_since=instant(FRIDAY - 1))
    assert stale(history, now) == ("the same document since Thursday, 2026-11-26, over 2 days that usually have papers")


def test_the_same_document_over_a_weekend_is_not_stale() -> None:
    now = instant(LAST_MONDAY, 1)
    history = fetched(past(LAST_MONDAY), now, unchanged_since=instant(FRIDAY))
    assert judge(history, now).health is Health.QUIET


def test_a_newest_paper_that_is_too_old_is_stale() -> None:
    now = instant(LAST_MONDAY)
    days = {each: replace(count, newest=each - timedelta(days=3)) for each, count in past(LAST_MONDAY).items()}
    assert not judge(fetched(days, now), now).health.is_trouble
    days[day(LAST_MONDAY)] = DayCount(334, newest=date(2026, 10, 30))
    assert stale(fetched(days, now), now) == (
        "the newest paper of Monday, 2026-11-30 is 31 days old: it is of Friday, 2026-10-30"
    )


def test_a_newest_paper_of_another_year_is_stale_even_without_a_past() -> None:
    now = instant(0)
    assert "it is of Monday, 2024-05-27" in stale(fetched({MONDAY: DayCount(30, newest=date(2024, 5, 27))}, now), now)


def test_a_source_that_never_had_a_paper_is_stale_after_a_week() -> None:
    assert not judge(fetched({}, instant(6)), instant(6)).health.is_trouble
    assert stale(fetched({}, instant(8)), instant(8)) == (
        "no papers at all since it was first fetched on Monday, 2026-11-02"
    )


# Properties


counts = st.builds(
    DayCount,
    papers=st.integers(0, 400),
    stated=st.none() | st.integers(0, 400),
    is_complete=st.booleans(),
    newest=st.none() | st.dates(),
)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))  # as --now accepts
histories = st.builds(
    SourceHistory,
    name=st.just("arxiv"),
    first_succeeded_at=st.none() | instants,
    last_tried_at=st.none() | instants,
    last_succeeded_at=st.none() | instants,
    failures=st.integers(0, 20),
    problem=st.text(),
    problem_since=st.none() | instants,
    unchanged_since=st.none() | instants,
    days=st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 3, 1)) | st.dates(), counts, max_size=40),
    next_due=st.none() | instants,
)


@given(histories, st.lists(histories, max_size=2), instants)
def test_any_history_gives_a_judgement_of_one_line(
    history: SourceHistory, others: Sequence[SourceHistory], now: datetime
) -> None:
    judgement = judge(history, now, others)
    assert judgement.sentence
    assert bool(judgement.cure) == judgement.health.is_trouble == (judgement.since is not None)


weeks_with_papers = st.lists(st.sampled_from([0, 0, 1, 3, 12, 40, 334]), min_size=7, max_size=7).filter(any)


@given(weeks_with_papers, st.integers(0, 70), st.integers(0, 23), st.booleans())
def test_a_source_with_a_regular_week_is_never_in_trouble(
    week: Sequence[int], number: int, hour: int, has_come: bool
) -> None:
    days = weekly(week, number + has_come)
    first = min(days, default=MONDAY)
    history = fetched(
        days, instant(number, hour), first_succeeded_at=datetime(first.year, first.month, first.day, 9, tzinfo=UTC)
    )
    assert not judge(history, instant(number, hour)).health.is_trouble


@given(weeks_with_papers, st.integers(21, 70), st.integers(0, 23))
def test_a_source_with_a_regular_week_that_stopped_is_stale_after_two_days_that_had_papers(
    week: Sequence[int], number: int, hour: int
) -> None:
    days = weekly(week, number)
    missed = [later for later in range(number, number + 15) if week[later % 7]][1]
    now = instant(missed + 1, hour)
    assert judge(fetched(days, now), now).health is Health.STALE


@given(st.integers(14, 70), st.integers(0, 23), st.integers(5, 400), st.integers(1, 30))
def test_one_empty_day_in_a_regular_week_is_never_in_trouble(number: int, hour: int, papers: int, later: int) -> None:
    days = weekly((papers,) * 5 + (0, 0), number + later)
    days.pop(day(number), None)
    now = instant(number + later, hour)
    assert not judge(fetched(days, now), now).health.is_trouble
