"""A paper is reworded between any two statements of a read: what is read agrees with itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from support.interleaving import before_statement
from support.service import MONDAY, add_listings, add_subscriber
from support.stores import open_again
from support.web_site import AT_EIGHT, serve_pages, write_config

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline.dry_run import plan_dry_run
from notifier.pipeline.next_digest import next_digest
from notifier.pipeline.tagging import tag
from notifier.search import preview
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

ANN = "ann@example.org"
TITLE, KEY = "What Birds Do in Winter", "2607.00001"
WITH, WITHOUT = "We watch sparrows for a year, in one town.", "We watch many small birds for years, in one town."

CATALOGUE = catalogue_of(Config())

Read = Callable[[Engine, Config], Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


def reword(engine: Engine, number: int) -> None:
    """Give the paper a longer abstract, which replaces the one before it; it has the word if `number` is even."""
    abstract = " ".join([WITHOUT if number % 2 else WITH, *["It was long."] * 2 * number])
    add_listings(engine, f"dump {number}", MONDAY.date(), Listing(1, TITLE, abstract, arxiv_id=KEY))
    tag(engine, CATALOGUE)


def preview_of_query(engine: Engine, _config: Config) -> Any:
    return preview(engine, "sparrows", None, AT_EIGHT).matches


def digest_of_ann(engine: Engine, config: Config) -> Any:
    found = next_digest(engine, config, ANN, AT_EIGHT)
    return found.digest and found.digest.sections


def dry_run(engine: Engine, config: Config) -> Any:
    return plan_dry_run(engine, config, AT_EIGHT)


def page(path: str, engine: Engine, config: Config) -> Any:
    with serve_pages(engine, config) as client:
        return client.get(path).raise_for_status().text


READS: dict[str, Read] = {
    "preview": preview_of_query,
    "digest": digest_of_ann,
    "dry run": dry_run,
    "search page": partial(page, "/search?q=sparrows"),
    "search feed": partial(page, "/feeds/search.atom?q=sparrows"),
    "paper": partial(page, f"/paper/{KEY}"),
}


@pytest.mark.parametrize("name", READS)
def test_a_paper_that_is_reworded_at_any_moment_of_a_read_is_shown_as_before_or_as_after(
    store: Engine, tmp_path: Path, name: str
) -> None:
    config, read, other = write_config(tmp_path), READS[name], open_again(store)
    add_subscriber(store, SignUp(ANN, ("sparrows",), confirmed=True), settings=config)
    reword(store, 0)
    states = [read(store, config)]
    for moment in count():
        with before_statement(store, moment, partial(reword, other, moment + 1)) as statements:
            found = read(store, config)
        if statements[0] <= moment:
            break
        states.append(read(store, config))
        assert found in states[-2:], f"before statement {moment}"
    assert moment > 2
    other.dispose()
