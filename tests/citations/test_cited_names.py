"""The parts of authors' names, as sources write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cited_papers import hostile_text

from notifier.citations.names import CitedName, cited_name


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ashish Vaswani", CitedName("Vaswani", "Ashish")),
        ("Vaswani, Ashish", CitedName("Vaswani", "Ashish")),
        ("Laurens van der Maaten", CitedName("van der Maaten", "Laurens")),
        ("van der Maaten, Laurens", CitedName("van der Maaten", "Laurens")),
        ("Ludwig von Mises III", CitedName("von Mises", "Ludwig", "III")),
        ("Martin Luther King, Jr.", CitedName("King", "Martin Luther", "Jr.")),
        ("King, Jr., Martin", CitedName("King", "Martin", "Jr.")),
        ("Smith J", CitedName("Smith", "J")),
        ("Smith J. A.", CitedName("Smith", "J. A.")),
        ("J. A. Smith", CitedName("Smith", "J. A.")),
        ("Ann Smith (MIT, Cambridge)", CitedName("Smith", "Ann")),
        ("Yang Ai", CitedName("Ai", "Yang")),
        ("Mistral AI", CitedName("Mistral AI")),
        ("Gemma Team", CitedName("Gemma Team")),
        ("The ATLAS Collaboration", CitedName("The ATLAS Collaboration")),
        ("Team GLM: Long Context", CitedName("Team GLM: Long Context")),
        ("OpenAI", CitedName("OpenAI")),
        ("张伟", CitedName("张伟")),
        ("(anonymous)", CitedName("(anonymous)")),
    ],
)
def test_a_name_is_divided_as_its_owner_would(author: str, name: CitedName) -> None:
    assert cited_name(author) == name


@given(hostile_text() | st.just("") | st.sampled_from([",", "(", " ,; "]))
def test_any_text_gives_a_name_on_one_line(author: str) -> None:
    assert "\n" not in "".join(cited_name(author))
