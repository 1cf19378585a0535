"""The operator is told once when a source becomes stale or broken, and once when it is well again."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, select
from support.source_histories import ARXIV_WEEK, day, failing, fetched, instant, weekly
from support.stored_sources import config_with, store_history

from notifier.alerting import alert_changes
from notifier.arrivals import source_health
from notifier.config import Config
from notifier.models import DayCount, DeliveryState, Health, SourceHistory
from notifier.pipeline import deliver
from notifier.store import reading
from notifier.store.tables import delivery

OPERATORS = ("ada@example.org", "bob@example.org")
CONFIG = config_with("arxiv", alerts=OPERATORS)
TUESDAY, FRIDAY = 22, 25  # numbers of days in the fourth week


def broken(now: datetime) -> SourceHistory:
    return failing(weekly(ARXIV_WEEK, TUESDAY), now, instant(TUESDAY, 6), 9, "HTTP 403")


def well(number: int) -> SourceHistory:
    return fetched(weekly(ARXIV_WEEK, number + 1), instant(number))


def queued(engine: Engine) -> list[tuple[str, str, str]]:
    """Return the recipient, the kind and the subject of each delivery."""
    columns = (delivery.c.recipient, delivery.c.kind, delivery.c.subject)
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(delivery.c.id))]


def told(engine: Engine, now: datetime, config: Config = CONFIG) -> list[str]:
    return [alert.text for alert in alert_changes(engine, config, now)]


def test_trouble_is_told_once_and_so_is_its_end(engine: Engine) -> None:
    store_history(engine, well(TUESDAY - 1))
    assert told(engine, instant(TUESDAY - 1)) == []
    for number in (TUESDAY, TUESDAY + 1, TUESDAY + 2):
        store_history(engine, broken(instant(number)))
        expected = (
            "source arxiv: it is broken since Tuesday, 2026-11-24: HTTP 403. It was tried 9 times, the last time at "
        )
        said = told(engine, instant(number))
        assert [text.startswith(expected) for text in said] == ([True] if number == TUESDAY else [])
    store_history(engine, well(FRIDAY))
    assert told(engine, instant(FRIDAY)) == ["source arxiv: it is well again after 3 days; 900 papers came"]
    assert told(engine, instant(FRIDAY)) == []


def test_each_change_is_mailed_to_every_operator(engine: Engine) -> None:
    store_history(engine, broken(instant(FRIDAY)))
    told(engine, instant(FRIDAY))
    told(engine, instant(FRIDAY))
    subject = "Daily Papers: the source arxiv is broken"
    assert queued(engine) == [(address, "alert", subject) for address in OPERATORS]


def test_the_mail_says_what_has_happened_since_when_and_what_to_do(engine: Engine, tmp_path: Path) -> None:
    config = CONFIG.located_in(tmp_path)
    store_history(engine, broken(instant(FRIDAY)))
    told(engine, instant(FRIDAY), config)
    report = deliver(engine, config, lambda: instant(FRIDAY))
    assert report.states[DeliveryState.ACCEPTED] == len(OPERATORS)
    mails = [message_from_bytes(file.read_bytes(), policy=default) for file in (tmp_path / "var/mail/new").iterdir()]
    assert sorted(str(mail["To"]) for mail in mails) == sorted(OPERATORS)
    text, html = (part.get_content() for part in mails[0].iter_parts())
    assert "arxiv: it is broken since Tuesday, 2026-11-24: HTTP 403." in text
    assert "`notifier fetch arxiv` tries it now" in text
    assert "</strong>: it is broken since Tuesday, 2026-11-24: HTTP 403." in html


def test_the_alert_about_the_end_is_mailed_too(engine: Engine) -> None:
    store_history(engine, broken(instant(FRIDAY)))
    told(engine, instant(FRIDAY))
    store_history(engine, well(FRIDAY))
    told(engine, instant(FRIDAY))
    assert queued(engine)[-1] == (OPERATORS[-1], "alert", "Daily Papers: the source arxiv is well again")


def test_without_addresses_the_change_is_told_but_not_mailed(engine: Engine) -> None:
    store_history(engine, broken(instant(FRIDAY)))
    assert len(told(engine, instant(FRIDAY), config_with("arxiv"))) == 1
    assert queued(engine) == []


def test_stale_that_turns_to_broken_is_told_again_and_counts_as_one_trouble(engine: Engine) -> None:
    few = weekly(ARXIV_WEEK, TUESDAY - 1) | {day(TUESDAY - 1): DayCount(12)}
    store_history(engine, fetched(few, instant(TUESDAY)))
    assert "it is stale: 12 of the usual 334 papers on Monday" in told(engine, instant(TUESDAY))[0]
    store_history(engine, broken(instant(FRIDAY - 1)))
    assert "it is broken since Tuesday" in told(engine, instant(FRIDAY - 1))[0]
    store_history(engine, well(FRIDAY))
    assert told(engine, instant(FRIDAY)) == ["source arxiv: it is well again after 4 days; 1234 papers came"]


@pytest.mark.parametrize(("days", "words"), [(0, "on the same day"), (1, "after a day")])
def test_a_short_trouble_is_told_in_words(engine: Engine, days: int, words: str) -> None:
    store_history(engine, broken(instant(TUESDAY)))
    told(engine, instant(TUESDAY))
    store_history(engine, fetched({}, instant(TUESDAY + days), first_succeeded_at=instant(TUESDAY)))
    assert told(engine, instant(TUESDAY + days)) == [f"source arxiv: it is well again {words}; no papers came"]


def test_trouble_is_a_warning_and_its_end_is_information(engine: Engine) -> None:
    store_history(engine, broken(instant(FRIDAY)))
    (alert,) = alert_changes(engine, CONFIG, instant(FRIDAY))
    assert (alert.level, alert.title) == (logging.WARNING, "the source arxiv is broken")
    store_history(engine, well(FRIDAY))
    (alert,) = alert_changes(engine, CONFIG, instant(FRIDAY))
    assert (alert.level, alert.title) == (logging.INFO, "the source arxiv is well again")


def test_processes_that_see_a_change_at_once_tell_it_once(engine: Engine) -> None:
    store_history(engine, broken(instant(FRIDAY)))
    start = Event()

    def tell() -> int:
        start.wait()
        return len(told(engine, instant(FRIDAY)))

    with ThreadPoolExecutor(4) as pool:
        counts = [pool.submit(tell) for _ in range(4)]
        start.set()
        assert sum(count.result() for count in counts) == 1
    assert len(queued(engine)) == len(OPERATORS)


def test_a_source_that_is_not_in_the_config_any_more_is_not_judged(engine: Engine) -> None:
    store_history(engine, broken(instant(FRIDAY)))
    assert told(engine, instant(FRIDAY), config_with("other")) == []
    assert [each.health for each in source_health(engine, config_with("other"), instant(FRIDAY))] == [Health.NEW]


def test_sources_are_compared_in_both_directions(engine: Engine) -> None:
    config = config_with("arxiv", "listing")
    listing = config.sources["listing"].model_copy(update={"compare_with": "arxiv"})
    config = config.model_copy(update={"sources": config.sources | {"listing": listing}})
    now = instant(TUESDAY, 1)
    days = weekly(ARXIV_WEEK, TUESDAY)
    store_history(engine, fetched(days, now))
    store_history(engine, replace(fetched(days | {day(TUESDAY - 1): DayCount(12)}, now), name="listing"))
    assert [each.health for each in source_health(engine, config, now)] == [Health.QUIET, Health.STALE]
    store_history(engine, fetched(days | {day(TUESDAY - 1): DayCount(300)}, now))
    store_history(engine, replace(fetched(days | {day(TUESDAY - 1): DayCount(400)}, now), name="listing"))
    assert source_health(engine, config, now)[0].sentence == (
        "stale: 300 papers on Monday, 2026-11-23, where listing has 400"
    )
