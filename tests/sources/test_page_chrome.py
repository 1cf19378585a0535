"""No paper is lost because of the chrome of a page: its menus, buttons, counts and dates.

Much of the chrome in these tests is not in the lists of `notifier.sources.page.traits`.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import Entry, Layout, cleaned, lists_of_papers, seed_papers
from support.thoroughness import examples

from notifier.sources import parse_dump

REPEATABLE = settings(deadline=None, derandomize=True, max_examples=examples(100))

ABOVE = (
    *("Skip to main content", "Models", "Datasets", "Log In", "Sign Up", "new", "Subscribe", "Mar 11", "Hot this week"),
    *("Switch to dark mode", "Your reading list is empty", "Sort by: most recent", "We use cookies. Accept all?"),
    *("ADVERTISEMENT", "Friday, 3 Jul 2026", "Get trending papers in your email inbox!", "- - - - -"),
)
BELOW = (
    *("Previous", "Next", "1 2 3 ... 12", "© 2026 Example, Inc.", "All rights reserved.", "Terms · Privacy · Jobs"),
    *("Load more", "Back to top", "RSS", "Sign up for our newsletter", "https://example.org/imprint"),
)
BESIDE = (  # chrome next to one paper; {} stands for the number of the paper
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


@pytest.mark.slow
def test_at_most_one_paper_in_200_is_lost_to_chrome_above_and_below_the_papers() -> None:
    lost: list[Entry] = []
    papers = 0

    # Many examples, because a page that is read wrongly loses several papers at once.
    @settings(REPEATABLE, max_examples=400)
    @given(
        lists_of_papers(least=3),
        st.lists(st.sampled_from(ABOVE), max_size=6, unique=True),
        st.lists(st.sampled_from(BELOW), max_size=4, unique=True),
        st.integers(0, 2),
    )
    def count(entries: list[Entry], above: list[str], below: list[str], blanks: int) -> None:
        nonlocal papers
        page = Layout(before_title=blanks, before_abstract=blanks).render(entries, above, below)
        lost.extend(set(cleaned(entries)) - set(titles_and_abstracts(page)))
        papers += len(entries)

    count()
    # A short title below a menu can look like one more entry of the menu.
    assert len(lost) <= max(1, papers // 200), lost


@REPEATABLE
@given(
    st.lists(st.sampled_from(seed_papers()), min_size=2, max_size=10, unique=True),
    st.lists(st.sampled_from(BESIDE), min_size=1, max_size=4, unique=True),
    st.integers(0, 1),
)
def test_no_paper_is_lost_to_chrome_between_the_papers(entries: list[Entry], beside: list[str], blanks: int) -> None:
    lines: list[str] = []
    for number, (title, abstract) in enumerate(entries, 1):
        for line in (title, abstract, *(line.format(number) for line in beside)):
            lines += [line] + [""] * blanks
    assert set(cleaned(entries)) <= set(titles_and_abstracts("\n".join(lines)))


def test_chrome_between_a_title_and_its_abstract_is_no_record() -> None:
    entries = seed_papers()[:10]
    lines = [
        line
        for number, (title, abstract) in enumerate(entries, 3)
        for line in (title, f"{number} authors", "Ada Byron, Emmy Noether, Kurt Gödel", abstract)
    ]
    dump = parse_dump("\n".join(lines).encode())
    assert [(each.title, each.abstract) for each in dump.listings] == cleaned(entries)
    assert dump.listings[0].where == "lines 1, 4"
    assert [each.where for each in dump.chrome[:2]] == ["line 2", "line 3"]
    assert dump.skipped == ()


@pytest.mark.parametrize(
    ("line", "title"),
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
def test_subscribe_is_removed_only_if_it_precedes_the_title_without_a_space(line: str, title: str) -> None:
    page = Layout().render([(line, seed_papers()[0][1]), *seed_papers()[1:4]])
    assert titles_and_abstracts(page)[0][0] == title


def test_the_title_is_left_alone_if_subscribe_has_its_own_line() -> None:
    page = Layout().render([("SubscribeNet: Pub-Sub for Graph Networks", seed_papers()[0][1])], above=["Subscribe"])
    assert titles_and_abstracts(page)[0][0] == "SubscribeNet: Pub-Sub for Graph Networks"


def test_subscribe_is_not_removed_from_later_titles() -> None:
    page = Layout().render([*seed_papers()[1:4], ("SubscribeNet: Pub-Sub for Graph Networks", seed_papers()[0][1])])
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
    dump = parse_dump(Layout(1, 1).render(seed_papers()[:3], above=["new", "Subscribe", line]).encode())
    assert (dump.full_date and dump.full_date.isoformat(), dump.month_day) == dates


@pytest.mark.parametrize("link_first", [True, False])
@pytest.mark.parametrize(
    ("line", "linked", "found"),
    [
        ("Jul 1", "2026-06-30", "2026-07-01"),
        ("Feb 1", "2026-01-31", "2026-02-01"),
        ("Jan 1", "2025-12-29", "2026-01-01"),
        ("Dec 31", "2026-01-01", "2025-12-31"),
        ("Mar 1", "2028-02-29", "2028-03-01"),
        ("Mar 1", "2027-02-29", None),
        ("Mar 1", "2027-13-01", None),
        ("Feb 29", "2027-02-28", None),
        ("Jul 1", "2026-05-01", None),
    ],
)
def test_a_link_to_a_day_close_by_tells_the_year(line: str, linked: str, found: str | None, link_first: bool) -> None:
    link = f"https://huggingface.co/papers/date/{linked}"
    above, below = ([link, line], []) if link_first else ([line], [link])
    dump = parse_dump(Layout(1, 1).render(seed_papers()[:3], above=above, below=below).encode())
    assert (dump.full_date and dump.full_date.isoformat()) == found


def test_a_date_below_a_paper_is_not_the_date_of_the_page() -> None:
    dump = parse_dump(Layout(1, 1).render(seed_papers()[:3], below=["Sep 11, 2025"]).encode())
    assert dump.full_date is None
