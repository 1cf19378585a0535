"""Pages as other tools copy them: what stands between the lines is the paper's that it belongs to."""

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


def dump(text: str) -> ParsedDump:
    found = parse_dump(text.encode())
    assert [(each.title, each.abstract) for each in found.listings] == list(zip(TITLES, ABSTRACTS, strict=True))
    return found


def facts(listing: Listing) -> tuple[int | None, int | None, date | None]:
    return listing.upvotes, listing.comments, listing.published


def test_a_markdown_copy_tells_upvotes_comments_and_days() -> None:
    found = dump(MARKDOWN)
    assert [facts(each) for each in found.listings] == [
        (101, 6, date(2026, 5, 29)),
        (None, None, date(2025, 12, 31)),  # the year that is nearest to the month of its id
    ]
    assert [each.page for each in found.listings] == [f"{HUB}/papers/2606.00001", f"{HUB}/papers/2601.00002"]
    assert found.full_date == date(2026, 10, 2)


def test_a_plain_copy_tells_upvotes_comments_and_days() -> None:
    found = dump(PLAIN)
    assert [facts(each) for each in found.listings] == [
        (12, None, date(2024, 10, 7)),
        (None, 10, date(2018, 2, 24)),
    ]
    assert found.full_date == date(2026, 3, 25)


def test_a_page_that_links_to_no_other_day_has_no_year() -> None:
    found = dump(PLAIN.replace("2026-03-24", "2026-08-24"))
    assert (found.full_date, found.month_day) == (None, (3, 25))


@pytest.mark.parametrize("line", ["Ann Lee, Bo Chen", "Authors: Ann Lee, Bo Chen", "Ann Lee \u00b7 Bo Chen"])
def test_names_between_title_and_abstract_are_the_authors(line: str) -> None:
    text = "\n\n".join(f"{title}\n{line}\n{abstract}" for title, abstract in zip(TITLES, ABSTRACTS, strict=True))
    assert [each.authors for each in dump(text).listings] == [("Ann Lee", "Bo Chen")] * 2


def test_names_below_each_paper_are_its_authors() -> None:
    text = f"{TITLES[0]}\n{ABSTRACTS[0]}\nAnn Lee, Bo Chen\n\n{TITLES[1]}\n{ABSTRACTS[1]}\nCy Young, Di Wu\n"
    assert [each.authors for each in dump(text).listings] == [("Ann Lee", "Bo Chen"), ("Cy Young", "Di Wu")]
