"""The labels of subscriptions: the readable form of the query, or the title of the topic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine
from support.planned_papers import stored_subscriber
from support.service import add_subscriber, run_notifier

from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
MOE = '"mixture of experts" OR MoE'


def test_a_query_has_its_readable_form_as_label(engine: Engine) -> None:
    subscriber = add_subscriber(engine, SignUp(ANN, (MOE, "title:quant* -survey"), ("all",)))
    assert subscriber == stored_subscriber(engine, ANN)
    assert [(each.query, each.label) for each in subscriber.subscriptions] == [
        (MOE, "mixture of experts or MoE"),
        ("title:quant* -survey", "quant… in the title, not survey"),
        (None, "All papers"),
    ]


def test_the_list_of_subscribers_shows_queries_as_typed(tmp_path: Path) -> None:
    run_notifier("subscribe", ANN, "--query", MOE, "--topic", "all", cwd=tmp_path)
    assert f"{MOE}, All papers" in run_notifier("subscribers", cwd=tmp_path).stdout
