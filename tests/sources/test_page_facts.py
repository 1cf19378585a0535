"""Read upvotes, comments, authors and dates beside each paper of a copied page."""

from __future__ import annotations

from datetime import date

import pytest

from notifier.models import Listing, ParsedDump
from notifier.sources import parse_dump

HUB = "https://huggingface.co"
ABSTRACTS = (
    "We introduce graph networks that forget edges on request, and show that they are accurate.",
    "We study language models that remember everything, and propose a benchmark for their memory.",
)
TITLES = ("Forgetful Graph Networks", "Remembering Everything with Language Models")
MARKDOWN = f"""# Daily Papers

Oct 2

[101]({HUB}/login?next=%2Fpapers%2F2606.00001)

### [{TITLES[0]}]({HUB}/papers/2606.00001)

[{ABSTRACTS[0]}]({HUB}/papers/2606.00001)

\u00b7

May 29[6]({HUB}/papers/2606.00001#community)

[-]({HUB}/login?next=%2Fpapers%2F2601.00002)

### [{TITLES[1]}]({HUB}/papers/2601.00002)

[{ABSTRACTS[1]}]({HUB}/papers/2601.00002)

\u00b7

Dec 31

[Previous]({HUB}/papers/date/2026-10-01)
"""
PLAIN = f"""Daily Papers

{HUB}/papers/date/2026-03-24

Mar 25

 [-] 12

{HUB}/login?next=%2Fpapers%2F2410.00001

{TITLES[0]}

{HUB}/papers/2410.00001

{ABSTRACTS[0]}

{HUB}/papers/2410.00001

[

2 authors]({HUB}/papers/2410.00001)

Oct 7, 2024

 [-] -

{HUB}/login?next=%2Fpapers%2F1802.00002

{TITLES[1]}

{HUB}/papers/1802.00002

{ABSTRACTS[1]}

{HUB}/papers/1802.00002

Feb 24, 2018

10

{HUB}/papers/1802.00002#community
"""


def parse_both_papers(text: str) -> ParsedDump:
    """Parse a page, and check that it has the two papers of this module."""
    dump = parse_dump(text.encode())
    assert [(each.title, each.abstract) for each in dump.listings] == list(zip(TITLES, ABSTRACTS, strict=True))
    return dump


def facts_about(listing: Listing) -> tuple[int | None, int | None, date | None]:
    return listing.upvotes, listing.comments, listing.published


def test_a_markdown_copy_has_upvotes_comments_and_dates() -> None:
    dump = parse_both_papers(MARKDOWN)
    assert [facts_about(each) for each in dump.listings] == [
        (101, 6, date(2026, 5, 29)),
        (None, None, date(2025, 12, 31)),  # the December that is nearest to the month in the paper's id
    ]
    assert [each.page for each in dump.listings] == [f"{HUB}/papers/2606.00001", f"{HUB}/papers/2601.00002"]
    assert dump.full_date == date(2026, 10, 2)


def test_a_plain_copy_has_upvotes_comments_and_dates() -> None:
    dump = parse_both_papers(PLAIN)
    assert [facts_about(each) for each in dump.listings] == [
        (12, None, date(2024, 10, 7)),
        (None, 10, date(2018, 2, 24)),
    ]
    assert dump.full_date == date(2026, 3, 25)


def test_the_date_of_a_page_has_no_year_if_no_link_to_a_nearby_day_shows_it() -> None:
    dump = parse_both_papers(PLAIN.replace("2026-03-24", "2026-08-24"))
    assert (dump.full_date, dump.month_day) == (None, (3, 25))


@pytest.mark.parametrize("line", ["Ann Lee, Bo Chen", "Authors: Ann Lee, Bo Chen", "Ann Lee \u00b7 Bo Chen"])
def test_names_between_a_title_and_its_abstract_are_the_authors(line: str) -> None:
    text = "\n\n".join(f"{title}\n{line}\n{abstract}" for title, abstract in zip(TITLES, ABSTRACTS, strict=True))
    assert [each.authors for each in parse_both_papers(text).listings] == [("Ann Lee", "Bo Chen")] * 2


def test_names_below_each_paper_are_its_authors() -> None:
    text = f"{TITLES[0]}\n{ABSTRACTS[0]}\nAnn Lee, Bo Chen\n\n{TITLES[1]}\n{ABSTRACTS[1]}\nCy Young, Di Wu\n"
    assert [each.authors for each in parse_both_papers(text).listings] == [
        ("Ann Lee", "Bo Chen"),
        ("Cy Young", "Di Wu"),
    ]
