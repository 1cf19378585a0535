"""Page text: what is on the clipboard when someone copies a papers page.

Nothing in such a copy says which line is what: a title, an abstract, or whatever else the page showed (chrome). So no
line is looked up. Each is described by a few traits (`page_traits`), and so is each seam between two lines
(`page_seams`); from how often titles, abstracts and chrome show them (`page_odds`) follows the most probable reading of
the whole page (`page_labels`). It is made into papers (`page_papers`), and refused where they are none
(`page_evidence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump, Skipped
from notifier.sources.cleaning import clean
from notifier.sources.format import Format
from notifier.sources.page.evidence import doubt, other_kind
from notifier.sources.page.facts import facts_of
from notifier.sources.page.head import dates_of, without_buttons
from notifier.sources.page.labels import label_lines
from notifier.sources.page.lines import Line, lines_of
from notifier.sources.page.odds import Label
from notifier.sources.page.papers import PagePaper, PaperLink, joined, links_of, papers_of, where
from notifier.sources.page.traits import is_furniture

NAME = "page text"

_MOST_LINES = 200_000  # that are not blank; a day's page has some hundred
_CURE = "; copy the text of a papers page"
_SKIPPED = (Label.CHROME, Label.BETWEEN, Label.ORPHAN)


def parse(text: str, limits: Limits) -> ParsedDump:
    """The listings of a copied page; every other line that is not blank is skipped with a reason.

    Raises DumpError where it is no page of papers.
    """
    lines = list(islice(lines_of(text), _MOST_LINES + 1))
    if fault := _fault(text, lines, limits):
        raise DumpError(f"this is not a dump: it {fault}{_CURE}")
    lines, repeats = _without_repeats(lines)
    labels = label_lines(lines)
    papers = papers_of(lines, labels)
    listings = _listings(papers)
    chrome = [(line, label) for line, label in zip(lines, labels, strict=True) if label in _SKIPPED]
    if fault := doubt(listings, [line.text for line, _ in chrome]):
        raise DumpError(f"this is not a dump: {fault}{_CURE}")
    reasons = repeats | {line: _reason(line, label) for line, label in chrome}
    skipped = [Skipped(where([line]), reasons[line]) for line in sorted(reasons, key=lambda line: line.number)]
    return ParsedDump(NAME, tuple(listings), tuple(skipped), *dates_of(papers[0].below, papers[-1].below))


def _fault(text: str, lines: Sequence[Line], limits: Limits) -> str | None:
    """What makes a text no page of papers at a glance."""
    if not lines:
        return "is empty"
    if len(lines) > _MOST_LINES:
        return f"has more than {_MOST_LINES:,} lines"
    if any(len(line.text) > limits.line for line in lines):
        return f"has a line longer than {limits.line_kb} KB"
    kind = other_kind(text, lines)
    return kind and f"is {kind}"


def _without_repeats(lines: Sequence[Line]) -> tuple[list[Line], dict[Line, str]]:
    """The lines that say something new, and of the others what they repeat."""
    kept: list[Line] = []
    reasons: dict[Line, str] = {}
    for line in lines:
        if kept and kept[-1].text == line.text:
            reasons[line] = f"repeats line {kept[-1].number}"
        else:
            kept.append(line)
    return kept, reasons


def _listings(papers: Sequence[PagePaper]) -> list[Listing]:
    links = links_of(papers)
    listings = [
        _listing(position, papers[position], papers[position - 1].below, links[position])
        for position in range(1, len(papers))
    ]
    facts = facts_of(papers, links)[1:]
    return [
        replace(
            listing,
            upvotes=told.upvotes,
            comments=told.comments,
            authors=told.authors,
            published=told.published,
        )
        for listing, told in zip(listings, facts, strict=True)
    ]


def _listing(position: int, paper: PagePaper, above: Sequence[Line], link: PaperLink | None) -> Listing:
    title = joined(paper.title)
    if position == 1 or above:
        title = without_buttons(title, above)
    return Listing(
        position=position,
        title=clean(title) or title,
        abstract=clean(joined(paper.abstract)),
        where=where(paper.lines),
        arxiv_id=link.arxiv_id if link else None,
        url=link.url if link else None,
        page=link.url if link and link.url and "/papers/" in link.url else None,
    )


def _reason(line: Line, label: Label) -> str:
    if label is Label.ORPHAN:
        return "an abstract whose title is missing"
    if is_furniture(line.text):
        return "a number, a date, an address or a button of the page"
    return "text of the page, neither title nor abstract"


def _recognises(_: str) -> bool:
    return True


FORMAT = Format(NAME, _recognises, parse)
