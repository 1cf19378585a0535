"""Collect the values that every form of a citation needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from notifier.citations.names import CitedName, cited_name
from notifier.models import Paper
from notifier.text.harmless import inert, safe_url
from notifier.text.paper_links import has_arxiv_page, other_links, paper_url

# An arXiv id begins with the year and the month: 2509.01234, or before April 2007 hep-th/9901001.
_ARXIV_ID = re.compile(r"\A(?:(?P<archive>[a-z-]++)(?:\.[A-Z]{2})?/)?(?P<year>\d\d)(?P<month>\d\d)[.\d]\d+", re.ASCII)
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]+(?:-[a-z]+)*)?", re.ASCII)
_FIRST_YEAR_OF_ARXIV = 91


class CitedDay(NamedTuple):
    """The day of a paper; `month` and `day` are 0 if they are not known."""

    year: int
    month: int = 0
    day: int = 0

    def joined(self, separator: str) -> str:
        """Return the parts that are known, such as `2025/09/11`."""
        known = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part)]
        return separator.join(known)


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation of a paper says, without control characters; what is not known is empty or None.

    `primary_class` is the arXiv category of the paper. `url` is the page of the paper, and `pdf` the URL of the PDF.
    """

    key: str
    title: str
    authors: tuple[CitedName, ...]
    day: CitedDay | None
    arxiv_id: str
    primary_class: str
    doi: str
    url: str
    pdf: str
    abstract: str
    keywords: tuple[str, ...]


def citation_of(paper: Paper) -> Citation:
    """Return the citation of a paper."""
    is_at_arxiv = has_arxiv_page(paper)
    return Citation(
        key=paper.key,
        title=inert(paper.title),
        authors=tuple(cited_name(author) for author in paper.authors if any(map(str.isalnum, author))),
        day=_day(paper),
        arxiv_id=(paper.arxiv_id or "") if is_at_arxiv else "",
        primary_class=_primary_class(paper) if is_at_arxiv else "",
        doi=inert(paper.doi or ""),
        url=paper_url(paper),
        pdf=safe_url(paper.pdf) or next((link.url for link in other_links(paper) if link.label == "PDF"), ""),
        abstract=inert(paper.abstract),
        keywords=tuple(map(inert, paper.keywords)),
    )


def _day(paper: Paper) -> CitedDay | None:
    """Return the day of the paper itself; without one, the month that its arXiv id names."""
    if paper.published:
        return CitedDay(paper.published.year, paper.published.month, paper.published.day)
    found = _ARXIV_ID.fullmatch(paper.arxiv_id or "")
    if not found or not 1 <= int(found["month"]) <= 12:
        return None
    year = int(found["year"])
    return CitedDay(year + (1900 if year >= _FIRST_YEAR_OF_ARXIV else 2000), int(found["month"]))


def _primary_class(paper: Paper) -> str:
    """Return the first category; without one, the archive that an old arXiv id names."""
    first = paper.categories[0] if paper.categories else ""
    if _CATEGORY.fullmatch(first):
        return first
    found = _ARXIV_ID.fullmatch(paper.arxiv_id or "")
    return (found["archive"] or "") if found else ""
