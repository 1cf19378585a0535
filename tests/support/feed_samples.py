"""Sample feeds: papers with all or only some fields, and texts that break XML or HTML if they are not escaped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from lxml import etree
from support.paths import DATA

from notifier.feeds import Entry, Feed, Publisher
from notifier.feeds.entries import printable
from notifier.models import Paper

NEWEST = datetime(2026, 7, 6, 4, 30, 15, 250_000, tzinfo=UTC)
PUBLISHER = Publisher("Daily Papers", "papers@example.org")
ONLINE = replace(PUBLISHER, base_url="https://papers.example.org")
PAPER = Paper(
    id=1,
    key="2607.00001",
    title="Low-Bit Quantization for Everyone",
    abstract="We show that quantization to four bits is enough.",
    sequence=1,
    first_seen=NEWEST,
    listed_on=date(2026, 7, 6),
    arxiv_id="2607.00001",
    authors=("Ada Lovelace", "Alan Turing"),
    categories=("cs.LG", "cs.AI"),
    topics=frozenset({"quantization", "language-models"}),
)
TOPIC_TITLES = (("language-models", "Language Models"), ("quantization", "Quantization"))
# Fields of a paper that hold a URL or a DOI.
LINKED = {
    "pdf": "https://example.org/paper.pdf",
    "project": "https://example.org/project",
    "code": "https://github.com/example/code?a=1&b=2",
    "page": "https://example.org/talk",
    "doi": "10.1000/182",
}
HOSTILE = (
    "x < y and y > z",
    "Q&A with AT&T",
    "<script>alert(1)</script>",
    "Beyond <think>: no end",
    "a ]]> b <![CDATA[c]]>",
    "&lt;b&gt; &amp; &nbsp; &#60;",
    "<b>bold</b>",
    '<a href="javascript:alert(1)">x</a>',
    "<!-- --> <?xml version='1.0'?> &undefined;",
    "emoji \U0001f600 \U0001f469\u200d\U0001f52c",
    "数学 ∀x∈ℝ",
    "null \0 escape \x1b[31m next line \x85 bell \x07",
    "alone \ud800 \udfff and none \ufffe \uffff",
    "right \u202eot tfel\u202c",
    "line\nfeed\r\nand\ttab",
    "\ufeff\u200b",
    " ",
    "",
)
SHOWN = [text for text in HOSTILE if printable(text)]


def paper(number: int, **fields: object) -> Paper:
    """Return the sample paper with another id and these fields."""
    key = f"2607.{number:05}"
    named = replace(PAPER, id=number, key=key, arxiv_id=key, sequence=number)
    return replace(named, **fields)  # type: ignore[arg-type]


def entry(number: int = 1, **fields: object) -> Entry:
    """Return the entry of the paper that `paper` returns for these arguments."""
    return Entry(paper(number, **fields), f"2607.{number:05}", TOPIC_TITLES)


def seen(number: int, ago: timedelta) -> Entry:
    """Return an entry whose paper was first seen `ago` before NEWEST."""
    return entry(number, first_seen=NEWEST - ago)


def feed(*entries: Entry) -> Feed:
    """Return the feed of a topic with these entries."""
    return Feed("quantization", "Quantization", "Fewer bits.", entries)


def hostile_feed() -> Feed:
    """Return a feed with one entry for each hostile text, which is in all text fields of that entry."""
    entries = (
        entry(
            number,
            title=text,
            abstract=text,
            authors=(text, text, "Ada"),
            categories=(text,),
            topics=frozenset({text}),
            arxiv_id=text,
            url=f"https://example.org/{text}",
            pdf=f"https://example.org/pdf?{text}",
            code=text,
            doi=f"10.1000/{text}",
        )
        for number, text in enumerate(HOSTILE, start=1)
    )
    return Feed("hostile", HOSTILE[0], HOSTILE[1], tuple(entries))


def random_papers(count: int, seed: int) -> tuple[Entry, ...]:
    """Return entries of random text, some of it hostile; any field but the title may be missing."""
    random = Random(seed)
    return tuple(_random_entry(random, number) for number in range(1, count + 1))


def _random_entry(random: Random, number: int) -> Entry:
    authors = tuple(f"Author {letter}" for letter in "ABC"[: random.randrange(4)])
    return entry(
        number,
        title=f"Paper {number}: {_random_text(random)}",
        abstract=_random_text(random) if random.random() < 0.9 else "",
        authors=authors,
        categories=("cs.LG",) if random.random() < 0.5 else (),
        arxiv_id=None if random.random() < 0.5 else f"2607.{number:05}",
        url=random.choice([None, "https://example.org/a?b=1&c=2", "javascript:alert(1)"]),
        code=random.choice([None, "https://github.com/example/code?a=1&b=2", "mailto:ann@example.org"]),
        first_seen=NEWEST - timedelta(minutes=random.randrange(3000)),
    )


def _random_text(random: Random) -> str:
    pieces = (random.choice(HOSTILE) if random.random() < 0.4 else _random_word(random) for _ in range(12))
    return " ".join(pieces)


def _random_word(random: Random) -> str:
    ranges = random.choice([(0x61, 0x7B), (0x20, 0x7F), (0xA0, 0x250), (0x4E00, 0x9FFF), (0x1F300, 0x1F650)])
    return "".join(chr(random.randrange(*ranges)) for _ in range(random.randrange(1, 9)))


SAMPLES = [feed(entry()), feed(), hostile_feed(), feed(*random_papers(100, seed=1))]


def xml(content: bytes) -> etree._Element:
    """Parse XML strictly, and return its root element."""
    return etree.fromstring(content, etree.XMLParser(recover=False, resolve_entities=False, no_network=True))


def atom_schema() -> etree.RelaxNG:
    """Return the RELAX NG schema of Atom, from RFC 4287."""
    return etree.RelaxNG(etree.parse(DATA / "feeds" / "atom.rng"))
