"""Part `ingest`: what a record costs from a feed's bytes to committed, tokenised and tagged rows, beside peers.

All figures are CPU time. The feed is made: 1,000 entries of the arXiv API, of the length, markup and number of authors
of real ones, with words that are as frequent as Zipf has them.

Parsing alone is measured beside feedparser, which is told to leave out what nobody asked for (sanitising HTML,
resolving addresses), and does not clean LaTeX, as this project does in its time. The whole is measured beside
sqlite-utils, which is given the parsed rows and inserts them with a full-text index of titles and abstracts, filled at
the end, which is its quickest way; both write ahead and with synchronous=FULL. It is given the papers alone, and then
also the titles and listings that this project writes beside them; of tokens and topics it knows nothing.

The split does the same steps one by one; SQL is to place the listings among the papers, and to write and commit them.
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

from benchmarks.measuring import ROUNDS, print_figures, rounds
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
Tables = Mapping[str, tuple[str | tuple[str, ...], list[Row]]]  # by name: the primary key, and the rows
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
    """Print the figures of all rounds, the contenders taking turns."""
    figures = [_all_contenders() for _ in range(ROUNDS)]
    print_figures(f"ingest: a record of a feed of {ENTRIES:,}, CPU milliseconds", figures)


def _all_contenders() -> dict[str, float]:
    used: dict[str, float] = {}
    for contender in _CONTENDERS:
        used.update(rounds("benchmarks.ingest", contender, count=1)[0])
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
        settings, catalogue = settings_for(config), catalogue_of(config)
        before = time.process_time()
        assert ingest(engine, file, None, NOW, settings).new == ENTRIES
        assert tag(engine, catalogue) == 0
        used = time.process_time() - before
        engine.dispose()
    return {WHOLE: used}


def _split(content: bytes) -> dict[str, float]:
    """The steps of the whole one after the other, each on its own."""
    raw = _what_is_cleaned(content)
    used: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        asked = catalogue_of(Config()).parsed_queries.values()
        dump = _timed(used, "parse", lambda: sources.parse_dump(content))
        _timed(used, "clean", lambda: list(map(clean, raw)))
        used["parse"] -= used["clean"]
        listings = _timed(used, "prepare", lambda: prepare(dump, NOW.date(), "feed"))
        papers = [each.facts for each in listings]
        tokens = Tokens()
        tokenised = _timed(used, "tokenise", lambda: list(map(tokens.add, papers)))
        _timed(used, "topics", lambda: PaperIndex([Block(papers, tokens)]).match_all(_query_set(asked)))
        tags = [Tags("by the benchmark", ("a-topic",), each) for each in tokenised]
        tagged = [replace(each, tags=own) for each, own in zip(listings, tags, strict=True)]
        _timed(used, "SQL", lambda: _store(engine, tagged))
        engine.dispose()
    return {f"  its split: {step}": seconds for step, seconds in used.items()}


def _what_is_cleaned(content: bytes) -> list[str]:
    """Every text that is made plain while the feed is parsed."""
    raw: list[str] = []

    def noted(text: str) -> str:
        raw.append(text)
        return clean(text)

    with patch.object(fields, "clean", noted):
        sources.parse_dump(content)
    fields._clean_and_cache.cache_clear()
    return raw


def _timed(used: dict[str, float], step: str, work: Callable[[], T]) -> T:
    before = time.process_time()
    result = work()
    used[step] = time.process_time() - before
    return result


def _query_set(asked: Iterable[Query]) -> QuerySet:
    queries = QuerySet()
    for query in asked:
        queries.add(query)
    return queries


def _store(engine: Engine, listings: Sequence[PreparedListing]) -> None:
    with writing(engine) as connection:
        add_dump(connection, NewDump("feed", "feed.xml", "feed", NOW.date(), ListedOnFrom.CLOCK, NOW), listings)


def _sqlite_utils(content: bytes) -> dict[str, float]:
    papers = _peer_papers(content)
    return {"sqlite-utils: papers, index": _insert({"paper": ("arxiv_id", papers)})}


def _sqlite_utils_all(content: bytes) -> dict[str, float]:
    papers = _peer_papers(content)
    titles = [{"identity": folded_title(str(each["title"])), "arxiv_id": each["arxiv_id"]} for each in papers]
    listings = [
        {"arxiv_id": each["arxiv_id"], "dump": 1, "listed_on": each["listed_on"], "position": position}
        for position, each in enumerate(papers, 1)
    ]
    tables: Tables = {
        "paper": ("arxiv_id", papers),
        "title": ("identity", titles),
        "listing": (("dump", "position"), listings),
    }
    return {"sqlite-utils: papers, titles, listings, index": _insert(tables)}


def _peer_papers(content: bytes) -> list[Row]:
    prepared = prepare(sources.parse_dump(content), NOW.date(), "feed")
    return [
        {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(each.facts).items()}
        for each in prepared
    ]


def _insert(tables: Tables) -> float:
    """The seconds that it takes to put these rows in, and to index the papers' titles and abstracts."""
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
    content = feed().encode()
    gc.freeze()  # no contender pays for a collection of what the others' modules made
    seconds = _CONTENDERS[sys.argv[1]](content)
    print(json.dumps({name: used * 1000 / ENTRIES for name, used in seconds.items()}))
