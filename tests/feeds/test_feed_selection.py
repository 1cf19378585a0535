"""Which papers a feed shows, in which order, and the update time of the feed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from support.feed_samples import NEWEST, entry, feed, seen

from notifier.feeds import Entry, newest_entries

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def numbers(entries: tuple[Entry, ...]) -> list[int]:
    return [each.paper.id for each in entries]


def test_a_feed_shows_the_newest_fifty_papers() -> None:
    assert numbers(newest_entries(seen(number, number * DAY) for number in range(1, 81))) == list(range(1, 51))


def test_a_feed_of_fewer_than_fifty_papers_shows_them_all() -> None:
    assert numbers(newest_entries([seen(1, DAY), seen(2, 90 * DAY)])) == [1, 2]


def test_all_papers_of_the_two_days_before_the_newest_are_shown() -> None:
    busy = [seen(number, number * MINUTE) for number in range(200)]
    older = [seen(number, 3 * DAY + number * MINUTE) for number in range(200, 300)]
    assert numbers(newest_entries(busy + older)) == list(range(200))


def test_two_days_are_exactly_forty_eight_hours() -> None:
    busy = [seen(number, number * MINUTE) for number in range(60)]
    last = seen(60, 48 * HOUR)
    late = seen(61, 48 * HOUR + timedelta(microseconds=1))
    assert numbers(newest_entries([*busy, last, late])) == list(range(61))


def test_the_two_days_end_with_the_newest_paper_and_not_with_the_current_time() -> None:
    busy = [seen(number, 900 * DAY + number * MINUTE) for number in range(70)]
    assert len(newest_entries(busy)) == 70


def test_no_feed_holds_more_than_five_hundred_papers() -> None:
    flood = [seen(number, number * MINUTE) for number in range(700)]
    assert numbers(newest_entries(flood)) == list(range(500))


def test_the_newest_paper_comes_first() -> None:
    assert numbers(newest_entries([seen(3, HOUR), seen(1, DAY), seen(2, MINUTE)])) == [2, 3, 1]


def test_papers_that_were_first_seen_together_are_ordered_by_id() -> None:
    assert numbers(newest_entries([seen(3, HOUR), seen(1, HOUR), seen(2, HOUR)])) == [1, 2, 3]


def test_a_paper_that_is_announced_again_keeps_its_place() -> None:
    first, second = seen(1, HOUR), seen(2, HOUR)
    again = replace(first, paper=replace(first.paper, sequence=900))
    assert numbers(newest_entries([second, again])) == [1, 2]


def test_no_entries_give_an_empty_feed() -> None:
    assert newest_entries([]) == ()


def test_the_update_time_of_a_feed_is_when_its_newest_paper_was_first_seen() -> None:
    assert feed(seen(1, DAY), seen(2, HOUR)).updated == NEWEST.replace(microsecond=0) - HOUR


def test_the_update_time_of_an_empty_feed_is_when_the_first_of_all_papers_was_first_seen() -> None:
    assert replace(feed(), since=NEWEST - DAY).updated == NEWEST.replace(microsecond=0) - DAY


def test_the_update_time_of_a_feed_without_any_papers_in_the_service_is_fixed() -> None:
    assert feed().updated == datetime(2026, 1, 1, tzinfo=UTC)


def test_the_update_time_of_a_feed_with_entries_does_not_depend_on_the_first_of_all_papers() -> None:
    shown = feed(seen(1, DAY))
    assert replace(shown, since=NEWEST).updated == shown.updated


def test_the_entries_are_returned_unchanged() -> None:
    given = [entry(1), entry(2)]
    assert set(newest_entries(given)) == set(given)
