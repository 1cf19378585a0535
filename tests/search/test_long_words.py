"""Words that are longer than PostgreSQL's index takes."""

from __future__ import annotations

import random
import string

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_listings

from notifier.models import Listing
from notifier.search import preview


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


@pytest.mark.parametrize("length", [2_500, 2_800, 6_000])
@pytest.mark.parametrize("letters", [string.ascii_lowercase, "𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱"])
def test_a_paper_with_a_very_long_word_is_stored_and_found_by_its_other_words(
    store: Engine, letters: str, length: int
) -> None:
    word = "".join(random.Random(27).choices(letters, k=length))
    add_listings(store, "dump", MONDAY.date(), Listing(1, "How Bees Fly", f"We study {word} and bees."))
    for text in ("bees", f"{word[:900]}*"):
        assert [match.title for match in preview(store, text, None, MONDAY).matches] == ["How Bees Fly"]
