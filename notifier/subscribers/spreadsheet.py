"""Read and write CSV as spreadsheets do.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which is removed again when
the cell is read. So a text that a stranger has typed is not run as a formula when a spreadsheet opens the file, and an
import gets the text unchanged.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from notifier.errors import UsageError, shortened
from notifier.subscribers.csv_text import decoded, is_damaged
from notifier.subscribers.strict_csv import DELIMITERS, LINE_END, BadRecordError, records
from notifier.text.harmless import inert

NAMED_COLUMNS = 10  # a note names at most this many columns
NAME_LENGTH = 40  # characters of a column's name in a message

# A cell that begins like a formula: see https://owasp.org/www-community/attacks/CSV_Injection. Apostrophes may come
# before the formula: if a cell already has one, it is written with one more, and reading removes only the added one.
_FORMULA = re.compile(r"\A'*[=+\-@\t\r\n＝＋－＠]")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[ \t,;|]{0,300}(?:\r\n|\n|\r|\Z)', re.IGNORECASE)
_QUOTED_CELL = re.compile(r'"[^"]*+"')
_NAMES_ADDRESSES = re.compile("e[-_ ]?mail", re.IGNORECASE)
_ADDRESS = re.compile(r"\A[^\s@<>\"]{1,64}@[^\s@<>\"]{1,255}")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row: the line in which it begins, counted from 1, and its cells that are not empty, by column name."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be imported: the line in which it begins, counted from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of a file, those that cannot be read, and notes about what was left out or guessed."""

    rows: list[CsvRow]
    refused: list[RefusedRow]
    notes: list[str]


def read_rows(
    content: bytes, columns: Collection[str], required: str, dependent: Mapping[str, Collection[str]] | None = None
) -> CsvTable:
    """Return the rows of a CSV file.

    The header names some of `columns`, in any order and case. It must name `required`, the column of the addresses. If
    it does not, a single column such as "E-Mail Address" is read as that column, with a note. Other columns are left
    out with a note. `dependent` maps a column to others; the column is left out too if the header names none of these
    others. The delimiter is the one that a first line like `sep=;` names, otherwise the one of DELIMITERS that occurs
    most often in the header. Rows without any text are left out. Raises UsageError if the file is not text, if the
    header names one of `columns` twice, or if it does not name `required`.
    """
    text, guessed = decoded(content)
    delimiter, start = _delimiter_and_start(text)
    address_column: list[int] = []  # known when the header has been read

    def begins_row(line: str) -> bool:
        cells = line.split(delimiter)
        return any(column < len(cells) and _ADDRESS.fullmatch(cells[column].strip()) for column in address_column)

    found = records(text[start:], delimiter, begins_row, 1 + len(LINE_END.findall(text, 0, start)))
    line, header = next(found, (1, []))
    if isinstance(header, BadRecordError):
        raise UsageError(f"line {line}, which names the columns, cannot be read: {header}")
    names, notes = _column_names(header, columns, required, dependent or {})
    address_column.append(names.index(required))
    rows, refused = _checked(found, names)
    return CsvTable(rows, refused, [*filter(None, [guessed]), *notes])


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file (RFC 4180, UTF-8) with this header and these rows, which `read_rows` can read."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([_escaped(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def _delimiter_and_start(text: str) -> tuple[str, int]:
    """Return the delimiter of a file, and where its header begins: after blank lines and a line like `sep=;`.

    Raises UsageError if that line names a delimiter that is not one of DELIMITERS.
    """
    start = _end_of_blank_lines(text, 0)
    if named := _SEPARATOR_LINE.match(text, start):
        if named[1] not in DELIMITERS:
            raise UsageError(f"the line sep={inert(named[1])} names no separator; use a comma, a semicolon, a tab or |")
        return named[1], _end_of_blank_lines(text, named.end())
    header = _QUOTED_CELL.sub("", LINE_END.split(text[start:], maxsplit=1)[0])
    return max(DELIMITERS, key=header.count), start


def _end_of_blank_lines(text: str, start: int) -> int:
    for line_end in LINE_END.finditer(text, start):
        if text[start : line_end.start()].strip():
            break
        start = line_end.end()
    return start


def _column_names(
    header: Sequence[str], columns: Collection[str], required: str, dependent: Mapping[str, Collection[str]]
) -> tuple[list[str], list[str]]:
    """Return the folded names in a header, with "" in place of each column to leave out, and notes about these.

    Raises UsageError if `required` is not among them, or if one of `columns` is named twice.
    """
    names = [cell.strip().casefold() for cell in header]
    guessed = []
    if required not in names:
        column = _column_like_required(header, required)
        names[column] = required
        guessed.append(f"the column {_shown(header[column].strip())} is read as {required}")
    for name in columns:
        if names.count(name) > 1:
            raise UsageError(f"the header names the column {name} twice; remove one")
    useless = {name for name, others in dependent.items() if name in names and not set(others) & set(names)}
    notes = guessed + [
        f"the column {name} is left out, because it needs one of the columns {', '.join(sorted(dependent[name]))}"
        for name in sorted(useless)
    ]
    unknown = [cell.strip() for cell, name in zip(header, names, strict=True) if name and name not in columns]
    if unknown:
        notes.append(_left_out(unknown, columns))
    return [name if name in columns and name not in useless else "" for name in names], notes


def _column_like_required(header: Sequence[str], required: str) -> int:
    """Return the place of the only column that may be the required one, such as "E-Mail Address" of another program.

    Raises UsageError if there is none, or more than one.
    """
    if any(_ADDRESS.fullmatch(cell.strip()) for cell in header):
        raise UsageError(f"the first line names no columns; put a line before it that does, such as {required}")
    alike = [column for column, cell in enumerate(header) if _NAMES_ADDRESSES.search(cell)]
    if len(alike) != 1:
        cure = f"rename the column {_shown(header[alike[0]].strip())}" if alike else "add it"
        raise UsageError(f"the header names no column {required}; {cure}")
    return alike[0]


def _left_out(unknown: Sequence[str], columns: Collection[str]) -> str:
    """Return a note that names the columns that are left out, with those that may be meant instead."""
    named = []
    for name in unknown[:NAMED_COLUMNS]:
        near = get_close_matches(name.casefold(), columns, n=1, cutoff=0.75)
        named.append(f"{_shown(name)} (did you mean {near[0]}?)" if near else _shown(name))
    more = f" and {len(unknown) - NAMED_COLUMNS} more" if len(unknown) > NAMED_COLUMNS else ""
    return f"left out, because notifier has no such columns: {', '.join(named)}{more}"


def _shown(name: str) -> str:
    return inert(f"'{shortened(name, NAME_LENGTH)}'")


def _checked(
    found: Iterator[tuple[int, list[str] | BadRecordError]], names: Sequence[str]
) -> tuple[list[CsvRow], list[RefusedRow]]:
    """Return the rows of the records below the header, and those that are refused."""
    rows: list[CsvRow] = []
    refused: list[RefusedRow] = []
    for line, record in found:
        if isinstance(record, BadRecordError):
            refused.append(RefusedRow(line, str(record)))
            continue
        cells = [_unescaped(cell) for cell in record]
        row = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
        if any(cells[len(names) :]):
            reason = f"the row has {len(cells)} cells, and the header {len(names)}; quote cells with commas"
            refused.append(RefusedRow(line, reason))
        elif any(map(is_damaged, row.values())):
            refused.append(RefusedRow(line, "the row has bytes that are not UTF-8; save the file again as “CSV UTF-8”"))
        elif any(cells):
            rows.append(CsvRow(line, row))
    return rows, refused


def _escaped(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescaped(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
