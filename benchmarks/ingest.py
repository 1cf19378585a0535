"""Part `ingest`: from a feed's bytes to clean listings, beside feedparser, in CPU time.

The feed is made: 1,000 entries of the arXiv API, of the length, markup and number of authors of real ones. Both give
titles, abstracts, authors, categories and dates; feedparser is told to leave out what nobody asked for (sanitising
HTML, resolving addresses), and does not clean LaTeX, which this project's time includes.
"""

from __future__ import annotations

import json
import random
import sys
import time
from html import escape
from io import BytesIO

import feedparser

from benchmarks.measuring import ROUNDS, print_figures, rounds
from notifier import sources

ENTRIES = 1_000
SEED = 20260706
CONTENDERS = ("notifier", "feedparser")

_TEXT = (
    "we present a method for learning models of large graphs with sparse attention that improves accuracy on several "
    "benchmarks while reducing cost and memory during training and inference across tasks and languages"
)
_WORDS = _TEXT.split()
_MARKUP = ("$\\alpha$-divergence", "2$\\times$", "\\textbf{robust}", "8.7\\%", "K\\\"onig's", "$O(n^{2})$", "naïve")


def run() -> None:
    """Print the figures of all rounds, the contenders taking turns."""
    figures = [_all_contenders() for _ in range(ROUNDS)]
    print_figures(f"ingest: parsing a feed of {ENTRIES:,} entries, CPU milliseconds", figures)


def _all_contenders() -> dict[str, float]:
    used: dict[str, float] = {}
    for contender in CONTENDERS:
        used.update(rounds("benchmarks.ingest", contender, count=1)[0])
    return {**used, "feedparser / notifier": used["feedparser"] / used["notifier"]}


def one_round(contender: str) -> dict[str, float]:
    """CPU milliseconds from bytes to entries."""
    content = feed().encode()
    before = time.process_time()
    count = _notifier(content) if contender == "notifier" else _feedparser(content)
    used = (time.process_time() - before) * 1000
    assert count == ENTRIES
    return {contender: used}


def _notifier(content: bytes) -> int:
    return len(sources.read(content).listings)


def _feedparser(content: bytes) -> int:
    return len(feedparser.parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False).entries)


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
    return " ".join(chance.choice(_MARKUP if chance.random() < markup else _WORDS) for _ in range(length))


def _name(chance: random.Random) -> str:
    return f"{chance.choice('ABCDEFGH')}. {chance.choice(('Müller', 'Lee', 'Garcia', 'Okafor', 'Novák', 'Smith'))}"


if __name__ == "__main__":
    print(json.dumps(one_round(sys.argv[1])))
