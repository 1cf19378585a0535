"""Convert the values of a record's fields, as sources write them, to the types of a listing.

A value that cannot be understood becomes None or empty.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from notifier.sources.cleaning import clean
from notifier.sources.latex import with_letters

MAX_NAMES = 5_000  # authors, categories or keywords of one paper; the largest collaborations have about 3,000 authors
_GREATEST_INTEGER = 2**31 - 1  # the greatest value of an INTEGER column in every supported database
_LONGEST_URL = 2_000
_LONGEST_TEXT = 200_000  # characters, with markup
_LONGEST_NAME = 2_000  # characters, with markup

_URL = re.compile(r"https?://[^\s<>\"\\^`{|}\x00-\x20\x7f-\x9f\ud800-\udfff]+")
_HREF = re.compile(r"""<a\s[^<>]{0,500}?href\s*+=\s*+["']?\s*+([^\s"'<>]++)""", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"\]\(\s*+<?(https?://[^\s()<>]++)")
_URL_START = re.compile(r"https?://", re.IGNORECASE)
# A link whose text, such as "here" or "project page", says nothing without the URL.
_LINK_SAYING_HERE = re.compile(
    r"""<a\s[^<>]{0,500}?href\s*+=\s*+["'](https?://[^\s"'<>]++)["'][^<>]{0,500}+>"""
    r"""\s*+((?:(?:at|the|this|our|project|web|code|source|github|hugging face|download)\s++){0,3}"""
    r"""(?:here|this|links?|urls?|code|github|repo(?:sitory)?|(?:web)?(?:site|page)|demo|homepage))\s*+</a>""",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"\A\s*+<((?:jats:)?title|h[1-6]|b|strong)>\s*+(?:abstract|summary)\s*+[.:]?\s*+</\1>", re.IGNORECASE
)
_LAST_LINKS = re.compile(r"<p>\s*+(?:<a\s[^<>]*+>[^<>]*+</a>[\s·|•,]*+)++</p>\s*+\Z")
_UNSAFE_IN_URL = re.compile(r"[ \"<>\\^`{|}]")
_DOI = re.compile(
    r"(?:https?://(?:dx\.|www\.)?doi\.org/|(?:info:|urn:)?doi[:/ ]\s?+)?(10\.\d{4,9}/[^\s\x00-\x20\ud800-\udfff]+)",
    re.IGNORECASE,
)
_ISO_DAY = re.compile(r"\A\s*(\d{4})-(\d\d)-(\d\d)(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAIL_DAY = re.compile(rf"\A(?:\s*[A-Za-z]+,)?\s*(\d{{1,2}}) ({'|'.join(_MONTHS)})[a-z]* (\d{{4}})\b", re.IGNORECASE)
_INTEGER = re.compile(r"\A\s*\d{1,10}\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_TIMESTAMP = 10**8  # smaller numbers are not taken as timestamps
_FIRST_IN_MILLISECONDS = 10**11  # as seconds, this would be a day in the year 5138
# A comma is inside parentheses if the next parenthesis is a closing one. Cleaning removes the spaces around the names.
_SEPARATOR = re.compile(r";|,(?![^()]{0,500}+\))\s*+(?:and\s)?|(?<=\s)and\s")
_WITHDRAWN = re.compile(
    r"\A\s*(?:(?:this|the)\s(?:paper|article|submission|manuscript|work|preprint)\s(?:has\sbeen|is|was)\s)?"
    r"(?:withdrawn|retracted)\b",
    re.IGNORECASE,
)


def text(value: Any) -> str:
    """Return the clean text of a string; return an empty string for any other value.

    A string is cut before it is cleaned if it is far longer than any field may be (see `sources.bounding`).
    """
    return clean(value[:_LONGEST_TEXT]) if isinstance(value, str) else ""


def abstract_text(value: Any) -> str:
    """Return the clean text of an abstract in HTML, without its heading and a last paragraph that holds only links.

    If the text of a link says nothing without its URL, such as "here", the URL follows in parentheses.
    """
    if isinstance(value, str) and "<" in value:
        value = _HEADING.sub("", _LAST_LINKS.sub("", value[:_LONGEST_TEXT]))
        value = _LINK_SAYING_HERE.sub(r"\2 (\1)", value)
    return text(value)


def count(value: Any) -> int | None:
    """Return a count of at least 0, given as a number or a string of digits.

    Returns None for any other value, such as a boolean, a fraction, or a number that is too large for a database.
    """
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _GREATEST_INTEGER else None


def day(value: Any) -> date | None:
    """Return the day of a date or time: ISO 8601, RFC 5322, or seconds or milliseconds since 1970.

    If the value is text, the result is the day that the text names: the time zone is not converted.
    """
    if isinstance(value, str):
        return _written_day(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and _FIRST_TIMESTAMP <= value < 10**14:
        seconds = value / 1000 if value >= _FIRST_IN_MILLISECONDS else value
        return (_EPOCH + timedelta(seconds=seconds)).date()
    return None


def _written_day(value: str) -> date | None:
    try:
        if found := _ISO_DAY.match(value):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _MAIL_DAY.match(value):
            return date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
    except ValueError:
        pass
    return None


def http_url(value: Any) -> str | None:
    """Return the http or https URL in a value; return None if there is none.

    The URL may be that of a link in HTML or Markdown, or the first of several that have white space between them.
    """
    if not isinstance(value, str) or len(value) > _LONGEST_URL:
        return None
    value = _written_url(value.strip())
    return value if _URL.fullmatch(value) else None


def _written_url(value: str) -> str:
    """Return the URL in a link of HTML or Markdown, the first of several URLs, or the one after a label.

    Any other value is returned as it is.
    """
    if "<" in value and (link := _HREF.search(value)):
        return html.unescape(link[1])
    if "](" in value and (link := _MARKDOWN_LINK.search(value)):
        return link[1]
    value = value.strip("<> ,;")
    parts = value.split()
    urls = [part for part in parts if _URL_START.match(part)]
    if len(urls) > 1 or (urls and urls[0] != parts[0]):
        return urls[0].rstrip(",;.")
    return value


def link_url(value: Any, base: str = "") -> str | None:
    """Return the http or https URL of a link as a browser would follow it on the page `base`; None if there is none.

    The link may be relative. Line ends and tabs in it are left out, and other characters that a URL cannot have, such
    as spaces, are percent-encoded.
    """
    if absolute := http_url(value):
        return absolute
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_URL:
        return None
    try:
        resolved = urljoin(base or "https:", re.sub(r"[\t\n\r]", "", _written_url(value.strip())))
        if not urlsplit(resolved).hostname:
            return None
    except ValueError:  # such as an IPv6 address without its closing bracket
        return None
    return http_url(_UNSAFE_IN_URL.sub(lambda found: quote(found[0]), resolved))


def doi(value: Any) -> str | None:
    """Return the DOI at the start of a string, without a resolver (`https://doi.org/`) or a prefix (`doi:`)."""
    found = _DOI.match(value.strip()) if isinstance(value, str) else None
    return found[1][:_LONGEST_URL] if found else None


def names(values: Iterable[Any]) -> tuple[str, ...]:
    """Return the clean names of authors, in order and without empty names; at most MAX_NAMES of them.

    A name that occurs twice is kept twice: two authors of a paper may have the same name.
    """
    cleaned = [_clean_name(value) for value in values if isinstance(value, str)]
    return tuple([name for name in cleaned if name][:MAX_NAMES])


def _clean_name(value: str) -> str:
    r"""Return the clean name, with letters for LaTeX commands. They may lack braces: `Ayd\in`, `Fran\ccois`."""
    return _clean_and_cache(with_letters(value[:_LONGEST_NAME]) if "\\" in value else value)


def distinct_texts(values: Iterable[Any]) -> tuple[str, ...]:
    """Return the clean texts of all strings among the values, in order, without empty and repeated texts.

    There are at most MAX_NAMES of them. Categories and keywords are read with this function.
    """
    cleaned = dict.fromkeys([_clean_and_cache(value) for value in values if isinstance(value, str)])
    cleaned.pop("", None)
    return tuple(cleaned)[:MAX_NAMES]


@lru_cache(1 << 12)
def _clean_and_cache(value: str) -> str:
    """Return the clean text. The cache saves time because many records have the same categories."""
    return clean(value[:_LONGEST_NAME])


def split_names(line: str) -> tuple[str, ...]:
    """Return the names in a line that separates them by commas, semicolons or `and`.

    A comma inside parentheses is part of a name: `Ann Lee (Example, Inc)`. If semicolons separate the names, a comma
    stands between a last name and a first name: `Lee, Ann; Chen, Bo` are Ann Lee and Bo Chen.
    """
    parts = [part for part in line[:_LONGEST_TEXT].split(";") if part.strip()]
    if len(parts) > 1 and all(part.count(",") == 1 for part in parts):
        return names(" ".join(reversed(part.split(","))) for part in parts)
    return names(_SEPARATOR.split(line))


def is_withdrawn(*texts: str) -> bool:
    """Return whether one of the texts (a note or an abstract) begins by saying that the paper was withdrawn."""
    return any(_WITHDRAWN.match(text) for text in texts if text)
