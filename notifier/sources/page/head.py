"""Read the dates of a copied page, and remove buttons from its first title.

The head is everything above the first title. It may contain the date of the page, and buttons such as `Subscribe`. Some
programs copy these buttons onto the line of the first title, without a space between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta

from notifier.sources.page.lines import PageLine

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_SEPARATOR = re.compile(r"[·•|]|(?<=\s)[–—-](?=\s)")
# What may precede a date, and the buttons and counts that may follow it.
_BEFORE = re.compile(
    r"(?:(?:previous|next|first|published|submitted|posted|listed|released|uploaded|announced|added|date|on|at):?\s++)++",
    re.IGNORECASE,
)
_AFTER = (
    r"(?:\s++(?:\d{1,3}(?:,\d{3})++|\d{1,7}(?:\.\d)?k?|GitHub|arXiv|(?:Project )?Page|PDF|code|paper|comments?|"
    r"upvotes?|authors?|stars?|next|previous)(?![\w,.]))*+"
)
_DATES = tuple(
    re.compile(rf"\A(?:[a-z]+day,? )?{pattern}{_AFTER}", re.IGNORECASE)
    for pattern in (
        rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?+",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.? (?:of )?{_MONTH}(?:,? (?P<year>\d{{4}}))?+",
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
    )
)
_LINK_TO_DAY = re.compile(r"\Ahttps?://\S+/papers/date/(20\d\d-\d\d-\d\d)")
# The URL of the copied page itself, as Jina Reader and Obsidian's clipper write it.
_SOURCE = re.compile(r"(?:URL Source|source|url):\s*+[\"']?(https?://[^\s\"']++)[\"']?", re.IGNORECASE)
_LONGEST_GAP = timedelta(days=7)  # between one day with papers and the next
_LONGEST_LINE = 200  # characters of a line with a date
_LEAP_YEAR = 2000  # so that February 29 is valid when the year is unknown

# A title that begins with the word `Subscriber`, `Subscribed` or `Subscribes` is left alone.
_BUTTONS = re.compile(
    r"\A(?:Get trending papers[^!]*! ?)*(?:Log In|Sign Up)*Subscribe(?:Daily Papers)?(?!(?:r[a-z]*|[ds])\b)(?=[^\W_])"
)


def remove_buttons(title: str, above: Iterable[PageLine]) -> str:
    """Remove `Subscribe`, and the buttons before it, from the beginning of a title.

    If one of the lines above the title is `Subscribe`, the button has its own line, and the title is returned as it is.
    """
    if any(line.text.casefold() == "subscribe" for line in above):
        return title
    return _BUTTONS.sub("", title, count=1) if _BUTTONS.match(title) else title


def page_dates(head: Iterable[PageLine], foot: Iterable[PageLine] = ()) -> tuple[date | None, tuple[int, int] | None]:
    """Return the full date of a page, and the (month, day) that it shows without a year.

    Each is the first of its kind in the head, and None if there is none. If the head has only a date without a year,
    the year is derived from a link in the head or foot, such as "Previous", that leads to the page of a nearby day. The
    full date may also be in a line that gives the URL of the page itself.
    """
    lines = list(head)
    full_date = next(filter(None, (_date_of_source(line.text) for line in lines)), None)
    month_day: tuple[int, int] | None = None
    for year, month, day in filter(None, (parse_date(line.text) for line in lines)):
        if year is None:
            month_day = month_day or (month, day)
        else:
            full_date = full_date or date(year, month, day)
    return full_date or (_add_year(month_day, [*lines, *foot]) if month_day else None), month_day


def _date_of_source(text: str) -> date | None:
    """Return the date in the page's own URL if the line gives it: `URL Source: https://.../papers/date/2026-10-02`."""
    source = _SOURCE.fullmatch(text)
    found = _LINK_TO_DAY.fullmatch(source[1]) if source else None
    with suppress(ValueError):
        return date.fromisoformat(found[1]) if found else None
    return None


def _add_year(month_day: tuple[int, int], lines: Iterable[PageLine]) -> date | None:
    """Return the date with this month and day that is at most a week from the day of a linked page, or None."""
    for found in filter(None, (_LINK_TO_DAY.fullmatch(link.url) for line in lines for link in line.links)):
        linked_year = int(found[1][:4])
        for year in (linked_year, linked_year - 1, linked_year + 1):
            with suppress(ValueError):  # raised if one of the two days does not exist
                linked_day, day = date.fromisoformat(found[1]), date(year, *month_day)
                if abs(day - linked_day) <= _LONGEST_GAP:
                    return day
    return None


def is_date(text: str) -> bool:
    """Return whether a line is a date and nothing else."""
    return parse_date(text) is not None


def parse_date(text: str) -> tuple[int | None, int, int] | None:
    """Return the year (None if missing), month and day of a line that is a date; None for any other line.

    Words such as "Published on" may precede the date, and buttons and counts may follow it. The line may have other
    parts, with dots or bars between them.
    """
    if len(text) > _LONGEST_LINE:
        return None
    parts = (" ".join(part.replace("[]", " ").split()) for part in _SEPARATOR.split(text))
    return next(filter(None, (_parse_part(_BEFORE.sub("", part, count=1)) for part in parts)), None)


def _parse_part(text: str) -> tuple[int | None, int, int] | None:
    found = next(filter(None, (pattern.fullmatch(text) for pattern in _DATES)), None)
    if found is None:
        return None
    name, year = found["month"].lower(), found["year"]
    month = int(name) if name.isdigit() else _MONTHS.index(name) + 1
    try:
        date(int(year or _LEAP_YEAR), month, int(found["day"]))
    except ValueError:
        return None
    return (int(year) if year else None), month, int(found["day"])
