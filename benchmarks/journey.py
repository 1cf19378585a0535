"""Part `journey`: from the seeds to a Maildir, step by step, in CPU time."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measuring import print_figures, rounds
from notifier.config import Config, MaildirConfig
from notifier.pipeline import ingest, plan, publish
from notifier.resources import resource
from notifier.sending import send_due, sender_for
from notifier.store import open_store
from notifier.subscribers import SignUp, subscribe

READERS = 200
TASTES = ("quantization", "reasoning -survey", '"mixture of experts"', "PDE OR physics", "(code OR program) synthesis")
NOW = datetime(2026, 7, 6, tzinfo=UTC)


def run() -> None:
    """Print the figures of all rounds."""
    print_figures(f"journey: the seeds to {READERS} readers, CPU milliseconds", rounds("benchmarks.journey"))


def one_round() -> dict[str, float]:
    """Each step's CPU milliseconds, per listing, reader, feed or mail."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(maildir=MaildirConfig(folder=Path(folder) / "mail"))
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        seeds = sorted(resource("seeds").iterdir())
        listings = 0

        def ingest_all() -> None:
            nonlocal listings
            listings = sum(ingest(engine, seed, None, NOW).listings for seed in seeds)

        ingested = _cpu(ingest_all)
        for number in range(READERS):
            wish = SignUp(f"reader{number}@example.org", (TASTES[number % len(TASTES)],), ("trending",), confirmed=True)
            subscribe(engine, config, wish, NOW)
        due = NOW + timedelta(days=1)
        figures = {
            "ingest, a listing": ingested / listings,
            "tag and publish, a feed": _cpu(lambda: publish(engine, _with_feeds(config, folder))) / 36,
            "plan, a reader": _cpu(lambda: plan(engine, config, due)) / READERS,
            "compose and deliver to a Maildir, a mail": _cpu(
                lambda: asyncio.run(send_due(sender_for(engine, config, lambda: due)))
            )
            / READERS,
        }
        engine.dispose()
    return figures


def _with_feeds(config: Config, folder: str) -> Config:
    return config.model_copy(update={"feeds": config.feeds.model_copy(update={"folder": Path(folder) / "feeds"})})


def _cpu(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return (time.process_time() - before) * 1000


if __name__ == "__main__":
    print(json.dumps(one_round()))
