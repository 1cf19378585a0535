"""Any input is read or refused in time and memory that grow in proportion to its size.

If the time grew faster, these tests would not end.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import Layout, seed_papers
from support.thoroughness import examples

from notifier.errors import DumpError
from notifier.models import ParsedDump
from notifier.sources import parse_dump

SIZE = 1_000_000


def parsed_or_refused(content: bytes) -> ParsedDump | None:
    """Return the dump, or None if it is refused."""
    try:
        return parse_dump(content)
    except DumpError:
        return None


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "word ",
            "Word. ",
            "$",
            "\\",
            "[",
            "](",
            "[a](b)",
            "[[a](b)](c)",
            "John Smith, ",
            "A and ",
            "1 ",
            "http://a/",
        ),
        *(
            "a\n",
            "[a\n",
            '"\n',
            "A Title of a Paper\n",
            "John Smith, Jane Doe\n",
            "1 2 3\n",
            "# \n",
            "{\n",
            "From: a\n",
        ),
        *("\n", "\r", "   \n", "\u202e", "。", "u\u0316\u0301", "Subscribe", "Get trending papers!", "arXiv: ", "%\n"),
    ],
)
def test_a_megabyte_of_one_repeated_text_is_read_or_refused(unit: str) -> None:
    dump = parsed_or_refused((unit * (SIZE // len(unit.encode()))).encode())
    assert dump is None or dump.listings


def test_a_megabyte_of_papers_is_read() -> None:
    entries = [(f"{title} {number}", abstract) for number in range(2) for title, abstract in seed_papers()]
    assert len(parse_dump(Layout(1, 1).render(entries).encode()).listings) == len(entries)


@settings(deadline=None, max_examples=examples(200))
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    dump = parsed_or_refused(content)
    assert dump is None or all(listing.title for listing in dump.listings)


def test_a_title_that_is_only_markup_is_not_emptied() -> None:
    entries = [("<b></b>", seed_papers()[0][1]), *seed_papers()[1:6]]
    dump = parse_dump(Layout().render(entries).encode())
    assert len(dump.listings) >= 5
    assert all(listing.title for listing in dump.listings)
