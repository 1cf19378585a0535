"""How a digest names its period, in its subject and below its heading."""

from datetime import date

import pytest

from notifier.digests.periods import wording_of
from notifier.errors import ComposeError


@pytest.mark.parametrize(
    ("period", "day", "subject"),
    [
        ("2026-07-06", date(2026, 7, 6), "Daily papers of 6 Jul 2026"),
        ("2026-11-22", date(2026, 11, 23), "Daily papers of 22 Nov 2026"),
        ("2026-W28", date(2026, 7, 6), "Weekly papers of 29 Jun to 5 Jul 2026"),
        ("2026-W28", date(2026, 7, 10), "Weekly papers of 3 to 9 Jul 2026"),
        ("2027-W01", date(2027, 1, 4), "Weekly papers of 28 Dec 2026 to 3 Jan 2027"),
        ("2026-07", date(2026, 7, 1), "Monthly papers of June 2026"),
        ("2027-01", date(2027, 1, 1), "Monthly papers of December 2026"),
        ("dump:7", date(2026, 11, 22), "New papers of 22 Nov 2026"),
    ],
)
def test_the_words_for_a_subject_name_the_dates_of_the_papers(period: str, day: date, subject: str) -> None:
    assert wording_of(period, day).subject == subject


@pytest.mark.parametrize(
    ("period", "opening"),
    [
        ("2026-07-06", "New papers of Monday, 6 July 2026"),
        ("2026-11-22", "New papers of Sunday, 22 November 2026"),
        ("2026-W28", "New papers of the last seven days"),
        ("2026-07", "New papers of June 2026"),
        ("2027-01", "New papers of December 2026"),
        ("dump:7", "New papers that just came in"),
    ],
)
def test_the_opening_depends_on_the_period_alone(period: str, opening: str) -> None:
    assert wording_of(period, date(2026, 7, 6)).opening == opening
    assert wording_of(period, date(2026, 7, 8)).opening == opening


@pytest.mark.parametrize(
    "period",
    ["", "2026", "2026-13", "2026-02-30", "2026-W1", "dump:", "today", "\u0662\u0660\u0662\u0666-\u0660\u0667"],
)
def test_a_text_that_is_not_a_period_is_refused(period: str) -> None:
    with pytest.raises(ComposeError, match="is not a period"):
        wording_of(period, date(2026, 7, 6))
