"""Find the facts that a copied page shows beside each paper: counts, authors, the day, and the code's repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from notifier.sources import fields
from notifier.sources.page.head import parse_date
from notifier.sources.page.lines import PageLine
from notifier.sources.page.link_marks import PageLink
from notifier.sources.page.papers import PagePaper, PaperLink
from notifier.sources.page.traits import is_list_of_names

_UPVOTE_LINK = re.compile(r"\Ahttps?://\S+/login\?next=(?:%2F|/)papers(?:%2F|/)([^\s%/&#]+)", re.IGNORECASE)
_COMMENTS_LINK = re.compile(r"\Ahttps?://\S+/papers/([^\s#]+)#community")
_WRITTEN_COUNT = r"(\d{1,3}(?:,\d{3})++|\d{1,7}(?:\.\d{1,2})?[kK]?)"
_COUNT = re.compile(rf"(?:\[-\]\s*|▲\s*)?{_WRITTEN_COUNT}(?:\s*(?:up)?votes?)?", re.IGNORECASE)
_COUNT_AT_END = re.compile(rf"\A(?:.*\s)?{_WRITTEN_COUNT}(?:\s*comments?)?", re.IGNORECASE)
_NUMBER_AT_END = re.compile(r"(\d[\d,]{0,12}(?:\.\d{1,2})?)([kK])?\s*\Z")
_REPOSITORY = re.compile(r"https?://(?:www\.)?(?:github|gitlab)\.com/[\w.-]+/[\w.-]+(?:/|\.git)?", re.IGNORECASE)
_BUTTON = re.compile(r"(?:(?:github|gitlab|code|repo(?:sitory)?|stars?|⭐|★)[\s:]*){0,3}[\d.,]*[kK]?", re.IGNORECASE)
_LABELLED_UPVOTES = re.compile(r"(?i:(\d{1,7}) (?:up)?votes?|(?:up)?votes?:? (\d{1,7}))")
_AUTHORS_LABEL = re.compile(r"(?:authors?|by):?\s+", re.IGNORECASE)
_ET_AL = re.compile(r"(?:,|(?<!\s))\s++et al\.?$")
_MONTH_OF_ID = re.compile(r"(\d\d)(\d\d)\.\d+")


@dataclass(frozen=True, slots=True)
class PageFacts:
    """The facts about one paper; a fact that the page does not show is None or empty."""

    upvotes: int | None = None
    comments: int | None = None
    authors: tuple[str, ...] = ()
    published: date | None = None
    code: str | None = None
    stars: int | None = None


def facts_of(papers: Sequence[PagePaper], links: Sequence[PaperLink | None]) -> list[PageFacts]:
    """Return the facts about each paper of a page, in the order of `papers`.

    `papers` begins with the head of the page, as `papers_of` returns it, so the result begins with empty facts. A count
    belongs to the paper that it links to. Authors have no links. They belong to a paper if they are between its title
    and its abstract. Names below an abstract are the paper's authors only if the page also has names below its last
    paper and none in its head. Dates have no links either. A paper's date is the first one between its title and the
    next title. Its repository is the first one there, too. But if the head of the page has a repository and the last
    paper has none, each repository belongs to the title below it.
    """
    chrome = [line for paper in papers for line in (*paper.between, *paper.below)]
    upvotes = dict(_linked_counts(chrome, _UPVOTE_LINK, _COUNT))
    comments = dict(_linked_counts(chrome, _COMMENTS_LINK, _COUNT_AT_END))
    has_names_below = bool(_authors(papers[-1].below)) and not _authors(papers[0].below)
    repositories = _repositories(papers)
    facts = [PageFacts()]
    for paper, link, repository in zip(papers[1:], links[1:], repositories[1:], strict=True):
        arxiv_id = link.arxiv_id if link else ""
        facts.append(
            PageFacts(
                upvotes=upvotes.get(arxiv_id, _labelled_upvotes(paper.between)),
                comments=comments.get(arxiv_id),
                authors=_authors(paper.between) or (_authors(paper.below) if has_names_below else ()),
                published=_first_date((*paper.between, *paper.below), arxiv_id),
                code=repository and repository.url,
                stars=_number(repository.text) if repository else None,
            )
        )
    return facts


def _linked_counts(
    lines: Sequence[PageLine], url_pattern: re.Pattern[str], count: re.Pattern[str]
) -> Iterator[tuple[str, int]]:
    """Yield pairs: the arXiv id of a paper, and a count that links to this paper.

    The link is part of the line of the count, or is alone on the next line.
    """
    for line, next_line in pairwise([*lines, PageLine(0, "")]):
        links = line.links
        if any(next_line.text == link.url for link in next_line.links):
            links += next_line.links
        for link in links:
            paper = url_pattern.fullmatch(link.url)
            found = count.fullmatch(link.text or line.text)
            if paper and found and (number := _number(found[1])) is not None:
                yield paper[1], number


def _repositories(papers: Sequence[PagePaper]) -> list[PageLink | None]:
    """Return the link to the repository of each paper, such as `[GitHub 131](url)`, or None."""
    inside = [_first_repository(paper.between) for paper in papers]
    outside = [_first_repository(paper.below) for paper in papers]
    if outside[0] and not outside[-1]:
        outside = [None, *outside[:-1]]
    return [within or other for within, other in zip(inside, outside, strict=True)]


def _first_repository(lines: Iterable[PageLine]) -> PageLink | None:
    links = (link for line in lines for link in line.links)
    return next((link for link in links if _REPOSITORY.fullmatch(link.url) and _BUTTON.fullmatch(link.text)), None)


def _number(text: str) -> int | None:
    """Return the number at the end of a text, also one such as `1.2k`; None if there is none."""
    found = _NUMBER_AT_END.search(text)
    if found is None:
        return None
    return round(float(found[1].replace(",", "")) * (1000 if found[2] else 1))


def _labelled_upvotes(lines: Iterable[PageLine]) -> int | None:
    """Return the count of the first line like `12 upvotes`, or None if there is no such line."""
    found = next(filter(None, (_LABELLED_UPVOTES.fullmatch(line.text) for line in lines)), None)
    return int(found[1] or found[2]) if found else None


def _authors(lines: Iterable[PageLine]) -> tuple[str, ...]:
    """Return the names in the first line that is a list of names."""
    line = next((line.text for line in lines if is_list_of_names(line.text)), "")
    names = _ET_AL.sub("", _AUTHORS_LABEL.sub("", line, count=1))
    return fields.split_names(names.replace("·", ",").replace("•", ","))


def _first_date(lines: Iterable[PageLine], arxiv_id: str) -> date | None:
    """Return the first date in the lines, or None if there is none or its year is unknown.

    A date without a year gets the year that brings it nearest to the month in the arXiv id.
    """
    for line, next_line in pairwise([*lines, PageLine(0, "")]):
        if any(_UPVOTE_LINK.fullmatch(link.url) for link in line.links) or not (found := _date_of(line, next_line)):
            continue
        year, month, day = found
        years = [year] if year else _years_near(arxiv_id, month)
        return next(iter(_valid_dates(years, month, day)), None)
    return None


def _date_of(line: PageLine, next_line: PageLine) -> tuple[int | None, int, int] | None:
    """Return the year, month and day of a line that is a date, also if the date is wrapped."""
    found = parse_date(line.text)
    return found or (parse_date(f"{line.text} {next_line.text}") if next_line.text and not next_line.blanks else None)


def _years_near(arxiv_id: str, month: int) -> list[int]:
    """Return three years, beginning with the one in which `month` is nearest to the month in the arXiv id."""
    id_month = _MONTH_OF_ID.match(arxiv_id)
    if id_month is None:
        return []
    id_year = 2000 + int(id_month[1])
    return sorted(
        (id_year - 1, id_year, id_year + 1),
        key=lambda year: abs((year - id_year) * 12 + month - int(id_month[2])),
    )


def _valid_dates(years: Iterable[int], month: int, day: int) -> Iterator[date]:
    """Yield the day in each year that has it."""
    for year in years:
        try:
            yield date(year, month, day)
        except ValueError:
            continue
