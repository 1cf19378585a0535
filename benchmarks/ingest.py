"""Part `ingest`: the CPU time of one record, from the bytes of a feed to committed, tokenised and tagged rows.

The feed is generated. Its 1,000 entries are like those of the arXiv API in their length, their markup and the number of
their authors. The frequencies of the words follow Zipf's law.

Parsing alone is compared with feedparser. Two of its features, sanitising HTML and resolving addresses, are switched
off, because nothing here needs them. feedparser does not clean LaTeX; notifier does, and its figure includes that.

The whole ingest is compared with sqlite-utils, which gets the parsed rows, inserts them, and then fills a full-text
index of titles and abstracts; filling it last is the quickest way. Both write to SQLite with a write-ahead log and
synchronous=FULL. In one figure, sqlite-utils inserts only the papers; in the other, it also inserts the titles and
listings that notifier stores. sqlite-utils does not tokenise or tag.

The split measures the steps of the whole ingest one by one. Its step "SQL" finds the papers of the listings, and
writes and commits the rows.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import feedparser
import sqlite_utils
from sqlalchemy import Engine

from benchmarks.measuring import ROUNDS, print_figures, run_rounds
from notifier import sources
from notifier.config import Config
from notifier.matching import PaperIndex, QuerySet
from notifier.matching.block import Block
from notifier.matching.tokens import Tokens
from notifier.models import ListedOnFrom, Tags
from notifier.papers.identity import PreparedListing, prepare
from notifier.pipeline import ingest, settings_for, tag
from notifier.queries import Query
from notifier.sources import fields
from notifier.sources.cleaning import clean
from notifier.store import open_store, writing
from notifier.store.ingest import NewDump, add_dump
from notifier.text.words import folded_title
from notifier.topics import catalogue_of

ENTRIES = 1_000
SEED = 20260706
NOW = datetime(2026, 7, 6, tzinfo=UTC)
WHOLE = "notifier: bytes to tokenised, tagged rows"

Row = dict[str, object]
Tables = Mapping[str, tuple[str | tuple[str, ...], list[Row]]]  # the primary key and the rows of each table
T = TypeVar("T")

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
    """Print the figures of all rounds. The contenders take turns in each round."""
    figures = [_all_contenders() for _ in range(ROUNDS)]
    print_figures(f"ingest: a record of a feed of {ENTRIES:,}, CPU milliseconds", figures)


def _all_contenders() -> dict[str, float]:
    """Measure every contender once, in a separate process, and return the figures and their ratios."""
    used: dict[str, float] = {}
    for contender in _CONTENDERS:
        used.update(run_rounds("benchmarks.ingest", contender, count=1)[0])
    whole, parsed = used[WHOLE], used["notifier: parse and clean"]
    return {
        **used,
        "feedparser / notifier, parsing": used["feedparser: parse"] / parsed,
        "notifier / sqlite-utils, papers": whole / used["sqlite-utils: papers, index"],
        "notifier / sqlite-utils, same rows": whole / used["sqlite-utils: papers, titles, listings, index"],
    }


def _parse(content: bytes) -> dict[str, float]:
    before = time.process_time()
    listings = sources.parse_dump(content).listings
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
        config = Config()
        settings, catalogue = settings_for(engine, config), catalogue_of(config)
        before = time.process_time()
        assert ingest(engine, file, None, NOW, settings).new == ENTRIES
        assert tag(engine, catalogue) == 0
        used = time.process_time() - before
        engine.dispose()
    return {WHOLE: used}


def _split(content: bytes) -> dict[str, float]:
    """Measure each step of the whole ingest separately."""
    raw = _texts_to_clean(content)
    used: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        topic_queries = catalogue_of(Config()).parsed_queries.values()
        dump = _timed(used, "parse", lambda: sources.parse_dump(content))
        _timed(used, "clean", lambda: list(map(clean, raw)))
        used["parse"] -= used["clean"]
        listings = _timed(used, "prepare", lambda: prepare(dump, NOW.date(), "feed"))
        papers = [listing.facts for listing in listings]
        tokens = Tokens()
        tokenised = _timed(used, "tokenise", lambda: list(map(tokens.add, papers)))
        _timed(used, "topics", lambda: PaperIndex([Block(papers, tokens)]).match_all(_query_set(topic_queries)))
        all_tags = [Tags("by the benchmark", ("a-topic",), words) for words in tokenised]
        tagged = [replace(listing, tags=tags) for listing, tags in zip(listings, all_tags, strict=True)]
        _timed(used, "SQL", lambda: _store(engine, tagged))
        engine.dispose()
    return {f"  its split: {step}": seconds for step, seconds in used.items()}


def _texts_to_clean(content: bytes) -> list[str]:
    """Parse the feed, and return every text that is cleaned on the way."""
    raw: list[str] = []

    def record_and_clean(text: str) -> str:
        raw.append(text)
        return clean(text)

    with patch.object(fields, "clean", record_and_clean):
        sources.parse_dump(content)
    fields._clean_and_cache.cache_clear()
    return raw


def _timed(used: dict[str, float], step: str, run_step: Callable[[], T]) -> T:
    """Run a step, store its CPU seconds in `used`, and return its result."""
    before = time.process_time()
    result = run_step()
    used[step] = time.process_time() - before
    return result


def _query_set(queries: Iterable[Query]) -> QuerySet:
    query_set = QuerySet()
    for query in queries:
        query_set.add(query)
    return query_set


def _store(engine: Engine, listings: Sequence[PreparedListing]) -> None:
    with writing(engine) as connection:
        add_dump(connection, NewDump("feed", "feed.xml", "feed", NOW.date(), ListedOnFrom.CLOCK, NOW), listings)


def _sqlite_utils(content: bytes) -> dict[str, float]:
    papers = _paper_rows(content)
    return {"sqlite-utils: papers, index": _insert({"paper": ("arxiv_id", papers)})}


def _sqlite_utils_all(content: bytes) -> dict[str, float]:
    papers = _paper_rows(content)
    titles = [{"identity": folded_title(str(paper["title"])), "arxiv_id": paper["arxiv_id"]} for paper in papers]
    listings = [
        {"arxiv_id": paper["arxiv_id"], "dump": 1, "listed_on": paper["listed_on"], "position": position}
        for position, paper in enumerate(papers, 1)
    ]
    tables: Tables = {
        "paper": ("arxiv_id", papers),
        "title": ("identity", titles),
        "listing": (("dump", "position"), listings),
    }
    return {"sqlite-utils: papers, titles, listings, index": _insert(tables)}


def _paper_rows(content: bytes) -> list[Row]:
    """Parse the feed with notifier, and return its papers as rows for sqlite-utils."""
    prepared = prepare(sources.parse_dump(content), NOW.date(), "feed")
    return [
        {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(listing.facts).items()}
        for listing in prepared
    ]


def _insert(tables: Tables) -> float:
    """Insert the rows and index the titles and abstracts, and return the CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite_utils.Database(f"{folder}/papers.db")
        database.enable_wal()
        database.execute("PRAGMA synchronous = FULL")
        before = time.process_time()
        for name, (key, rows) in tables.items():
            database.table(name).insert_all(rows, pk=key)
        database.table("paper").enable_fts(["title", "abstract"])
        return time.process_time() - before


_CONTENDERS = {
    "parse": _parse,
    "feedparser": _feedparser,
    "notifier": _notifier,
    "split": _split,
    "sqlite-utils": _sqlite_utils,
    "sqlite-utils-all": _sqlite_utils_all,
}


def feed() -> str:
    """Return an answer of the arXiv API, the same at every call."""
    rng = random.Random(SEED)
    entries = "".join(_entry(number, rng) for number in range(ENTRIES))
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/query</id>
  <title>arXiv Query: cat:cs.LG</title>
  <updated>2026-07-06T00:00:00Z</updated>
{entries}</feed>"""


_VOCABULARY = sorted({a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in ("", *_SYLLABLES)})
random.Random(SEED).shuffle(_VOCABULARY)
_WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(_VOCABULARY) + 1)))


def _entry(number: int, rng: random.Random) -> str:
    identifier = f"2607.{number:05}v1"
    authors = "".join(
        f"    <author>\n      <name>{_name(rng)}</name>\n    </author>\n" for _ in range(rng.randint(1, 9))
    )
    return f"""  <entry>
    <id>http://arxiv.org/abs/{identifier}</id>
    <title>{escape(_text(rng, 10, 0.003)).capitalize()}</title>
    <updated>2026-07-03T17:59:49Z</updated>
    <link href="https://arxiv.org/abs/{identifier}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{identifier}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{escape(_text(rng, 190, 0.0015))}</summary>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <category term="stat.ML" scheme="http://arxiv.org/schemas/atom"/>
    <published>2026-07-01T17:59:49Z</published>
    <arxiv:comment>{rng.randint(6, 40)} pages</arxiv:comment>
    <arxiv:primary_category term="cs.LG"/>
{authors}  </entry>
"""


def _text(rng: random.Random, length: int, markup: float) -> str:
    """Return a text of `length` words. A share of them, about `markup`, is replaced by markup.

    With a share of 0.0015, a quarter of the abstracts have some markup, as in real feeds.
    """
    words = rng.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=length)
    return " ".join(rng.choice(_MARKUP) if rng.random() < markup else word for word in words)


def _name(rng: random.Random) -> str:
    return f"{rng.choice('ABCDEFGH')}. {rng.choice(('Müller', 'Lee', 'Garcia', 'Okafor', 'Novák', 'Smith'))}"


if __name__ == "__main__":
    content = feed().encode()
    gc.freeze()  # so that the garbage collector does not visit objects of modules that this contender does not use
    seconds = _CONTENDERS[sys.argv[1]](content)
    print(json.dumps({name: used * 1000 / ENTRIES for name, used in seconds.items()}))
