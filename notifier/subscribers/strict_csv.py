"""Parse strict CSV (RFC 4180): a cell with quotation marks is quoted as a whole, and each mark inside of it is doubled.

A record that breaks these rules is reported, and reading goes on with the next line. So a mark that is not closed costs
one record, and not all lines up to the next mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from notifier.errors import shortened
from notifier.text.harmless import inert

QUOTED_LENGTH = 80  # characters of a cell that a reason quotes

LINE_END = re.compile(r"\r\n|\n|\r")
_PLAIN_CELL = {delimiter: re.compile(rf'[^"\r\n{re.escape(delimiter)}]*+') for delimiter in ",;\t|"}
DELIMITERS = "".join(_PLAIN_CELL)


class BadRecordError(ValueError):
    """A record that is not strict CSV; the message says how to write it."""


def records(
    text: str, delimiter: str, begins_row: Callable[[str], bool], first_line: int = 1
) -> Iterator[tuple[int, list[str] | BadRecordError]]:
    """Yield for each record the line in which it begins, and its cells, or the error if it cannot be read.

    `first_line` is the number of the first line of `text`. A quoted cell may have several lines. But if `begins_row`
    says of one of them that a row begins there, then the quotation mark was probably not closed, and the record is bad.
    """
    line, start = first_line, 0
    while start < len(text):
        found: list[str] | BadRecordError
        try:
            found, end = _record(text, start, delimiter)
            if any(map(begins_row, LINE_END.split(text[start:end])[1:])):
                raise BadRecordError(_unclosed(text, start, end))
        except BadRecordError as error:
            found, end = error, _end_of_line(text, start)
        yield line, found
        line += len(LINE_END.findall(text, start, end))
        start = end


def _record(text: str, start: int, delimiter: str) -> tuple[list[str], int]:
    """Return the cells of the record that begins at `start`, and where the next one begins."""
    cells = []
    while True:
        cell, end = _quoted(text, start, delimiter) if text.startswith('"', start) else _plain(text, start, delimiter)
        cells.append(cell)
        if not text.startswith(delimiter, end):
            return cells, _end_of_line(text, end)
        start = end + 1


def _plain(text: str, start: int, delimiter: str) -> tuple[str, int]:
    found = _PLAIN_CELL[delimiter].match(text, start)
    assert found is not None, "the pattern also matches the empty string"
    if text.startswith('"', found.end()):
        raise BadRecordError(_quoted_in_part(text, start, delimiter))
    return found[0], found.end()


def _quoted(text: str, start: int, delimiter: str) -> tuple[str, int]:
    end = start + 1
    while True:
        end = text.find('"', end)
        if end < 0:
            raise BadRecordError(_unclosed(text, start, len(text)))
        if not text.startswith('"', end + 1):
            break
        end += 2
    if text[end + 1 : end + 2] not in ("", "\r", "\n", delimiter):
        if _end_of_line(text, start) <= end:
            raise BadRecordError(_unclosed(text, start, end))
        raise BadRecordError(_quoted_in_part(text, start, delimiter))
    return text[start + 1 : end].replace('""', '"'), end + 1


def _end_of_line(text: str, start: int) -> int:
    """Return where the line after the one at `start` begins."""
    found = LINE_END.search(text, start)
    return found.end() if found else len(text)


def _quoted_in_part(text: str, start: int, delimiter: str) -> str:
    line = text[start : _end_of_line(text, start)].rstrip("\r\n")
    is_cut = delimiter in line and line.partition(delimiter)[0].count('"') % 2  # the delimiter is inside of the marks
    cell = line if is_cut else line.partition(delimiter)[0]
    cure = "write quotation marks around the whole cell, and double those inside of it"
    if len(cell) > QUOTED_LENGTH:
        return f"the cell {inert(shortened(cell, QUOTED_LENGTH))} is quoted only in part; {cure}"
    doubled = cell.strip().replace('"', '""')
    return inert(f'the cell {cell} is quoted only in part; {cure}: "{doubled}"')


def _unclosed(text: str, start: int, end: int) -> str:
    line = LINE_END.split(text[start:end], maxsplit=1)[0]
    quoted = inert(shortened(line, QUOTED_LENGTH))
    return f"a quotation mark is not closed in {quoted}; close it, or double it if it belongs to the text"
