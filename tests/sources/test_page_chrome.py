"""What else a page shows costs no paper, whether it was seen before or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import Entry, Layout, cleaned, papers, seed_papers

from notifier.sources import parse_dump

STEADY = settings(deadline=None, derandomize=True, max_examples=100)

ABOVE = (
    *("Skip to main content", "Models", "Datasets", "Log In", "Sign Up", "new", "Subscribe", "Mar 11", "Hot this week"),
    *("Switch to dark mode", "Your reading list is empty", "Sort by: most recent", "We use cookies. Accept all?"),
    *("ADVERTISEMENT", "Friday, 3 Jul 2026", "Get trending papers in your email inbox!", "- - - - -"),
)
BELOW = (
    *("Previous", "Next", "1 2 3 ... 12", "© 2026 Example, Inc.", "All rights reserved.", "Terms · Privacy · Jobs"),
    *("Load more", "Back to top", "RSS", "Sign up for our newsletter", "https://example.org/imprint"),
)
BESIDE = (  # the chrome of one paper, by its number
    *("{}", "{} authors", "Upvote", "·", "Submitted by reader{}", "Published on Jun {}, 2026", "▲ {} points"),
    *(
        "https://example.org/papers/{}",
        "{} min read",
        "Add to collection",
        "#{}",
        "Ada Byron, Emmy Noether, Kurt Gödel",
    ),
)


def titles_and_abstracts(page: str) -> list[Entry]:
    return [(listing.title, listing.abstract) for listing in parse_dump(page.encode()).listings]


@STEADY
@given(
    papers(least=3),
    st.lists(st.sampled_from(ABOVE), max_size=6, unique=True),
    st.lists(st.sampled_from(BELOW), max_size=4, unique=True),
    st.integers(0, 2),
)
def test_chrome_above_and_below_costs_no_paper(
    entries: list[Entry], above: list[str], below: list[str], blanks: int
) -> None:
    page = Layout(before_title=blanks, before_abstract=blanks).lay(entries, above, below)
    assert set(cleaned(entries)) <= set(titles_and_abstracts(page))


@STEADY
@given(
    st.lists(st.sampled_from(seed_papers()), min_size=2, max_size=10, unique=True),
    st.lists(st.sampled_from(BESIDE), min_size=1, max_size=4, unique=True),
    st.integers(0, 1),
)
def test_chrome_between_papers_costs_no_paper(entries: list[Entry], beside: list[str], blanks: int) -> None:
    lines: list[str] = []
    for place, (title, abstract) in enumerate(entries):
        for line in (title, abstract, *(line.format(place + 1) for line in beside)):
            lines += [line] + [""] * blanks
    assert set(cleaned(entries)) <= set(titles_and_abstracts("\n".join(lines)))


def test_chrome_between_a_title_and_its_abstract_is_skipped() -> None:
    entries = seed_papers()[:10]
    lines = [
        line
        for place, (title, abstract) in enumerate(entries)
        for line in (title, f"{place + 3} authors", "Ada Byron, Emmy Noether, Kurt Gödel", abstract)
    ]
    dump = parse_dump("\n".join(lines).encode())
    assert [(each.title, each.abstract) for each in dump.listings] == cleaned(entries)
    assert dump.listings[0].where == "lines 1, 4"
    assert [each.where for each in dump.skipped[:2]] == ["line 2", "line 3"]


@pytest.mark.parametrize(
    ("glued", "title"),
    [
        ("SubscribeAccelerate High-Quality Diffusion Models", "Accelerate High-Quality Diffusion Models"),
        ("SubscribexLSTM: Extended Long Short-Term Memory", "xLSTM: Extended Long Short-Term Memory"),
        ("Subscribe3D Gaussians for Everyone", "3D Gaussians for Everyone"),
        ("SubscribeSubscriber Churn in Graph Networks", "Subscriber Churn in Graph Networks"),
        ("Get trending papers in your email inbox!SubscribeGraphs of Graphs", "Graphs of Graphs"),
        ("Subscriber churn prediction with graph networks", "Subscriber churn prediction with graph networks"),
        ("Subscribe to This: A Study of Newsletters", "Subscribe to This: A Study of Newsletters"),
        ("Subscribed Users and Their Graphs", "Subscribed Users and Their Graphs"),
    ],
)
def test_subscribe_is_cut_off_only_where_it_is_glued_on(glued: str, title: str) -> None:
    page = Layout().lay([(glued, seed_papers()[0][1]), *seed_papers()[1:4]])
    assert titles_and_abstracts(page)[0][0] == title


def test_nothing_is_cut_off_where_subscribe_has_a_line_of_its_own() -> None:
    page = Layout().lay([("SubscribeNet: Pub-Sub for Graph Networks", seed_papers()[0][1])], above=["Subscribe"])
    assert titles_and_abstracts(page)[0][0] == "SubscribeNet: Pub-Sub for Graph Networks"


def test_nothing_is_cut_off_a_title_further_down() -> None:
    page = Layout().lay([*seed_papers()[1:4], ("SubscribeNet: Pub-Sub for Graph Networks", seed_papers()[0][1])])
    assert titles_and_abstracts(page)[3][0] == "SubscribeNet: Pub-Sub for Graph Networks"


@pytest.mark.parametrize(
    ("line", "dates"),
    [
        ("Sep 11", (None, (9, 11))),
        ("Thursday, September 11", (None, (9, 11))),
        ("11 Sep", (None, (9, 11))),
        ("Sep 11, 2025", ("2025-09-11", None)),
        ("11 September 2025", ("2025-09-11", None)),
        ("2025-09-11", ("2025-09-11", None)),
        ("Feb 29", (None, (2, 29))),
        ("Feb 30", (None, None)),
        ("https://huggingface.co/papers/date/2026-03-24", (None, None)),
    ],
)
def test_a_date_in_the_head_is_the_date_of_the_page(
    line: str, dates: tuple[str | None, tuple[int, int] | None]
) -> None:
    dump = parse_dump(Layout(1, 1).lay(seed_papers()[:3], above=["new", "Subscribe", line]).encode())
    assert (dump.full_date and dump.full_date.isoformat(), dump.month_day) == dates


def test_a_date_below_a_paper_is_not_the_date_of_the_page() -> None:
    dump = parse_dump(Layout(1, 1).lay(seed_papers()[:3], below=["Sep 11, 2025"]).encode())
    assert dump.full_date is None
