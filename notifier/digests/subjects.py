"""Write the subject of a digest, which says what is inside."""

from __future__ import annotations

from notifier.text.counting import counted
from notifier.text.harmless import columns, inert, shortened_to_columns

COLUMNS = 78  # a longer line of a header is folded: RFC 5322, section 2.1.1
MIN_TITLE = 20  # columns that a title keeps, even if the pattern is long


def subject(pattern: str, count: int, title: str, period: str, *, are_new: bool = True) -> str:
    """Return the subject of a digest with `count` papers, by a pattern such as `{papers}: {title}`.

    `{papers}` becomes the number of papers in words, `{title}` the title of the best one, and `{period}` the words for
    the period, such as `Daily papers of 6 Jul 2026`. The title is shortened so that the subject takes at most COLUMNS
    columns, unless that would leave fewer than MIN_TITLE for the title.
    """
    new = "new " if are_new else ""
    papers = counted(count, f"{new}paper")
    around = columns(pattern.format(papers=papers, title="", period=period))
    shown = shortened_to_columns(" ".join(inert(title).split()), max(MIN_TITLE, COLUMNS - around))
    return pattern.format(papers=papers, title=shown, period=period).strip()
