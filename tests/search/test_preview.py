"""The preview of a query: its matches, their number a week, and warnings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from support.service import MONDAY, SEEDS, ingest_page

from notifier.pipeline.ingesting import ingest
from notifier.search.preview import preview


def test_all_matches_are_returned_newest_listing_day_first(engine: Engine) -> None:
    for seed in SEEDS:
        ingest(engine, seed, None, MONDAY)
    result = preview(engine, "quantization -survey", None, MONDAY)
    days = [match.listed_on for match in result.matches]
    assert len(set(days)) > 1
    assert days == sorted(days, reverse=True)
    assert all("survey" not in f"{match.title} {match.abstract}".casefold() for match in result.matches)


def test_days_count_back_from_today(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["A Paper of Last Month", "And Its Companion Then"], now=MONDAY - timedelta(days=30))
    ingest_page(engine, tmp_path, ["A Paper of This Morning", "And Its Companion Now"])
    assert [match.title for match in preview(engine, "paper", 1, MONDAY).matches] == ["A Paper of This Morning"]
    assert len(preview(engine, "paper", 31, MONDAY).matches) == 2


def test_no_word_is_missing_where_no_paper_is_stored_yet(engine: Engine) -> None:
    (warning,) = preview(engine, "pruning", None, MONDAY).warnings
    assert warning.startswith("there are no papers to search yet")


def test_a_query_with_very_many_matches_or_with_none_gets_a_warning(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, [f"The Paper of Number {number}" for number in range(20)])
    assert any("more than a tenth" in warning for warning in preview(engine, "paper", None, MONDAY).warnings)
    assert any("none of the 20" in warning for warning in preview(engine, "paper survey", None, MONDAY).warnings)
    assert preview(engine, '"number 7"', None, MONDAY).warnings == ()


def test_similar_words_are_proposed_for_a_word_that_no_paper_has(engine: Engine) -> None:
    ingest(engine, SEEDS[0], None, MONDAY)
    warnings = preview(engine, 'quantizaton "mixture of expertz" author:nobody', None, MONDAY).warnings
    assert any("“quantizaton”; did you mean quantization" in warning for warning in warnings)
    assert any("“expertz”; did you mean expert" in warning for warning in warnings)
    assert not any("nobody" in warning for warning in warnings)


def test_the_number_of_papers_a_week_is_the_mean_over_the_days_searched(engine: Engine, tmp_path: Path) -> None:
    ingest_page(
        engine, tmp_path, ["A Paper of Two Weeks Ago", "And Its Companion Then"], now=MONDAY - timedelta(days=13)
    )
    ingest_page(engine, tmp_path, ["A Paper of This Morning", "And Its Companion Now"])
    assert preview(engine, "paper", None, MONDAY).per_week == 1.0
    assert preview(engine, "paper", 7, MONDAY).per_week == 1.0


def test_a_word_is_searched_by_stem_and_the_same_word_in_quotes_exactly(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["A Survey of Models", "Another Page of Models"])
    warnings = preview(engine, 'modelling OR "modelled" OR modelx*', None, MONDAY).warnings
    assert [warning.split("“")[1].split("”")[0] for warning in warnings if "“" in warning] == ["modelled", "modelx*"]
