"""The subject of a digest says what is inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.digests.subjects import COLUMNS, MIN_TITLE, subject
from notifier.text.harmless import columns, inert

USUAL = "{papers}: {title}"
PERIOD = "Daily papers of 6 Jul 2026"


@pytest.mark.parametrize(
    ("pattern", "count", "shown"),
    [
        (USUAL, 12, "12 new papers: Attention Is All You Need"),
        (USUAL, 1, "1 new paper: Attention Is All You Need"),
        ("{period}", 12, "Daily papers of 6 Jul 2026"),
        ("[papers] {title} ({papers})", 3, "[papers] Attention Is All You Need (3 new papers)"),
        ("{{{papers}}}", 3, "{3 new papers}"),
        ("{title}", 3, "Attention Is All You Need"),
        (" {papers} ", 3, "3 new papers"),
    ],
)
def test_a_subject_is_made_by_the_pattern(pattern: str, count: int, shown: str) -> None:
    assert subject(pattern, count, "Attention Is All You Need", PERIOD) == shown


@pytest.mark.parametrize("title", ["{papers}", "{0}", "{", "a {title} b", "{{x}}", "%s"])
def test_braces_in_a_title_are_shown_as_they_are(title: str) -> None:
    assert subject(USUAL, 2, title, PERIOD) == f"2 new papers: {title}"


def test_a_long_title_ends_after_a_word_so_that_mail_programs_show_the_subject_whole() -> None:
    title = "A Survey on Inference Optimization Techniques for Mixture of Experts Models"
    shown = subject(USUAL, 31, title, PERIOD)
    assert shown == "31 new papers: A Survey on Inference Optimization Techniques for Mixture of…"
    assert columns(shown) <= COLUMNS == 78


def test_a_wide_character_takes_two_columns() -> None:
    shown = subject(USUAL, 1, "混合专家模型的低比特量化" * 5, PERIOD)
    assert columns(shown) in (COLUMNS - 1, COLUMNS) and shown.endswith("…")


def test_a_long_pattern_leaves_something_of_the_title() -> None:
    shown = subject("p" * 100 + " {title}", 1, "A Title of Many Short Words and Yet Some More", PERIOD)
    assert shown == "p" * 100 + " A Title of Many…"
    assert columns(shown) - 101 <= MIN_TITLE


def test_a_title_of_several_lines_or_with_control_characters_makes_one_harmless_line() -> None:
    assert subject(USUAL, 1, "A\r\nBcc: all\t\u202eTitle", PERIOD) == "1 new paper: A Bcc: all \ufffdTitle"


@given(st.text(alphabet=st.characters(), max_size=200), st.integers(1, 10**6))
def test_every_subject_of_the_usual_pattern_is_one_line_of_at_most_78_columns(title: str, count: int) -> None:
    shown = subject(USUAL, count, title, PERIOD)
    assert columns(shown) <= COLUMNS and inert(shown) == shown
    assert shown.startswith(f"{count} new paper")
