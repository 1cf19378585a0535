"""Copies of one page by many programs give the same papers: Markdown of several kinds, and the text of browsers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.errors import DumpError
from notifier.models import Listing
from notifier.sources import parse_dump
from notifier.sources.page.lines import lines_of

HUB = "https://huggingface.co"
TITLES = ("[Re] Forgetful Graph Networks for Long-Term Memory", "Remembering Everything with Language Models")
ABSTRACTS = (
    "We introduce graph networks that forget edges on request [1], and show that they are accurate.",
    "We study language models that remember everything, and propose a benchmark for their memory.",
)
IDS = ("2606.00001", "2601.00002")
URLS = tuple(f"{HUB}/papers/{each}" for each in IDS)
VOTES = tuple(f"{HUB}/login?next=%2Fpapers%2F{each}" for each in IDS)
FACTS = [(65, 2, date(2024, 7, 24)), (7, 13, date(2026, 10, 4))]

INLINE = f"""# [Daily Papers]({HUB}/papers)

[
65
]({VOTES[0]})

### [\\[Re\\] Forgetful Graph Networks for Long-Term Memory]({URLS[0]})

[{ABSTRACTS[0]}]({URLS[0]})

Jul 24, 2024 [2]({URLS[0]}#community)

[7]({VOTES[1]})

### [Remembering Everything with Language Models]({URLS[1]} "A paper")

[{ABSTRACTS[1]}](<{URLS[1]}>)

· Published on Oct 4, 2026[ 13 ]({URLS[1]}#community)
"""
UNESCAPED_AND_WRAPPED = f"""# Daily Papers

[ 65 ]({HUB}/login?next=%2Fpapers
%2F{IDS[0]})

### [ [Re] Forgetful Graph Networks for Long-
Term Memory
]({URLS[0]})

[We introduce graph networks that forget edges on
request [1], and show that they are accurate.
]({URLS[0]})

Published on Jul 24,
2024[ ![](/icon.svg) 2
]({URLS[0]}#community)

[ 7 ]({VOTES[1]})

### [ Remembering Everything with Language
Models ]({URLS[1]})

[We study language models that remember
everything, and propose a benchmark for their memory.]({URLS[1]})

Oct 4, 2026 · [13]({URLS[1]}#community)
"""
REFERENCES = f"""### Daily Papers

[
65
][35]

### [[Re] Forgetful Graph Networks for Long-Term Memory][32]

[{ABSTRACTS[0]}][32]

Jul 24, 2024[ 2 ][33]

[

7

][ 36 ]

### [Remembering Everything with Language Models][]

{ABSTRACTS[1]}

Published on Oct 4, 2026 [13]

[35]: {VOTES[0]}
[32]: <{URLS[0]}>
 [33]: {URLS[0]}#community 'Comments'
[36]:
    {VOTES[1]}
[remembering everything with
language models]: {URLS[1]}
[13]: {URLS[1]}#community
"""
LISTS = f"""---
source: {HUB}/papers
---
1. **[{TITLES[0]}]({URLS[0]})**
   - [65]({VOTES[0]})
   > {ABSTRACTS[0]}
   * Jul 24, 2024
   * [2]({URLS[0]}#community)
2. **[{TITLES[1]}]({URLS[1]})**
   - [7]({VOTES[1]})
   > {ABSTRACTS[1]}
   * Oct 4, 2026
   * [13]({URLS[1]}#community)
"""
FENCES = f"""<div>

### Daily Papers

::: {{.card}}
[]({VOTES[0]})

::: {{}}
65
:::

### [\\[Re\\] Forgetful Graph Networks for Long\\-Term Memory]({URLS[0]})

[]({URLS[0]})

We introduce graph networks that forget edges on request \\[1\\], and
show that they are accurate.

<span class="day">Jul 24, 2024</span>[![](data:image/svg+xml;base64,PHN2Zz4=)
2]({URLS[0]}#community)
:::

[]({VOTES[1]})

7

### [Remembering Everything with Language Models]({URLS[1]})

{ABSTRACTS[1]}

<!-- end -->Oct 4, 2026[13]({URLS[1]}#community)

</div>
"""
NUMBERED = f"""   [1]Hugging Face

                                [2]Daily Papers

   [3]65

[4][Re] Forgetful Graph Networks for Long-Term Memory

   [5]

   We introduce graph networks that forget edges on request [1], and show that
   they are accurate.
   Jul 24, 2024[6] 2
   [7]7

[8]Remembering Everything with Language Models

   [9]We study language models that remember everything, and propose a
   benchmark for their memory.
   Published on Oct 4, 2026 [10]13

References

   Visible links:
   1. {HUB}/
   2. {HUB}/papers
   3. {HUB}/login?next=/papers/{IDS[0]}
   4. {URLS[0]}
   5. {URLS[0]}
   6. {URLS[0]}#community
   7. {HUB}/login?next=/papers/{IDS[1]}
   8. {URLS[1]}
   9. {URLS[1]}
  10. {URLS[1]}#community
"""
URLS_IN_BRACKETS = f"""   [{HUB}/papers]Daily Papers

   [{VOTES[0]}]65

[{URLS[0]}][Re] Forgetful Graph Networks for Long-Term Memory

   [{URLS[0]}]

   {ABSTRACTS[0]}
   Jul 24, 2024[{URLS[0]}#community] 2
   [{VOTES[1]}]7

[{URLS[1]}]Remembering Everything with Language Models

   {ABSTRACTS[1]}
   Published on Oct 4, 2026 [{URLS[1]}#community]13
"""
COPIES = {
    "inline": INLINE,
    "wrapped": UNESCAPED_AND_WRAPPED,
    "references": REFERENCES,
    "lists": LISTS,
    "fences": FENCES,
    "numbered": NUMBERED,
    "URLs in brackets": URLS_IN_BRACKETS,
}


def facts_about(listing: Listing) -> tuple[int | None, int | None, date | None]:
    return listing.upvotes, listing.comments, listing.published


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", COPIES)
def test_every_copy_of_a_page_gives_the_same_papers(name: str, line_end: str) -> None:
    listings = parse_dump(COPIES[name].replace("\n", line_end).encode()).listings
    assert [(each.title, each.abstract) for each in listings] == list(zip(TITLES, ABSTRACTS, strict=True))
    assert [facts_about(each) for each in listings] == FACTS
    assert [each.arxiv_id for each in listings] == list(IDS)


def test_the_lines_of_a_wrapped_link_are_counted() -> None:
    places = [each.where for each in parse_dump(UNESCAPED_AND_WRAPPED.encode()).listings]
    assert places == ["lines 6-11", "lines 20-24"]


PAIR = [*zip(TITLES, ABSTRACTS, strict=True)]


def titles_with(title: str) -> list[str]:
    """Return the titles of an inline copy in which the link of the first title has this text."""
    copy = INLINE.replace("\\[Re\\] Forgetful Graph Networks for Long-Term Memory", title)
    return [listing.title for listing in parse_dump(copy.encode()).listings]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (r"\[Re\] Forgetful Graph Networks", "[Re] Forgetful Graph Networks"),
        ("[Re] Forgetful [Graph] Networks", "[Re] Forgetful [Graph] Networks"),
        (r"Forgetful\_Graph \* Networks \> Others", "Forgetful_Graph * Networks > Others"),
        (r"1\. Forgetful Graph Networks \#1", "1. Forgetful Graph Networks #1"),
        ("**Forgetful** *Graph* Networks", "Forgetful Graph Networks"),
        (r"$O(n^2)$ Forgetful \\emph{Graph} Networks", "O(n^2) Forgetful Graph Networks"),
        (r"A\* Search and f\[x\](y) in Graph Networks", "A* Search and f[x](y) in Graph Networks"),
        ("A Graph Network f[x](y) and Its Memory", "A Graph Network f[x](y) and Its Memory"),
        (r"Today\'s \"Forgetful\" Graph Networks\' Memory", "Today's \"Forgetful\" Graph Networks' Memory"),
        ("Forgetful Graphs![](https://example.org/a_(b).png) and Networks", "Forgetful Graphs and Networks"),
    ],
)
def test_the_marks_and_escapes_of_a_title_are_removed(written: str, title: str) -> None:
    assert titles_with(written) == [title, TITLES[1]]


def test_a_footnote_is_the_link_of_its_line() -> None:
    copy = INLINE.replace(f'[{TITLES[1]}]({URLS[1]} "A paper")', f"{TITLES[1]}[^1]") + f"\n[^1]: {URLS[1]}\n"
    listings = parse_dump(copy.encode()).listings
    assert [(each.title, each.arxiv_id) for each in listings] == list(zip((TITLES[0], TITLES[1]), IDS, strict=True))


def test_the_repository_beside_a_paper_is_its_code() -> None:
    code = "https://github.com/example/forgetful-graphs"
    copy = INLINE.replace(
        "#community)\n\n[7]", f"#community)\n\n[GitHub 1.2k]({code}) [![](/x.svg)arXiv Page](/a)\n\n[7]"
    )
    first, second = parse_dump(copy.encode()).listings
    assert (first.code, first.stars, second.code, second.stars) == (code, 1200, None, None)
    assert (first.title, first.abstract, facts_about(first)) == (TITLES[0], ABSTRACTS[0], FACTS[0])


@pytest.mark.parametrize(
    "line", ["[GitHub 131]({})", "[ ![](/g.svg)\nGitHub\n131\n]({})", "[131]({}/)", "[Code: 131]({}.git)"]
)
def test_a_repository_may_be_above_the_title(line: str) -> None:
    codes = [f"https://github.com/example/{name}" for name in ("forgetful", "remembering")]
    copy = INLINE.replace("[\n65", f"{line.format(codes[0])}\n\n[\n65").replace(
        "[7]", f"{line.format(codes[1])}\n\n[7]"
    )
    listings = parse_dump(copy.encode()).listings
    assert [(each.title, each.stars) for each in listings] == [(title, 131) for title in TITLES]
    assert [(each.code or "").removesuffix("/").removesuffix(".git") for each in listings] == codes


def test_the_links_in_the_foot_of_a_page_are_no_code() -> None:
    copy = INLINE + "\n[GitHub](https://github.com/example)\n\n[About us](https://github.com/example/site)\n"
    assert [each.code for each in parse_dump(copy.encode()).listings] == [None, None]


@pytest.mark.parametrize(
    ("written", "count"), [("1,024", 1024), ("1.2k", 1200), ("▲ 65", 65), ("65 upvotes", 65), ("-", None)]
)
def test_upvotes_are_read_however_they_are_written(written: str, count: int | None) -> None:
    assert parse_dump(INLINE.replace("\n65\n", f"\n{written}\n").encode()).listings[0].upvotes == count


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("· Published on Oct 4, 2026", date(2026, 10, 4)),
        ("12 authors · Submitted on 4 Oct 2026 ·", date(2026, 10, 4)),
        ("Posted: October 4th, 2026", date(2026, 10, 4)),
        ("on Sunday, Oct 4, 2026", date(2026, 10, 4)),
        ("Oct 4 | 3 comments", date(2025, 10, 4)),
        ("2026-10-04 GitHub 12 arXiv Page", date(2026, 10, 4)),
        ("Release of Oct 4, 2026", None),
    ],
)
def test_the_day_of_a_paper_may_have_words_around_it(written: str, day: date | None) -> None:
    copy = INLINE.replace(f"· Published on Oct 4, 2026[ 13 ]({URLS[1]}#community)", written)
    assert parse_dump(copy.encode()).listings[1].published == day


@pytest.mark.parametrize(
    "head",
    [
        f"Title: Daily Papers\n\nURL Source: {HUB}/papers/date/2026-10-02\n\nMarkdown Content:\n",
        f'---\ntitle: "Daily Papers"\nsource: "{HUB}/papers/date/2026-10-02"\ncreated: 2026-11-30\n---\n',
    ],
)
def test_the_address_of_the_page_tells_its_day(head: str) -> None:
    dump = parse_dump((head + INLINE).encode())
    assert dump.full_date == date(2026, 10, 2)
    assert [each.title for each in dump.listings] == list(TITLES)


TABLE = f"""## Daily Papers

| # | Title | Abstract | Code |
|---|:------|---------:|------|
| 1 | [{TITLES[0]}]({URLS[0]}) | {ABSTRACTS[0]} | [GitHub 5](https://github.com/example/a) |
| 2 | [{TITLES[1]}]({URLS[1]}) | {ABSTRACTS[1]} | |
"""
BULLETS = f"""## Daily Papers

- [{TITLES[0]}]({URLS[0]}) (65 upvotes)
  - **Authors:** Ann Lee, Ann Lee
  - **Abstract:** {ABSTRACTS[0]}
- [{TITLES[1]}]({URLS[1]}) (7 upvotes)
  - **Authors:** Ann Lee, Bo Chen
  - **Abstract:** {ABSTRACTS[1]}
"""


def test_each_row_of_a_table_is_a_paper() -> None:
    listings = parse_dump(TABLE.encode()).listings
    assert [(each.title, each.abstract, each.arxiv_id) for each in listings] == list(
        zip(TITLES, ABSTRACTS, IDS, strict=True)
    )
    assert [(each.where, each.stars) for each in listings] == [("line 5", 5), ("line 6", None)]


def test_labels_and_counts_beside_titles_and_abstracts_are_removed() -> None:
    listings = parse_dump(BULLETS.encode()).listings
    assert [(each.title, each.abstract, each.arxiv_id) for each in listings] == list(
        zip(TITLES, ABSTRACTS, IDS, strict=True)
    )
    assert [(each.upvotes, each.authors) for each in listings] == [
        (65, ("Ann Lee", "Ann Lee")),
        (7, ("Ann Lee", "Bo Chen")),
    ]


def test_citations_in_the_plain_text_of_a_page_stay() -> None:
    text = f"{TITLES[0]}\n{ABSTRACTS[0]}\n\n{TITLES[1]}\n{ABSTRACTS[1]}\n\nReferences\n\n1. A book about graphs.\n"
    assert parse_dump(text.encode()).listings[0].abstract == ABSTRACTS[0]


PIECES = (
    *("[", "]", "](", ")", "![", "][", "[]", "]:", ": ", "\\", "\n", " ", "(", "<", ">", "^", "1", "[1]", "[1]: "),
    *(
        "https://example.org/",
        "References\n",
        "1. https://a.org\n",
        "*",
        "**",
        "_",
        "# ",
        "- ",
        "\x02",
        "0",
        "\x03",
        "\x04",
    ),
)


@settings(deadline=None, max_examples=examples(300))
@example("References\n1. https://a.org\n[")
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_line_of_broken_markdown_is_counted_twice_or_left_out(broken: str) -> None:
    lines = list(lines_of(broken))
    assert [line.number - line.blanks - 1 for line in lines[1:]] == [line.last for line in lines[:-1]]
    assert all(line.text.strip() == line.text != "" for line in lines)
    assert not any(mark in line.text for line in lines for mark in "\x02\x03\x04")


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["[", "]", "](", "[a](", "![](", "[a][", "[a]: b\n", "[[", "]]", "[a\n](b)", "[a](b\n", "[^1]"]
)
def test_a_long_run_of_brackets_is_read_in_linear_time(unit: str) -> None:
    with pytest.raises(DumpError):
        parse_dump((unit * (400_000 // len(unit))).encode())
