"""Read page text: the text on the clipboard after someone copies a web page that lists papers.

Nothing in such a text marks a line as a title, as an abstract, or as chrome (anything else on the page, such as buttons
and counts). The lines are therefore labelled by statistics, in these steps:

1. `markdown` and `text_browser` take the links out of the text, and `lines` splits it into lines. `traits` describes
   each line, and `seams` each place between two lines.
2. `labels` finds the most probable labels of all lines. `probabilities` lists how often titles, abstracts and chrome
   have each trait and seam.
3. `papers` groups the lines into papers. `facts` and `head` read what the chrome says about each paper and the page.
4. `evidence` refuses the text if the result does not look like papers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import PAGE_TEXT, Listing, ParsedDump, Skipped
from notifier.sources.cleaning import clean
from notifier.sources.format import Format
from notifier.sources.page.evidence import reason_to_refuse, recognise_other_kind
from notifier.sources.page.facts import PageFacts, facts_of
from notifier.sources.page.head import page_dates, remove_buttons
from notifier.sources.page.labels import label_lines
from notifier.sources.page.lines import PageLine, lines_of
from notifier.sources.page.papers import PagePaper, PaperLink, format_line_numbers, join_lines, links_of, papers_of
from notifier.sources.page.probabilities import Label
from notifier.sources.page.traits import is_obvious_chrome

NAME = PAGE_TEXT

_MAX_LINES = 200_000  # counted without blank lines; the page of one day has a few hundred
_CURE = "; copy the text of a page that lists papers"
_ABSTRACT_LABEL = re.compile(r"\A(?:abstract|summary)(?:\s?[:\u2014\u2013]|\.)\s+", re.IGNORECASE)
_VOTES_AT_END = re.compile(r"(?<=\w)[ \t]?[(\[\u00b7|\u2014\u2013-] ?(\d{1,7}) (?:up)?votes?[)\]]?\Z", re.IGNORECASE)
_LABELS_OF_NO_PAPER = (Label.CHROME, Label.CHROME_BETWEEN, Label.UNTITLED_ABSTRACT)


def parse(text: str, limits: Limits) -> ParsedDump:
    """Return the listings of a copied page, its abstracts without a title as skipped lines, and all its chrome.

    Raises DumpError if the text is not a page of papers, or if it exceeds the limits.
    """
    lines = list(islice(lines_of(text), _MAX_LINES + 1))
    if fault := _obvious_fault(text, lines, limits):
        raise DumpError(f"this is not a dump: it {fault}{_CURE}")
    lines, repeated = _remove_repeated_lines(lines)
    labels = label_lines(lines)
    papers = papers_of(lines, labels)
    listings = _listings(papers)
    rest = [(line, label) for line, label in zip(lines, labels, strict=True) if label in _LABELS_OF_NO_PAPER]
    if fault := reason_to_refuse(listings, [line.text for line, _ in rest]):
        raise DumpError(f"this is not a dump: {fault}{_CURE}")
    untitled = {line: "an abstract whose title is missing" for line, label in rest if label is Label.UNTITLED_ABSTRACT}
    chrome = {line: _kind_of_chrome(line) for line, _ in rest if line not in untitled} | repeated
    head, last = papers[0], papers[-1]
    return ParsedDump(
        NAME,
        tuple(listings),
        _in_order(untitled),
        *page_dates(head.below, last.below),
        chrome=_in_order(chrome),
    )


def _in_order(reasons: Mapping[PageLine, str]) -> tuple[Skipped, ...]:
    """Return the lines with their reasons, in the order of the page."""
    lines = sorted(reasons, key=lambda line: line.number)
    return tuple(Skipped(format_line_numbers([line]), reasons[line]) for line in lines)


def _obvious_fault(text: str, lines: Sequence[PageLine], limits: Limits) -> str | None:
    """Return a fault that can be found without labelling the lines, such as "is empty", or None."""
    if not lines:
        return "is empty"
    if len(lines) > _MAX_LINES:
        return f"has more than {_MAX_LINES:,} lines"
    if any(len(line.text) > limits.max_line_length for line in lines):
        return f"has a line longer than {limits.line_kb} KB"
    kind = recognise_other_kind(text, lines)
    return kind and f"is {kind}"


def _remove_repeated_lines(lines: Sequence[PageLine]) -> tuple[list[PageLine], dict[PageLine, str]]:
    """Return the lines that differ from the line above them, and for each other line which line it repeats."""
    kept: list[PageLine] = []
    repeated: dict[PageLine, str] = {}
    for line in lines:
        if kept and kept[-1].text == line.text:
            repeated[line] = f"repeats line {kept[-1].number}"
        else:
            kept.append(line)
    return kept, repeated


def _listings(papers: Sequence[PagePaper]) -> list[Listing]:
    """Return the listings of a page. The first of `papers` is the head of the page, the others are its papers."""
    links = links_of(papers)
    facts = facts_of(papers, links)
    return [
        _listing(position, papers[position], papers[position - 1].below, links[position], facts[position])
        for position in range(1, len(papers))
    ]


def _listing(
    position: int, paper: PagePaper, above: Sequence[PageLine], link: PaperLink | None, facts: PageFacts
) -> Listing:
    """Return the listing of a paper; `above` is the chrome between the previous paper and the title."""
    title = join_lines(paper.title)
    if position == 1 or above:
        title = remove_buttons(title, above)
    votes = _VOTES_AT_END.search(title)
    if votes:
        title = title[: votes.start()]
    return Listing(
        position=position,
        title=clean(title) or title,
        abstract=clean(_ABSTRACT_LABEL.sub("", join_lines(paper.abstract))),
        where=format_line_numbers(paper.lines),
        arxiv_id=link.arxiv_id if link else None,
        url=link.url if link else None,
        page=link.url if link and link.url and "/papers/" in link.url else None,
        upvotes=int(votes[1]) if votes and facts.upvotes is None else facts.upvotes,
        comments=facts.comments,
        authors=facts.authors,
        published=facts.published,
        code=facts.code,
        stars=facts.stars,
    )


def _kind_of_chrome(line: PageLine) -> str:
    if is_obvious_chrome(line.text):
        return "a number, a date, a URL or a button of the page"
    return "text of the page, neither title nor abstract"


def _recognises_any_text(_: str) -> bool:
    """Return True: this format is the last one tried, and `parse` refuses the texts that are not pages of papers."""
    return True


FORMAT = Format(NAME, _recognises_any_text, parse)
