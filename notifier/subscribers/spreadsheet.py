"""CSV as spreadsheets read and write it.

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

from notifier.errors import UsageError

DELIMITERS = ",;\t"
# A cell that begins like a formula: see https://owasp.org/www-community/attacks/CSV_Injection. Apostrophes may come
# before the formula: if a cell already has one, it is written with one more, and reading removes only the added one.
_FORMULA = re.compile(r"\A'*[=+\-@\t\r\n＝＋－＠]")


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


def read_rows(content: bytes, columns: Collection[str], needed: str) -> tuple[list[CsvRow], list[RefusedRow]]:
    """Return the rows of a CSV file, and the rows that cannot be read.

    The header names some of `columns`, in any order and case; it must name `needed`. The delimiter is the comma, the
    semicolon or the tab: the one that occurs most often in the header. Rows without any text are left out. Raises
    UsageError if the file is not UTF-8 text, if the header names a column that is unknown or given twice, or if it
    does not name `needed`.
    """
    text = _decoded(content)
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = _column_names(_first_row(reader), columns, needed)
    rows: list[CsvRow] = []
    refused: list[RefusedRow] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = [_unescaped(cell) for cell in next(reader)]
        except StopIteration:
            return rows, refused
        except csv.Error as error:
            refused.append(
                RefusedRow(line, f"the row cannot be read: {error}; check whether a quotation mark is missing")
            )
            continue
        if any(cells[len(names) :]):
            refused.append(
                RefusedRow(
                    line, f"the row has {len(cells)} cells, and the header {len(names)}; quote cells with commas"
                )
            )
        elif any(cells):
            rows.append(CsvRow(line, {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}))


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file (RFC 4180, UTF-8) with this header and these rows, which `read_rows` can read."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([_escaped(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the file is not UTF-8 text; save it again as “CSV UTF-8”") from None


def _first_row(reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error:
        return []


def _column_names(cells: Sequence[str], columns: Collection[str], needed: str) -> list[str]:
    """Return the folded names in a header. Raises UsageError if they are wrong."""
    names = [cell.strip().casefold() for cell in cells]
    for name in filter(None, names):
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            cure = f"did you mean {near[0]}?" if near else f"give some of {', '.join(columns)}"
            raise UsageError(f"the header names a column {name!r}, which is unknown; {cure}")
        if names.count(name) > 1:
            raise UsageError(f"the header names the column {name} twice; remove one")
    if needed not in names:
        raise UsageError(f"the header names no column {needed}; add it, and any of {', '.join(columns)}")
    return names


def _escaped(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescaped(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
