"""Read copied pages of papers in many layouts and encodings, with damage, and refuse other texts."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paths import CHECKOUT
from support.service import SEEDS
from support.thoroughness import examples

from notifier import sources
from notifier.errors import DumpError
from notifier.models import ParsedDump

CHROME = ("Log In", "Sign Up", "Upvote", "Trending Papers", "View all activity", "Submitted by", "12 authors", "·")
ADJECTIVES = [
    "neural",
    "sparse",
    "quantum",
    "graph",
    "diffusion",
    "tensor",
    "robust",
    "causal",
    "latent",
    "Bayesian",
    "modular",
    "recurrent",
]
NOUNS = [
    "Networks",
    "Models",
    "Agents",
    "Circuits",
    "Solvers",
    "Transformers",
    "Kernels",
    "Programs",
    "Proofs",
    "Benchmarks",
]


def entries_of(dump: ParsedDump) -> list[tuple[str, str]]:
    """Return the titles and abstracts of a dump."""
    return [(listing.title, listing.abstract) for listing in dump.listings]


SEED_PAPERS = [paper for seed in SEEDS for paper in entries_of(sources.parse_dump(seed.read_bytes()))]


@pytest.mark.parametrize(("seed", "listings"), [(SEEDS[0], 209), (SEEDS[1], 94), (SEEDS[2], 94)])
def test_every_line_of_a_seed_belongs_to_a_paper_or_is_chrome(seed: Path, listings: int) -> None:
    dump = sources.parse_dump(seed.read_bytes())
    assert len(dump.listings) == listings
    lines = [line for line in seed.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert not dump.skipped
    assert 2 * listings + len(dump.chrome) == len(lines)
    assert all(each.reason for each in dump.chrome)
    places = [listing.where for listing in dump.listings] + [each.where for each in dump.chrome]
    numbers = [number for place in places for number in re.findall(r"\d+", place)]
    assert len(set(numbers)) == len(numbers), "no line is counted twice"


def test_the_word_subscribe_is_removed_only_if_the_title_follows_without_a_space() -> None:
    assert entries_of(sources.parse_dump(SEEDS[0].read_bytes()))[0][0].startswith("Accelerate High-Quality")
    entries = [("Subscriber Churn in Mobile Networks", SEED_PAPERS[0][1]), SEED_PAPERS[1], SEED_PAPERS[2]]
    assert entries_of(sources.parse_dump(render(entries).encode())) == entries


def test_a_date_without_a_year_is_read() -> None:
    assert sources.parse_dump(SEEDS[1].read_bytes()).month_day == (3, 11)
    assert sources.parse_dump(SEEDS[0].read_bytes()).month_day is None


def render(entries: list[tuple[str, str]], gap: str = "\n", between: str = "\n", head: str = "", foot: str = "") -> str:
    """Return a page with `gap` after each title, `between` between papers, and `head` and `foot` around them."""
    return head + between.join(f"{title}{gap}{abstract}\n" for title, abstract in entries) + foot


lists_of_entries = st.lists(st.sampled_from(SEED_PAPERS), min_size=3, max_size=12, unique_by=lambda paper: paper[0])


@settings(deadline=None, max_examples=examples(60))
@given(
    entries=lists_of_entries,
    blanks=st.integers(0, 3),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    trailing=st.sampled_from(["", "  ", "\t"]),
    head=st.lists(st.sampled_from(CHROME), max_size=4, unique=True),
)
def test_papers_are_read_from_every_layout(  # noqa: PLR0913, PLR0917 - one argument for each property of a layout
    entries: list[tuple[str, str]], blanks: int, ends: str, encoding: str, trailing: str, head: list[str]
) -> None:
    gap = "\n" * (blanks + 1)
    text = render(entries, gap, "\n" * blanks, "".join(f"{line}\n" for line in head))
    content = text.replace("\n", f"{trailing}{ends}").encode(encoding)
    assert entries_of(sources.parse_dump(content)) == entries


titles = st.builds(
    lambda words, noun, end: " ".join([*words, noun]).capitalize() + end,
    st.lists(st.sampled_from(ADJECTIVES), min_size=2, max_size=6, unique=True),
    st.sampled_from(NOUNS),
    st.sampled_from(["", "", "?", ": A Study", " for 3D Vision"]),
)


@settings(deadline=None, max_examples=examples(60))
@given(names=st.lists(titles, min_size=4, max_size=12, unique=True))
def test_invented_papers_are_read(names: list[str]) -> None:
    entries = [
        (
            name,
            f"We study {name.casefold().strip('?')} in depth. Our experiments show that this works well in practice.",
        )
        for name in names
    ]
    assert entries_of(sources.parse_dump(render(entries).encode())) == entries
    assert entries_of(sources.parse_dump(render(entries, "\n\n").encode())) == entries


def damage(lines: list[str], kind: str, index: int) -> list[str]:
    """Return the lines with one line missing, doubled or wrapped."""
    line = lines[index]
    if kind == "missing":
        return lines[:index] + lines[index + 1 :]
    if kind == "doubled":
        return [*lines[:index], line, *lines[index:]]
    middle = line.find(" ", len(line) // 2)
    return lines if middle < 0 else [*lines[:index], line[:middle], line[middle + 1 :], *lines[index + 1 :]]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["missing", "doubled", "wrapped"])
@pytest.mark.parametrize("seed", SEEDS[:2], ids=["without blank lines", "with blank lines"])
def test_at_most_one_paper_is_lost_if_a_line_is_damaged(kind: str, seed: Path) -> None:
    lines = seed.read_text(encoding="utf-8").splitlines()
    before = entries_of(sources.parse_dump(seed.read_bytes()))
    candidates = [index for index, line in enumerate(lines) if index > 12 and line.strip()]
    for index in random.Random(1).sample(candidates, examples(40)):
        after = entries_of(sources.parse_dump("\n".join(damage(lines, kind, index)).encode()))
        lost = [paper for paper in before if paper not in after]
        assert len(lost) <= 1, f"line {index + 1} was {kind}; lost: {[title for title, _ in lost]}"


def test_no_paper_is_lost_to_chrome_between_the_papers() -> None:
    entries = SEED_PAPERS[:8]
    noise = ["Upvote", "42", "Aug 12, 2025", "· 7 authors", "https://example.org/x"]
    text = "".join(
        f"{line}\n{title}\n{abstract}\n" for line, (title, abstract) in zip(noise * 2, entries, strict=False)
    )
    found = entries_of(sources.parse_dump(text.encode()))
    assert [title for title, _ in found] == [title for title, _ in entries]


def test_the_same_title_twice_is_listed_twice() -> None:
    entries = [*SEED_PAPERS[:4], SEED_PAPERS[1], SEED_PAPERS[5]]
    assert [title for title, _ in entries_of(sources.parse_dump(render(entries).encode()))] == [
        title for title, _ in entries
    ]


def test_positions_count_up_in_the_order_of_the_page() -> None:
    positions = [listing.position for listing in sources.parse_dump(SEEDS[1].read_bytes()).listings]
    assert all(after == before + 1 for before, after in pairwise(positions))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"\x00\x01\x02\x03" * 100,
        b"hello",
        b'{"papers": [1, 2, 3]}',
        b"name,age\nann,3\nbob,4\ncid,5\n" * 20,
        b"<!doctype html><html><body><p>Hello there.</p></body></html>",
        b"import os\n\n\ndef main() -> None:\n    print(os.getcwd())\n\n\nmain()\n" * 10,
        b"2026-07-06 08:00:00 INFO started\n2026-07-06 08:00:01 WARNING slow\n" * 50,
        b'[project]\nname = "notifier"\ndependencies = [\n    "jinja2>=3.1",\n    "numpy>=2.1",\n]\n',
        (CHECKOUT / "Makefile").read_bytes(),
        (CHECKOUT / "pyproject.toml").read_bytes(),
    ],
)
def test_a_text_that_is_not_a_page_of_papers_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(DumpError) as caught:
        sources.parse_dump(content)
    assert len(str(caught.value)) > 10


@pytest.mark.slow
def test_a_hostile_text_is_parsed_or_refused_in_reasonable_time() -> None:
    for piece in (b"a\n", b"$", b"\\", b"{", b"<", b"(", b"The Title of a Paper\n", b"We do it. So do you. "):
        try:
            sources.parse_dump(piece * (1_000_000 // len(piece)))
        except DumpError as error:
            assert str(error)
