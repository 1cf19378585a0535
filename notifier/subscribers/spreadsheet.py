"""CSV as spreadsheets read and write it. Pure.

What a spreadsheet would take for a formula is written with an apostrophe before it, and read without: so a cell that a
stranger typed does nothing when the file is opened, and comes back as it was.
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
# What begins a formula: https://owasp.org/www-community/attacks/CSV_Injection. The apostrophes before it are for cells
# that were typed with one.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the line that it begins in, counted from 1, and its cells by column, those that are empty left out."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be taken: the line that it begins in, and why."""

    line: int
    reason: str


def read_rows(content: bytes, columns: Collection[str], needed: str) -> tuple[list[CsvRow], list[RefusedRow]]:
    """The rows of a file whose header names some of `columns`, `needed` among them, in any order and case.

    The header tells commas, semicolons and tabs apart. Rows without any text are passed over. Raises UsageError for
    what is not UTF-8, and for a header that is none.
    """
    text = _decoded(content)
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = _header(_first(reader), columns, needed)
    rows: list[CsvRow] = []
    refused: list[RefusedRow] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = [_plain(cell) for cell in next(reader)]
        except StopIteration:
            return rows, refused
        except csv.Error as error:
            refused.append(RefusedRow(line, f"the row cannot be read: {error}; is a quotation mark missing?"))
            continue
        if any(cells[len(names) :]):
            refused.append(
                RefusedRow(line, f"the row has {len(cells)} cells, the header {len(names)}; quote the commas")
            )
        elif any(cells):
            rows.append(CsvRow(line, {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}))


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A file with this header and these rows, which `read_rows` reads back; RFC 4180, in UTF-8."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the file is not UTF-8 text; save it again as “CSV UTF-8”") from None


def _first(reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error:
        return []


def _header(cells: Sequence[str], columns: Collection[str], needed: str) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    for name in filter(None, names):
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            cure = f"did you mean {near[0]}?" if near else f"give some of {', '.join(columns)}"
            raise UsageError(f"the first line names a column {name!r}, which is unknown; {cure}")
        if names.count(name) > 1:
            raise UsageError(f"the first line names the column {name} twice; remove one")
    if needed not in names:
        raise UsageError(f"the first line names no column {needed}; it must name some of {', '.join(columns)}")
    return names


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
