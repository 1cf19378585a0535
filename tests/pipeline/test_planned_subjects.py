"""The subject of a planned digest names the best of its papers, and is fixed when the digest is planned."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from support.service import MONDAY, add_listings, add_subscriber, ingest_page

from notifier.config import Config, DigestConfig
from notifier.digests import items
from notifier.models import DeliveryState, Item, Listing, Section
from notifier.pipeline.planning import plan
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
ANN = "ann@example.org"


def subjects(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(select(delivery.c.subject).order_by(delivery.c.id)))


def ingest_with_upvotes(engine: Engine, **upvotes: int) -> None:
    listings = [Listing(0, f"{name} of Large Models", upvotes=count) for name, count in upvotes.items()]
    add_listings(engine, "dump", MONDAY.date(), *listings)


def test_the_subject_names_the_best_paper_of_all_sections(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization", "pruning", "distillation"), confirmed=True))
    ingest_with_upvotes(engine, Quantization=3, Pruning=200, Distillation=7, Routing=900)
    plan(engine, CONFIG, AT_EIGHT)
    assert subjects(engine) == ["3 new papers: Pruning of Large Models"]


def test_papers_beyond_the_limit_are_counted_too(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("models",), confirmed=True))
    ingest_with_upvotes(engine, Quantization=3, Pruning=200, Distillation=7)
    plan(engine, Config(digest=DigestConfig(papers=1)), AT_EIGHT)
    assert subjects(engine) == ["3 new papers: Pruning of Large Models"]


def test_the_pattern_of_the_config_makes_the_subject(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("pruning",), confirmed=True))
    ingest_with_upvotes(engine, Pruning=200)
    plan(engine, Config(digest=DigestConfig(subject="{{{period}}} {title}, {papers}")), AT_EIGHT)
    assert subjects(engine) == ["{Daily papers of 6 Jul 2026} Pruning of Large Models, 1 new paper"]


def test_the_subject_of_a_digest_without_new_papers_names_the_first_one_that_was_not_sent(
    engine: Engine, tmp_path: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Monday", "Another Paper of Monday"])
    plan(engine, CONFIG, AT_EIGHT)
    plan(engine, CONFIG, AT_EIGHT + A_DAY)
    assert subjects(engine) == ["2 new papers: A Paper of Monday"] * 2


def test_a_new_paper_is_named_before_those_that_were_not_sent(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Monday", "Another Paper of Monday"])
    plan(engine, CONFIG, AT_EIGHT)
    ingest_page(engine, tmp_path, ["A Paper of Tuesday"], now=AT_EIGHT + A_DAY / 2)
    plan(engine, CONFIG, AT_EIGHT + A_DAY)
    assert subjects(engine)[1] == "3 new papers: A Paper of Tuesday"


def test_a_paper_that_is_no_longer_stored_stops_nobodys_planning(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Monday"])
    plan(engine, CONFIG, AT_EIGHT)
    with writing(engine) as connection:
        connection.execute(delivery.update().values(items=items.encode((Section("All papers", (Item(99),)),), ())))
    assert plan(engine, CONFIG, AT_EIGHT + A_DAY).digests == 1
    assert subjects(engine)[1] == "1 new paper:"


def test_a_digest_with_nothing_new_has_no_subject(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("pruning",), confirmed=True))
    plan(engine, CONFIG, AT_EIGHT)
    with reading(engine) as connection:
        assert connection.execute(select(delivery.c.state, delivery.c.subject)).all() == [(DeliveryState.SKIPPED, "")]
