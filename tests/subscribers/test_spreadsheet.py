"""CSV as spreadsheets read and write it: every text is read as it was written, and no cell is a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.subscribers.spreadsheet import RefusedRow, read_rows, write_rows

COLUMNS = ("first", "second")
cells = st.text().map(str.strip) | st.text("'=+-@＝x\n,;\"", max_size=6).map(str.strip)


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(st.tuples(cells, cells), max_size=5))
@example([("'=x", "''-"), ("'", "'x"), ("-", '"')])
def test_rows_are_read_as_they_were_written(rows: list[tuple[str, str]]) -> None:
    encodable = [row for row in rows if all(cell.isprintable() or "\n" in cell for cell in row)]
    found, refused = read_rows(write_rows(COLUMNS, encodable), COLUMNS, "first")
    read_back = [(row.cells.get("first", ""), row.cells.get("second", "")) for row in found]
    assert read_back == [row for row in encodable if any(row)]
    assert refused == []


@settings(deadline=None, max_examples=examples(200))
@given(cells)
@example("=1+1")
@example("＝1+1")
@example("@SUM(A1)")
def test_no_cell_begins_like_a_formula(cell: str) -> None:
    if not cell.isprintable():
        return
    written = write_rows(COLUMNS, [("x", cell)]).decode()
    read = list(csv.reader(io.StringIO(written, newline="")))[1][1]
    assert not read.startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("first\na\nb\n", [2, 3]),
        ("first\n\na\n\n\nb", [3, 6]),
        ('first,second\n"a\nb",c\nd,e\n', [2, 4]),
        ("first\ra\rb\r", [2, 3]),
        ("first\na\u2028b\nc\n", [2, 3]),
    ],
)
def test_a_row_has_the_number_of_the_line_in_which_it_begins(text: str, lines: list[int]) -> None:
    assert [row.line for row in read_rows(text.encode(), COLUMNS, "first")[0]] == lines


def test_columns_without_a_name_are_left_out_and_cells_beyond_the_header_are_refused() -> None:
    rows, refused = read_rows(b"first,,second,\na,b,c,d\na,b,c,d,e\na,b,c,,,,\n", COLUMNS, "first")
    assert [dict(row.cells) for row in rows] == [{"first": "a", "second": "c"}] * 2
    assert refused == [RefusedRow(3, "the row has 5 cells, and the header 4; quote cells with commas")]
