"""Group the labelled lines of a page into papers, and find the link of each paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from notifier.sources.page.lines import PageLine, join_wrapped
from notifier.sources.page.probabilities import Label

_TITLE_LABELS = (Label.TITLE, Label.TITLE_CONTINUED, Label.TITLE_ONLY)
_ABSTRACT_LABELS = (Label.ABSTRACT, Label.ABSTRACT_CONTINUED, Label.ABSTRACT_PARAGRAPH)

_ID = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
_PAGES = r"(?:huggingface\.co/papers|(?:arxiv|alphaxiv)\.org/(?:abs|pdf|html))"
_PAPER_URL = re.compile(rf"(https?://(?:www\.)?{_PAGES}/{_ID})(?:[.#?].*)?")
_LABELLED_ID = re.compile(rf"(?i:arxiv): ?{_ID}(?:\s.*)?")


@dataclass(frozen=True, slots=True)
class PaperLink:
    """The arXiv id of a paper, without its version, and the URL that contains it, if there is one."""

    arxiv_id: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PagePaper:
    """One paper on a page: the lines of its title and abstract, and the other lines (chrome) between and below them."""

    title: tuple[PageLine, ...]
    between: tuple[PageLine, ...]
    abstract: tuple[PageLine, ...]
    below: tuple[PageLine, ...]

    @property
    def lines(self) -> tuple[PageLine, ...]:
        """The lines of the title and the abstract."""
        return self.title + self.abstract


def papers_of(lines: Sequence[PageLine], labels: Sequence[Label]) -> list[PagePaper]:
    """Return the head of the page, and then its papers in order.

    The head is a PagePaper in which only `below` is filled: with all lines before the first title.
    """
    starts = [index for index, label in enumerate(labels) if label in (Label.TITLE, Label.TITLE_ONLY)]
    bounds = pairwise([0, *starts, len(lines)])
    return [_paper(list(zip(lines[start:end], labels[start:end], strict=True))) for start, end in bounds]


def _paper(labelled: Sequence[tuple[PageLine, Label]]) -> PagePaper:
    """Return the paper that these lines belong to, each given with its label."""
    return PagePaper(
        title=tuple(line for line, label in labelled if label in _TITLE_LABELS),
        between=tuple(line for line, label in labelled if label is Label.CHROME_BETWEEN),
        abstract=tuple(line for line, label in labelled if label in _ABSTRACT_LABELS),
        below=tuple(line for line, label in labelled if label in (Label.CHROME, Label.UNTITLED_ABSTRACT)),
    )


def join_lines(lines: Iterable[PageLine]) -> str:
    """Join wrapped lines into one text."""
    return join_wrapped("\n".join(line.text for line in lines))


def format_line_numbers(lines: Sequence[PageLine]) -> str:
    """Return where lines are in the dump, such as `line 5`, `lines 5-6` or `lines 5, 7-9`.

    Blank lines do not interrupt a range.
    """
    runs: list[tuple[int, int]] = []
    for line in lines:
        # The cells of one row of a table have the same line number.
        is_next = runs and runs[-1][1] in (line.number - line.blanks - 1, line.number)
        first = runs.pop()[0] if is_next else line.number
        runs.append((first, line.last))
    places = ", ".join(f"{first}-{last}" if first < last else f"{first}" for first, last in runs)
    return f"{'line' if places.isdigit() else 'lines'} {places}"


def links_of(papers: Sequence[PagePaper]) -> list[PaperLink | None]:
    """Return the link of each paper, or None if the page does not show plainly which paper a link belongs to.

    `papers` begins with the head of the page. A link in or between the title and the abstract belongs to that paper. A
    link between two papers may belong to either. If there is a link below the last paper and none above the
    first, each link between two papers belongs to the paper above it. In the opposite case, it belongs to the paper
    below it. Otherwise, it belongs to no paper.
    """
    inside = [_first_link((*paper.title, *paper.between, *paper.abstract)) for paper in papers]
    outside = [_first_link(paper.below) for paper in papers]
    if outside[-1] and not outside[0]:
        return [link or below for link, below in zip(inside, outside, strict=True)]
    if outside[0] and not outside[-1]:
        return [link or above for link, above in zip(inside, [None, *outside[:-1]], strict=True)]
    return inside


def _first_link(lines: Iterable[PageLine]) -> PaperLink | None:
    """Return the first link to a paper, or None; a URL or id in the middle of a sentence is only a citation."""
    for line in lines:
        for link in line.links:
            if found := _PAPER_URL.fullmatch(link.url):
                return PaperLink(found[2], found[1])
        if found := _LABELLED_ID.fullmatch(line.text):
            return PaperLink(found[1], None)
    return None
