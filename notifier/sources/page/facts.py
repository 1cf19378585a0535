"""What a copied page tells of a paper between the lines: upvotes, comments, authors and its own day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from notifier.sources import fields
from notifier.sources.page.head import day_in
from notifier.sources.page.lines import Line
from notifier.sources.page.papers import PagePaper, PaperLink
from notifier.sources.page.traits import is_names

_VOTE = re.compile(r"https?://\S+/login\?next=%2Fpapers%2F([^\s%]+)")
_TALK = re.compile(r"https?://\S+/papers/([^\s#]+)#community")
_COUNT = re.compile(r"(?:\[-\]\s*)?(\d{1,7})")
_LAST_COUNT = re.compile(r"(?:.*\s)?(\d{1,7})")
_LABELLED_VOTES = re.compile(r"(?i:(\d{1,7}) (?:up)?votes?|(?:up)?votes?:? (\d{1,7}))")
_LABEL = re.compile(r"(?:authors?|by):?\s+", re.IGNORECASE)
_AT_ITS_END = re.compile(r",?\s+et al\.?$")
_MONTH_OF_ID = re.compile(r"(\d\d)(\d\d)\.\d+")


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the lines around a paper say of it; what they do not say is None or empty."""

    upvotes: int | None = None
    comments: int | None = None
    authors: tuple[str, ...] = ()
    published: date | None = None


def facts_of(papers: Sequence[PagePaper], links: Sequence[PaperLink | None]) -> list[PageFacts]:
    """The facts about each paper of a page; the first stands for the head of the page, and has none.

    A count belongs to the paper whose address it links to. Authors and a date are a paper's where they stand between
    its title and abstract, or below it on a page that has such lines below its last paper.
    """
    chrome = [line for paper in papers for line in (*paper.between, *paper.below)]
    votes, talks = dict(_counts(chrome, _VOTE, _COUNT)), dict(_counts(chrome, _TALK, _LAST_COUNT))
    has_names_below = bool(_authors(papers[-1].below)) and not _authors(papers[0].below)
    found = [PageFacts()]
    for paper, link in zip(papers[1:], links[1:], strict=True):
        arxiv_id = link.arxiv_id if link else ""
        found.append(
            PageFacts(
                upvotes=votes.get(arxiv_id, _labelled_votes(paper.between)),
                comments=talks.get(arxiv_id),
                authors=_authors(paper.between) or (_authors(paper.below) if has_names_below else ()),
                published=_day((*paper.between, *paper.below), arxiv_id),
            )
        )
    return found


def _counts(lines: Sequence[Line], address: re.Pattern[str], count: re.Pattern[str]) -> Iterator[tuple[str, int]]:
    """The counts that link to papers, by id: the link is on the line itself, or is the next line."""
    for line, following in pairwise([*lines, Line(0, "")]):
        own = (link for each in (line, following) if each is line or each.text in each.links for link in each.links)
        paper = next(filter(None, map(address.fullmatch, own)), None)
        number = count.fullmatch(line.text)
        if paper and number:
            yield paper[1], int(number[1])


def _labelled_votes(lines: Iterable[Line]) -> int | None:
    found = next(filter(None, (_LABELLED_VOTES.fullmatch(line.text) for line in lines)), None)
    return int(found[1] or found[2]) if found else None


def _authors(lines: Iterable[Line]) -> tuple[str, ...]:
    """The names in the first line of names."""
    line = next((line.text for line in lines if is_names(line.text)), "")
    return fields.people(_AT_ITS_END.sub("", _LABEL.sub("", line, count=1)).replace("·", ",").replace("•", ","))


def _day(lines: Iterable[Line], arxiv_id: str) -> date | None:
    """The first date; without a year, of the one that is nearest to the month of an arXiv id."""
    for line in lines:
        if any(_VOTE.fullmatch(link) for link in line.links) or not (found := _date_at_start(line)):
            continue
        year, month, day = found
        years = [year] if year else _years_near(arxiv_id, month)
        return next(iter(_dates(years, month, day)), None)
    return None


def _date_at_start(line: Line) -> tuple[int | None, int, int] | None:
    """A line that is a date, or a date and a count of comments."""
    talk = any(_TALK.fullmatch(link) for link in line.links)
    return day_in(line.text) or (day_in(line.text.rpartition(" ")[0]) if talk else None)


def _years_near(arxiv_id: str, month: int) -> list[int]:
    of_id = _MONTH_OF_ID.match(arxiv_id)
    if of_id is None:
        return []
    year = 2000 + int(of_id[1])
    return sorted((year - 1, year, year + 1), key=lambda each: abs((each - year) * 12 + month - int(of_id[2])))


def _dates(years: Iterable[int], month: int, day: int) -> Iterator[date]:
    for year in years:
        try:
            yield date(year, month, day)
        except ValueError:
            continue
