"""A table in a pipe looks the same whether or not rich prints it, so rich need not be imported for a pipe."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.cli.output import print_table

ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
CELLS = ASCII | st.integers() | st.text(max_size=6)
TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.tuples(
        st.lists(ASCII.filter(str.strip), min_size=columns, max_size=columns),
        st.lists(st.lists(CELLS, min_size=columns, max_size=columns), max_size=5),
    )
)


def printed(heading: Sequence[str], rows: Sequence[Sequence[object]], **environment: str) -> str:
    """Return what `print_table` writes to a pipe."""
    with redirect_stdout(io.StringIO()) as pipe, patch.dict(os.environ, environment):
        print_table(heading, rows, nothing="")
    return pipe.getvalue()


@settings(deadline=None, max_examples=examples(200))
@given(TABLES)
def test_a_table_in_a_pipe_is_what_rich_would_print(table: tuple[list[str], list[list[object]]]) -> None:
    # If FORCE_COLOR is set, print_table lets rich decide; an empty FORCE_COLOR tells rich that this is no terminal.
    assert printed(*table) == printed(*table, FORCE_COLOR="")


def test_a_row_in_a_pipe_is_one_line_and_numbers_are_aligned_to_the_right() -> None:
    rows = [("all", 7, "a" * 300), ("graphs", 1204, "b")]
    assert printed(("topic", "papers", "query"), rows).splitlines() == [
        f"topic   papers  {'query':300}",
        f"all          7  {'a' * 300}",
        f"graphs    1204  {'b':300}",
    ]


def test_a_table_without_rows_is_the_sentence_that_says_so() -> None:
    with redirect_stdout(io.StringIO()) as pipe:
        print_table(("path", "reason"), [], nothing="no dump is quarantined")
    assert pipe.getvalue() == "no dump is quarantined\n"


def test_a_cell_does_not_control_the_terminal() -> None:
    for environment in ({}, {"FORCE_COLOR": ""}):
        output = printed(("path", "reason"), [("\x1b]0;owned\x07", "a\r\nb\u202e")], **environment)
        assert output.split("\n")[1].rstrip() == "\ufffd]0;owned\ufffd  a  b\ufffd"
