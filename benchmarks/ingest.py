"""Part `ingest`: what a record costs from a feed's bytes to committed, tagged rows, in CPU time, beside peers.

The feed is made: 1,000 entries of the arXiv API, of the length, markup and number of authors of real ones, with words
that are as frequent as Zipf has them.

Parsing alone is measured beside feedparser, which is told to leave out what nobody asked for (sanitising HTML,
resolving addresses), and does not clean LaTeX, as this project does in its time. The whole is measured beside
sqlite-utils, which is given the parsed rows and inserts them with a full-text index of titles and abstracts, filled at
the end, which is its quickest way; both write ahead and with synchronous=FULL.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from itertools import accumulate
from pathlib import Path

import feedparser
import sqlite_utils

from benchmarks.measuring import ROUNDS, print_figures, rounds
from notifier import sources
from notifier.config import Config
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.tagging import tag
from notifier.store.identity import prepare
from notifier.store.schema import open_store
from notifier.topics import catalogue_of

ENTRIES = 1_000
SEED = 20260706
NOW = datetime(2026, 7, 6, tzinfo=UTC)

_SYLLABLES = (
    "al",
    "bor",
    "cen",
    "dif",
    "en",
    "fu",
    "gra",
    "he",
    "in",
    "ke",
    "lo",
    "mo",
    "net",
    "op",
    "ra",
    "sion",
    "ti",
)
_MARKUP = ("$\\alpha$-divergence", "2$\\times$", "\\textbf{robust}", "8.7\\%", "K\\\"onig's", "$O(n^{2})$", "naïve")


def run() -> None:
    """Print the figures of all rounds, the contenders taking turns."""
    figures = [_all_contenders() for _ in range(ROUNDS)]
    print_figures(f"ingest: a record of a feed of {ENTRIES:,}, CPU milliseconds", figures)


def _all_contenders() -> dict[str, float]:
    used: dict[str, float] = {}
    for contender in _CONTENDERS:
        used.update(rounds("benchmarks.ingest", contender, count=1)[0])
    whole = used["notifier: bytes to rows"]
    return {
        **used,
        "feedparser / notifier, parsing": used["feedparser: parse"] / used["notifier: parse and clean"],
        "notifier / sqlite-utils, rows": whole / used["sqlite-utils: rows and index"],
        "notifier / sqlite-utils, with topics": (whole + used["notifier: topics"])
        / used["sqlite-utils: rows and index"],
    }


def _parse(content: bytes) -> dict[str, float]:
    before = time.process_time()
    listings = sources.read(content).listings
    assert len(listings) == ENTRIES
    return {"notifier: parse and clean": time.process_time() - before}


def _feedparser(content: bytes) -> dict[str, float]:
    before = time.process_time()
    entries = feedparser.parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False).entries
    assert len(entries) == ENTRIES
    return {"feedparser: parse": time.process_time() - before}


def _notifier(content: bytes) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "feed.xml"
        file.write_bytes(content)
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        catalogue = catalogue_of(Config())
        before = time.process_time()
        assert ingest(engine, file, None, NOW).new == ENTRIES
        ingested = time.process_time()
        tag(engine, catalogue)
        tagged = time.process_time()
        engine.dispose()
    return {"notifier: bytes to rows": ingested - before, "notifier: topics": tagged - ingested}


def _sqlite_utils(content: bytes) -> dict[str, float]:
    rows = [_row(asdict(each.facts)) for each in prepare(sources.read(content), NOW.date(), "feed")]
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite_utils.Database(f"{folder}/papers.db")
        database.enable_wal()
        database.execute("PRAGMA synchronous = FULL")
        before = time.process_time()
        database.table("paper").insert_all(rows, pk="arxiv_id")
        database.table("paper").enable_fts(["title", "abstract"])
        return {"sqlite-utils: rows and index": time.process_time() - before}


def _row(facts: dict[str, object]) -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


_CONTENDERS = {"parse": _parse, "feedparser": _feedparser, "notifier": _notifier, "sqlite-utils": _sqlite_utils}


def feed() -> str:
    """An answer of the arXiv API, always the same."""
    chance = random.Random(SEED)
    entries = "".join(_entry(number, chance) for number in range(ENTRIES))
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/query</id>
  <title>arXiv Query: cat:cs.LG</title>
  <updated>2026-07-06T00:00:00Z</updated>
{entries}</feed>"""


_VOCABULARY = sorted({a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in ("", *_SYLLABLES)})
random.Random(SEED).shuffle(_VOCABULARY)
_WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(_VOCABULARY) + 1)))


def _entry(number: int, chance: random.Random) -> str:
    identifier = f"2607.{number:05}v1"
    authors = "".join(
        f"    <author>\n      <name>{_name(chance)}</name>\n    </author>\n" for _ in range(chance.randint(1, 9))
    )
    return f"""  <entry>
    <id>http://arxiv.org/abs/{identifier}</id>
    <title>{escape(_text(chance, 10, 0.003)).capitalize()}</title>
    <updated>2026-07-03T17:59:49Z</updated>
    <link href="https://arxiv.org/abs/{identifier}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{identifier}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{escape(_text(chance, 190, 0.0015))}</summary>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <category term="stat.ML" scheme="http://arxiv.org/schemas/atom"/>
    <published>2026-07-01T17:59:49Z</published>
    <arxiv:comment>{chance.randint(6, 40)} pages</arxiv:comment>
    <arxiv:primary_category term="cs.LG"/>
{authors}  </entry>
"""


def _text(chance: random.Random, length: int, markup: float) -> str:
    """Words, of which this share is marked up; at 0.0015, a quarter of the abstracts have some, as in real ones."""
    found = chance.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=length)
    return " ".join(chance.choice(_MARKUP) if chance.random() < markup else word for word in found)


def _name(chance: random.Random) -> str:
    return f"{chance.choice('ABCDEFGH')}. {chance.choice(('Müller', 'Lee', 'Garcia', 'Okafor', 'Novák', 'Smith'))}"


if __name__ == "__main__":
    seconds = _CONTENDERS[sys.argv[1]](feed().encode())
    print(json.dumps({name: used * 1000 / ENTRIES for name, used in seconds.items()}))
