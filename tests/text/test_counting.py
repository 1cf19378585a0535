"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from notifier.text.counting import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 papers"), (1, "1 paper"), (2, "2 papers"), (10_000, "10000 papers")]
)
def test_a_noun_has_the_form_that_its_number_needs(number: int, words: str) -> None:
    assert counted(number, "paper") == words


def test_an_irregular_plural_is_given() -> None:
    assert [counted(number, "search", "searches") for number in (1, 2)] == ["1 search", "2 searches"]
