"""From labelled lines to papers: which lines each one has, and which paper each link speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from notifier.sources.page.lines import Line
from notifier.sources.page.odds import Label

_TITLES = (Label.TITLE, Label.TITLE_MORE, Label.ALONE)
_ABSTRACTS = (Label.ABSTRACT, Label.ABSTRACT_MORE, Label.PARAGRAPH)

_BROKEN_WORD = re.compile(r"(?<=[^\W_][-—–])\n(?!(?:and|or|to|versus|vs) )(?=\w)|(?<=\w--)\n(?=\w)|(?<=\w)\n(?=--\w)")
_ID = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
_PAGES = r"(?:huggingface\.co/papers|(?:arxiv|alphaxiv)\.org/(?:abs|pdf|html))"
_LINK = re.compile(rf"(https?://(?:www\.)?{_PAGES}/{_ID})(?:[.#?].*)?")
_NAMED = re.compile(rf"(?i:arxiv): ?{_ID}(?:\s.*)?")


@dataclass(frozen=True, slots=True)
class PaperLink:
    """An arXiv id, without version, and the address that it was read from, where there is one."""

    arxiv_id: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PagePaper:
    """The lines of one paper on a page, and the chrome between and below them."""

    title: tuple[Line, ...]
    between: tuple[Line, ...]
    abstract: tuple[Line, ...]
    below: tuple[Line, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is the paper's own."""
        return self.title + self.abstract


def papers_of(lines: Sequence[Line], labels: Sequence[Label]) -> list[PagePaper]:
    """The papers in order. The first has no title: what stands below it is the head of the page."""
    starts = [index for index, label in enumerate(labels) if label in (Label.TITLE, Label.ALONE)]
    bounds = pairwise([0, *starts, len(lines)])
    return [_paper(list(zip(lines[start:end], labels[start:end], strict=True))) for start, end in bounds]


def _paper(labelled: Iterable[tuple[Line, Label]]) -> PagePaper:
    labelled = list(labelled)
    return PagePaper(
        title=tuple(line for line, label in labelled if label in _TITLES),
        between=tuple(line for line, label in labelled if label is Label.BETWEEN),
        abstract=tuple(line for line, label in labelled if label in _ABSTRACTS),
        below=tuple(line for line, label in labelled if label in (Label.CHROME, Label.ORPHAN)),
    )


def joined(lines: Iterable[Line]) -> str:
    """Wrapped lines as one; a word broken at its own hyphen is whole again, but `short- and long-term` stays."""
    return _BROKEN_WORD.sub("", "\n".join(line.text for line in lines)).replace("\n", " ")


def where(lines: Sequence[Line]) -> str:
    """The places of lines in the dump: `lines 5-6`, or `lines 5, 7-9` where something else stands between them."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line.number - line.blanks - 1 == runs[-1][-1]:
            runs[-1].append(line.number)
        else:
            runs.append([line.number])
    places = ", ".join(f"{run[0]}-{run[-1]}" if run[1:] else f"{run[0]}" for run in runs)
    return f"{'lines' if lines[1:] else 'line'} {places}"


def links_of(papers: Sequence[PagePaper]) -> list[PaperLink | None]:
    """The link of each paper, as far as the page says plainly whose it is.

    A link on the paper's own lines is its own. One in the chrome between two papers belongs to the paper above where
    the page has such links below its last paper and none above its first, and to the one below in the opposite case.
    """
    own = [_first((*paper.title, *paper.between, *paper.abstract)) for paper in papers]
    chrome = [_first(paper.below) for paper in papers]
    if chrome[-1] and not chrome[0]:
        return [mine or below for mine, below in zip(own, chrome, strict=True)]
    if chrome[0] and not chrome[-1]:
        return [mine or above for mine, above in zip(own, [None, *chrome[:-1]], strict=True)]
    return own


def _first(lines: Iterable[Line]) -> PaperLink | None:
    """The first link to a paper; what prose merely cites is none."""
    for line in lines:
        for url in line.links:
            if found := _LINK.fullmatch(url):
                return PaperLink(found[2], found[1])
        if found := _NAMED.fullmatch(line.text):
            return PaperLink(found[1], None)
    return None
