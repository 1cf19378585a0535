"""What the log of the service says about sources: each change once, as a warning, or as information when it is over."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.source_histories import ARXIV_WEEK, failing, fetched, instant, weekly
from support.stored_sources import config_with, store_history

from notifier.service.jobs import Jobs

NOW = instant(25)
PAST = weekly(ARXIV_WEEK, 26)


def test_trouble_of_a_source_and_its_end_are_logged_once(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    jobs = Jobs(engine, config_with("arxiv").located_in(tmp_path), lambda: NOW, lambda _loop: None)
    store_history(engine, failing(PAST, NOW, instant(22), 9, "HTTP 403"))
    jobs.plan_and_publish()
    jobs.plan_and_publish()
    store_history(engine, fetched(PAST, NOW))
    jobs.plan_and_publish()
    said = [(record.levelname, record.getMessage()) for record in caplog.records if "source" in record.getMessage()]
    assert said == [
        (
            "WARNING",
            "source arxiv: it is broken since Tuesday, 2026-11-24: HTTP 403. It was tried 9 times, the last time at "
            "20:00 UTC; the next try is due at 02:00 UTC on Saturday, 2026-11-28. "
            "`notifier fetch arxiv` tries it now and says more",
        ),
        ("INFO", "source arxiv: it is well again after 3 days; 900 papers came"),
    ]
