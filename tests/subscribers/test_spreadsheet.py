"""CSV as spreadsheets read and write it: every text is read as it was written, and no cell is a formula."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.errors import UsageError
from notifier.subscribers.spreadsheet import CsvTable, RefusedRow, read_rows, write_rows

COLUMNS = ("first", "second")
cells = st.text().map(str.strip) | st.text("'=+-@＝x\n,;\"", max_size=6).map(str.strip)


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(st.tuples(cells, cells), max_size=5))
@example([("'=x", "''-"), ("'", "'x"), ("-", '"')])
def test_rows_are_read_as_they_were_written(rows: list[tuple[str, str]]) -> None:
    encodable = [row for row in rows if all(cell.isprintable() or "\n" in cell for cell in row)]
    table = read_rows(write_rows(COLUMNS, encodable), COLUMNS, "first")
    read_back = [(row.cells.get("first", ""), row.cells.get("second", "")) for row in table.rows]
    assert read_back == [row for row in encodable if any(row)]
    assert (table.refused, table.notes) == ([], [])


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
        ("\n \nfirst\na\n", [4]),
        ("sep=;\r\nfirst;second\r\na;b\r\n", [3]),
        ('sep=,\n\nfirst,second\n"a",b\n', [4]),
        ('"first\nof two",first\n,a\n', [3]),
        ("first\na\u2028b\nc\n", [2, 3]),
    ],
)
def test_a_row_has_the_number_of_the_line_in_which_it_begins(text: str, lines: list[int]) -> None:
    assert [row.line for row in read_rows(text.encode(), COLUMNS, "first").rows] == lines


def test_columns_without_a_name_are_left_out_and_cells_beyond_the_header_are_refused() -> None:
    table = read_rows(b"first,,second,\na,b,c,d\na,b,c,d,e\na,b,c,,,,\n", COLUMNS, "first")
    assert [dict(row.cells) for row in table.rows] == [{"first": "a", "second": "c"}] * 2
    assert table.refused == [RefusedRow(3, "the row has 5 cells, and the header 4; quote cells with commas")]


def read(text: str | bytes) -> CsvTable:
    return read_rows(text if isinstance(text, bytes) else text.encode(), COLUMNS, "first", {"second": ["third"]})


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ('"mixture of experts" OR pruning', '"""mixture of experts"" OR pruning"'),
        ('pruning OR "mixture of experts"', '"pruning OR ""mixture of experts"""'),
        (' "mixture of experts"', '"""mixture of experts"""'),
        ('"mixture of experts" ', '"""mixture of experts"""'),
        ('12" wafers', '"12"" wafers"'),
        ('title:"a, b" OR c', '"title:""a, b"" OR c"'),
        ('"a""b"c', '"""a""""b""c"'),
    ],
)
def test_a_cell_that_is_quoted_only_in_part_is_refused_with_the_right_way(cell: str, hint: str) -> None:
    table = read_rows(f"first,second\na,{cell}\nb,c\n".encode(), COLUMNS, "first")
    assert [dict(row.cells) for row in table.rows] == [{"first": "b", "second": "c"}]
    (refused,) = table.refused
    assert refused.line == 2
    assert refused.reason.endswith(f": {hint}")
    again = read_rows(f"first,second\na,{hint}\n".encode(), COLUMNS, "first")
    assert again.rows[0].cells["second"] == cell.strip()


@pytest.mark.parametrize(
    ("lines", "read_lines"),
    [
        (['a@x.example,"open', "b@x.example,c", "d@x.example,e"], [3, 4]),
        (['a@x.example,"open', "b@x.example,c", 'd@x.example,"e"'], [3, 4]),
        (['a@x.example,"open', "b@x.example,c", 'd@x.example,""'], [3, 4]),
        (['a@x.example,"open', "b@x.example,c", 'd@x.example,e"', "f@x.example,g"], [3, 5]),
        (['a@x.example,"open', "b@x.example,c", 'd@x.example,"""e"""'], [3, 4]),
        (['"a@x.example,open', '"b@x.example","c"', '"d@x.example",e'], [3, 4]),
        (['a@x.example,"""open"', "b@x.example,c"], [2, 3]),
        (['a@x.example,"open"""', 'b@x.example,"""', "c@x.example,d"], [2, 4]),
        (['a@x.example,"two', 'lines"', "b@x.example,c"], [2, 4]),
        (['a@x.example,"ask', "b@x.example", 'for it"', "c@x.example,d"], [3, 5]),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_quotation_mark_that_is_not_closed_refuses_only_its_own_row(
    lines: list[str], read_lines: list[int], line_end: str
) -> None:
    text = line_end.join(["first,second", *lines])
    table = read_rows(text.encode(), COLUMNS, "first")
    assert [row.line for row in table.rows] == read_lines
    assert all("quotation mark" in each.reason for each in table.refused)


@settings(deadline=None, max_examples=examples(300))
@given(st.text('ab@,"\n\r;', max_size=40))
def test_every_row_is_read_or_refused_and_a_good_one_after_it_is_read(text: str) -> None:
    table = read_rows(f"first,second\n{text}\nlast@x.example,z\n".encode(), COLUMNS, "first")
    assert {"first": "last@x.example", "second": "z"} in [dict(row.cells) for row in table.rows]


@settings(deadline=None, max_examples=examples(200))
@given(st.lists(st.text('ab ,"\n=', max_size=8).map(str.strip), min_size=2, max_size=2))
def test_strict_csv_means_what_the_csv_module_reads(row: list[str]) -> None:
    written = write_rows(COLUMNS, [("x", row[0]), ("y", row[1])])
    table = read_rows(written, COLUMNS, "first")
    plain = list(csv.reader(io.StringIO(written.decode(), newline=""), strict=True))[1:]
    assert [each.cells.get("second", "").removeprefix("'") for each in table.rows] == [
        cell.strip().removeprefix("'") for _, cell in plain
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("separator", ["", "sep=;\n", "SEP=;\r\n", '"sep=;"\n', "sep=;;;\n"])
def test_files_of_all_encodings_with_and_without_a_separator_line_are_read(encoding: str, separator: str) -> None:
    table = read((separator + "First;Third\nann;é – ü\n").encode(encoding))
    assert [dict(row.cells) for row in table.rows] == [{"first": "ann"}]
    assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")
    second = read_rows((separator + "First;Second\nann;é – ü, a\n").encode(encoding), COLUMNS, "first")
    assert second.rows[0].cells["second"] == "é – ü, a"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_separator_line_counts_more_than_the_header(separator: str) -> None:
    table = read_rows(f"sep={separator}\nfirst{separator}a;b;c\nx{separator}y\n".encode(), COLUMNS, "first")
    assert [dict(row.cells) for row in table.rows] == [{"first": "x"}]
    with pytest.raises(UsageError, match="names no separator"):
        read("sep=x\nfirst\n")


def test_one_broken_byte_in_utf_8_costs_one_row_and_garbles_no_other() -> None:
    table = read_rows("first,second\nann,ü\nbob,".encode() + b"\xfc\ncid,x\n", COLUMNS, "first")
    assert [row.cells["first"] for row in table.rows] == ["ann", "cid"]
    assert [(each.line, "not UTF-8" in each.reason) for each in table.refused] == [(3, True)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"first\na\0b\n", "not text"),
        ("first\na".encode("utf-16") + b"x", "damaged UTF-16"),
        (b"first\n\x81\n", "neither UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_with_a_cure(content: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=f"{says}.*CSV UTF-8"):
        read(content)


def test_foreign_columns_are_left_out_by_name() -> None:
    table = read("Phone,FIRST,Full Name,secnd,second,\n1,ann,Ann,x,y,z\n")
    assert [dict(row.cells) for row in table.rows] == [{"first": "ann"}]
    assert table.notes == [
        "the column second is left out, because it needs one of the columns third",
        "left out, because notifier has no such columns: 'Phone', 'Full Name', 'secnd' (did you mean second?)",
    ]
    many = ",".join(f"c{number}" for number in range(30))
    assert read(f"first,{many}\nann\n").notes[0].endswith("'c9' and 20 more")
    assert "\x1b" not in read("first,a\x1b[31mb\nann\n").notes[0]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("Primary E-Mail,Other E-Mail", "no column first; rename the column 'Primary E-Mail'"),
        ("ann@example.org,pruning", "the first line names no columns"),
        ("second,third", "no column first; add it"),
        ("first,second,FIRST", "the column first twice"),
        ('first,"second', "line 1, which names the columns, cannot be read: a quotation mark"),
    ],
)
def test_a_header_without_the_needed_column_is_refused_with_a_cure(header: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(f"{header}\nx,y\n")


@pytest.mark.slow
@pytest.mark.parametrize("line", ['a@x.example,"', '"', '""', '"""', 'a,"b""', "a@x.example,b", ",", 'a,"b"c', "\t"])
def test_long_files_of_any_kind_are_read_in_linear_time(line: str) -> None:
    start = time.perf_counter()
    read_rows(("first,second\n" + f"{line}\n" * 40_000).encode(), COLUMNS, "first")
    read_rows(("first,second\n" + line * 40_000).encode(), COLUMNS, "first")
    assert time.perf_counter() - start < 20
