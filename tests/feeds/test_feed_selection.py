"""Which of a topic's papers its feed shows, in which order, and when the feed was updated."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from support.feed_samples import NEWEST, entry, feed, seen

from notifier.feeds import Entry, newest

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def numbers(entries: tuple[Entry, ...]) -> list[int]:
    return [each.paper.id for each in entries]


def test_a_quiet_topic_shows_its_newest_fifty() -> None:
    assert numbers(newest(seen(number, number * DAY) for number in range(1, 81))) == list(range(1, 51))


def test_a_topic_with_fewer_papers_shows_them_all() -> None:
    assert numbers(newest([seen(1, DAY), seen(2, 90 * DAY)])) == [1, 2]


def test_all_of_the_two_days_before_the_newest_are_shown_however_many() -> None:
    busy = [seen(number, number * MINUTE) for number in range(200)]
    older = [seen(number, 3 * DAY + number * MINUTE) for number in range(200, 300)]
    assert numbers(newest(busy + older)) == list(range(200))


def test_two_days_are_forty_eight_hours_to_the_instant() -> None:
    busy = [seen(number, number * MINUTE) for number in range(60)]
    last = seen(60, 48 * HOUR)
    late = seen(61, 48 * HOUR + timedelta(microseconds=1))
    assert numbers(newest([*busy, last, late])) == list(range(61))


def test_two_days_count_from_the_newest_paper_and_not_from_any_clock() -> None:
    busy = [seen(number, 900 * DAY + number * MINUTE) for number in range(70)]
    assert len(newest(busy)) == 70


def test_no_feed_holds_more_than_five_hundred() -> None:
    flood = [seen(number, number * MINUTE) for number in range(700)]
    assert numbers(newest(flood)) == list(range(500))


def test_the_newest_come_first_whatever_order_they_are_given_in() -> None:
    assert numbers(newest([seen(3, HOUR), seen(1, DAY), seen(2, MINUTE)])) == [2, 3, 1]


def test_papers_that_came_together_keep_their_order() -> None:
    assert numbers(newest([seen(3, HOUR), seen(1, HOUR), seen(2, HOUR)])) == [1, 2, 3]


def test_a_paper_that_is_announced_again_stays_where_it_was() -> None:
    first, second = seen(1, HOUR), seen(2, HOUR)
    again = replace(first, paper=replace(first.paper, sequence=900))
    assert numbers(newest([second, again])) == [1, 2]


def test_nothing_gives_nothing() -> None:
    assert newest([]) == ()


def test_a_feed_was_updated_when_its_newest_paper_was_first_seen() -> None:
    assert feed(seen(1, DAY), seen(2, HOUR)).updated == NEWEST.replace(microsecond=0) - HOUR


def test_an_empty_feed_was_updated_at_an_instant_that_never_changes() -> None:
    assert feed().updated == datetime(2000, 1, 1, tzinfo=UTC)


def test_selection_does_not_touch_the_entries() -> None:
    given = [entry(1), entry(2)]
    assert set(newest(given)) == set(given)
