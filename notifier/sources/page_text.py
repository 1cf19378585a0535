"""Page text: what is on the clipboard when someone copies a papers page.

Nothing in such a copy says which line is what: a title, its abstract, and between them whatever else the page showed
(chrome). So every line is weighed, and the best reading of the whole page is taken (`page_labels`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump, Skipped
from notifier.sources.cleaning import clean
from notifier.sources.decoding import decode
from notifier.sources.format import Format
from notifier.sources.page_labels import label_lines
from notifier.sources.page_lines import Line, lines_of
from notifier.sources.page_odds import Label

_TITLES = (Label.TITLE, Label.TITLE_MORE, Label.ALONE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BROKEN_WORD = re.compile(r"(?<=[^\W_][-—–])\n(?!(?:and|or|to|versus|vs) )(?=\w)|(?<=\w--)\n(?=\w)|(?<=\w)\n(?=--\w)")
_GLUED = re.compile(r"^Subscribe(?!(?:r[a-z]*|d|s)\b)(?=[^\W_])")


def parse(content: bytes) -> ParsedDump:
    """The listings of a copied page; every other line that is not blank is skipped with a reason.

    Raises DumpError where no title with its abstract is found.
    """
    lines, repeats = _without_repeats(lines_of(decode(content)))
    labels = label_lines(lines)
    papers, skipped, current = [], repeats, []
    for line, label in zip(lines, labels, strict=True):
        if label in (Label.CHROME, Label.BETWEEN, Label.ORPHAN):
            skipped.append(Skipped(f"line {line.number}", "chrome of the page"))
        elif label in (Label.TITLE, Label.ALONE):
            current = [(line, label)]
            papers.append(current)
        else:
            current.append((line, label))
    if not any(label is Label.ABSTRACT for label in labels):
        raise DumpError("this is not a dump: no title with its abstract was found; copy the text of a papers page")
    listings = [_listing(position, paper) for position, paper in enumerate(papers, 1)]
    return ParsedDump("page text", tuple(listings), tuple(skipped), month_day=_month_day(lines, labels))


def _without_repeats(lines: Sequence[Line]) -> tuple[list[Line], list[Skipped]]:
    """The lines less those that say again what the line before said."""
    kept: list[Line] = []
    skipped: list[Skipped] = []
    for line in lines:
        if kept and kept[-1].text == line.text:
            skipped.append(Skipped(f"line {line.number}", f"repeats line {kept[-1].number}"))
        else:
            kept.append(line)
    return kept, skipped


def _listing(position: int, paper: Sequence[tuple[Line, Label]]) -> Listing:
    title = _joined([line.text for line, label in paper if label in _TITLES])
    abstract = _joined([line.text for line, label in paper if label not in _TITLES])
    if position == 1:
        title = _GLUED.sub("", title)
    where = f"lines {paper[0][0].number}-{paper[-1][0].number}"
    return Listing(position, clean(title), clean(abstract), where)


def _joined(texts: Sequence[str]) -> str:
    """Wrapped lines as one; a word broken at its own hyphen is whole again, but `short- and long-term` stays."""
    return _BROKEN_WORD.sub("", "\n".join(texts)).replace("\n", " ")


def _month_day(lines: Sequence[Line], labels: Sequence[Label]) -> tuple[int, int] | None:
    for line, label in zip(lines, labels, strict=True):
        if label is Label.TITLE:
            return None
        found = re.fullmatch(r"([A-Z][a-z]{2}) (\d{1,2})", line.text)
        if found and found[1].lower() in _MONTHS:
            return _MONTHS.index(found[1].lower()) + 1, int(found[2])
    return None


FORMAT = Format("page text", lambda content: True, parse)
