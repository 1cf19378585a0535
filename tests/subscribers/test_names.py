"""The labels of subscriptions: the name that the subscriber gives, or the readable form of the query."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.planned_papers import stored_subscriber
from support.service import MONDAY, add_subscriber, ingest_page, run_notifier

from notifier.config import Config
from notifier.digests import items
from notifier.errors import QueryError, UsageError
from notifier.pipeline.planning import plan
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers import import_subscribers
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
MOE = '"mixture of experts" OR MoE'


def named(engine: Engine) -> list[tuple[str, str | None]]:
    """Return the label and the name of each of Ann's subscriptions."""
    return [(each.label, each.name) for each in stored_subscriber(engine, ANN).subscriptions]


def section_labels(engine: Engine) -> list[list[str]]:
    """Return the labels of the sections of each digest, oldest first."""
    with reading(engine) as connection:
        texts = connection.scalars(select(delivery.c["items"]).order_by(delivery.c.id)).all()
    return [[section.label for section in items.decode(text)[0]] for text in texts]


def test_a_query_without_a_name_has_its_readable_form_as_label(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, (MOE, "title:quant* -survey"), ("all",)))
    assert named(engine) == [
        ("mixture of experts or MoE", None),
        ("quant… in the title, not survey", None),
        ("All papers", None),
    ]
    assert [each.query for each in stored_subscriber(engine, ANN).subscriptions] == [MOE, "title:quant* -survey", None]


def test_a_name_replaces_the_label_of_a_query_or_topic_until_it_is_removed(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, (MOE,), name="Sparse models"))
    add_subscriber(engine, SignUp(ANN, topics=("all",), name="Everything"))
    assert named(engine) == [("Sparse models", "Sparse models"), ("Everything", "Everything")]
    add_subscriber(engine, SignUp(ANN, ('moe OR "Mixture of Experts"',), name="Experts"))
    add_subscriber(engine, SignUp(ANN, (MOE,), ("all",)))
    assert named(engine) == [("Experts", "Experts"), ("Everything", "Everything")]
    add_subscriber(engine, SignUp(ANN, (MOE,), name=" "))
    assert named(engine) == [("mixture of experts or MoE", None), ("Everything", "Everything")]


def test_a_name_is_given_to_one_subscriber_only(engine: Engine) -> None:
    add_subscriber(engine, SignUp("bob@example.org", (MOE,), name="Sparse models"))
    add_subscriber(engine, SignUp(ANN, (MOE,)))
    assert named(engine) == [("mixture of experts or MoE", None)]


def test_a_name_is_stored_as_one_line_without_control_characters(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, (MOE,), name="  Sparse\n\tmodels\x00 \u202e∘ 模型 \x1b[1m"))
    assert named(engine)[0][0] == "Sparse models ∘ 模型 [1m"


@pytest.mark.parametrize(
    ("sign_up", "says"),
    [
        (SignUp(ANN, name="Models"), "give exactly one query or topic"),
        (SignUp(ANN, ("a", "b"), name="Models"), "give exactly one query or topic"),
        (SignUp(ANN, ("a",), ("all",), name=""), "give exactly one query or topic"),
        (SignUp(ANN, ("a",), name="x" * 101), "at most 100 characters, but this has 101; shorten it"),
    ],
)
def test_a_name_that_is_too_long_or_not_for_one_subscription_is_refused(
    engine: Engine, sign_up: SignUp, says: str
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",)))
    with pytest.raises(UsageError, match=says):
        add_subscriber(engine, sign_up)
    assert named(engine) == [("All papers", None)]
    add_subscriber(engine, SignUp(ANN, ("a",), name=f" {'x' * 100} "))


def test_a_wrong_query_with_a_name_is_refused(engine: Engine) -> None:
    with pytest.raises(QueryError):
        add_subscriber(engine, SignUp(ANN, ("-a",), name="Models"))


def test_an_import_takes_names_and_keeps_those_that_it_does_not_give(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), name="Everything"))
    add_subscriber(engine, SignUp(ANN, ("pruning",), name="Small models"))
    file = tmp_path / "subscribers.csv"
    rows = ("MoE,,Sparse", "moe,,Experts", "MoE,,", ",all,", "pruning,,Pruned models", "a,all,Both", ",,None")
    file.write_text("email,query,topic,name\n" + "".join(f"{ANN},{row}\n" for row in rows), encoding="utf-8")
    imported = import_subscribers(engine, CONFIG, file, MONDAY)
    assert (imported.rows, imported.new_subscriptions) == (5, 1)
    assert [(each.line, "exactly one" in each.reason) for each in imported.refused] == [(7, True), (8, True)]
    assert [label for label, _ in named(engine)] == ["Everything", "Pruned models", "Experts"]


def test_a_digest_has_the_labels_of_its_planning_and_unsent_papers_get_the_new_name(
    engine: Engine, tmp_path: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, ("title:paper -survey",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Monday", "Another Paper of Monday"])
    plan(engine, CONFIG, AT_EIGHT)
    add_subscriber(engine, SignUp(ANN, ("title:paper -survey",), name="My papers"))
    assert section_labels(engine) == [["paper in the title, not survey"]]
    ingest_page(engine, tmp_path, ["A Paper of Tuesday", "Another Paper of Tuesday"], now=AT_EIGHT.replace(hour=20))
    plan(engine, CONFIG, AT_EIGHT.replace(day=7))
    assert section_labels(engine) == [["paper in the title, not survey"], ["My papers"]]


def test_the_commands_show_names_labels_and_the_queries_as_typed(tmp_path: Path) -> None:
    run_notifier("subscribe", ANN, "--query", "title:pruning -survey", "--topic", "all", cwd=tmp_path)
    run = run_notifier("subscribe", ANN, "--query", MOE, "--name", "Sparse models", cwd=tmp_path)
    assert f"title:pruning -survey, All papers, Sparse models ({MOE})" in run.stdout
    assert f"Sparse models ({MOE})" in run_notifier("subscribers", cwd=tmp_path).stdout
    (ann,) = json.loads(run_notifier("subscribers", "--json", cwd=tmp_path).stdout)
    assert ann["subscriptions"] == [
        {"query": "title:pruning -survey", "label": "pruning in the title, not survey", "name": None},
        {"topic": "all", "label": "All papers", "name": None},
        {"query": MOE, "label": "Sparse models", "name": "Sparse models"},
    ]
    refused = run_notifier("subscribe", ANN, "--name", "Sparse models", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert "exactly one query or topic" in refused.stderr
