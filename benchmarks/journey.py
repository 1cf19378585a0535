"""Part `journey`: the CPU time of each step, from the sample pages in `seeds/` to mails in a Maildir."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measuring import print_figures, run_rounds
from notifier.config import Config, MaildirConfig
from notifier.pipeline import ingest, plan, publish
from notifier.resources import resource
from notifier.sending import send_due, sender_for
from notifier.store import open_store
from notifier.subscribers import SignUp, subscribe

SUBSCRIBERS = 200
QUERIES = ("quantization", "reasoning -survey", '"mixture of experts"', "PDE OR physics", "(code OR program) synthesis")
FEEDS = 36  # one for each built-in topic, one of all papers, and one of the trending papers
NOW = datetime(2026, 7, 6, tzinfo=UTC)


def run() -> None:
    """Print the figures of all rounds."""
    print_figures(
        f"journey: the sample pages to {SUBSCRIBERS} subscribers, CPU milliseconds", run_rounds("benchmarks.journey")
    )


def one_round() -> dict[str, float]:
    """Return the CPU milliseconds of each step, per listing, feed, subscriber or mail."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(maildir=MaildirConfig(folder=Path(folder) / "mail"))
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        seeds = sorted(resource("seeds").iterdir())
        listings = 0

        def ingest_all() -> None:
            nonlocal listings
            listings = sum(ingest(engine, seed, None, NOW).listings for seed in seeds)

        ingesting = _cpu_milliseconds(ingest_all)
        for number in range(SUBSCRIBERS):
            sign_up = SignUp(
                f"subscriber{number}@example.org", (QUERIES[number % len(QUERIES)],), ("trending",), confirmed=True
            )
            subscribe(engine, config, sign_up, NOW)
        due = NOW + timedelta(days=1)
        figures = {
            "ingest, a listing": ingesting / listings,
            "tag and publish, a feed": _cpu_milliseconds(lambda: publish(engine, _with_feeds(config, folder))) / FEEDS,
            "plan, a subscriber": _cpu_milliseconds(lambda: plan(engine, config, due)) / SUBSCRIBERS,
            "compose and deliver to a Maildir, a mail": _cpu_milliseconds(
                lambda: asyncio.run(send_due(sender_for(engine, config, lambda: due)))
            )
            / SUBSCRIBERS,
        }
        engine.dispose()
    return figures


def _with_feeds(config: Config, folder: str) -> Config:
    return config.model_copy(update={"feeds": config.feeds.model_copy(update={"folder": Path(folder) / "feeds"})})


def _cpu_milliseconds(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return (time.process_time() - before) * 1000


if __name__ == "__main__":
    print(json.dumps(one_round()))
