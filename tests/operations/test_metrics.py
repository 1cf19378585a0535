"""The metrics agree with the rows, their names follow Prometheus' conventions, and only those who may see them do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text
from support.outbox import AT_EIGHT, SettableClock, run
from support.paths import CHECKOUT
from support.scripted_relay import ScriptedRelay
from support.service import MONDAY, SEEDS, add_subscriber
from support.source_histories import ARXIV_WEEK, failing, instant, weekly
from support.stored_sources import config_with, store_history
from support.web_site import serve_app, write_config

from notifier.alerting import alert_changes
from notifier.config import Config, metrics_token
from notifier.errors import ConfigError
from notifier.models import InboxState, ReturnedKind
from notifier.operations.metrics import metrics_text
from notifier.pipeline import once
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.planning import plan
from notifier.pipeline.removing import remove_old
from notifier.store import returned
from notifier.store.engine import reading, writing
from notifier.subscribers.subscribing import SignUp
from notifier.web import make_app

NOW = AT_EIGHT + timedelta(minutes=1)
TOKEN = "4f" * 20

Values = dict[tuple[str, ...], float]


def families(engine: Engine, config: Config | None = None) -> dict[str, Metric]:
    found = metrics_text(engine, config or Config(), lambda: NOW).decode()
    return {family.name: family for family in text_string_to_metric_families(found)}


def values(found: dict[str, Metric], name: str, *labels: str) -> Values:
    """Return the values of a metric by these labels, without those that are 0."""
    samples = found[name].samples
    return {tuple(each.labels[label] for label in labels): each.value for each in samples if each.value}


def rows(engine: Engine, query: str) -> Values:
    """Return the last column of a query by the columns before it."""
    with reading(engine) as connection:
        return {tuple(map(str, key)): float(number) for *key, number in connection.execute(text(query)) if number}


@pytest.fixture
def journey(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store after a day with papers, a quarantined dump, and mails with all kinds of answers."""
    (tmp_path / "noise.bin").write_bytes(b"\x00\x01")
    ingest(engine, tmp_path / "noise.bin", None, MONDAY)
    ingest(engine, SEEDS[1], None, MONDAY)
    for name in ("ann", "bob", "refused", "later"):
        add_subscriber(engine, SignUp(f"{name}@example.org", topics=("all",), confirmed=True))
    add_subscriber(engine, SignUp("new@example.org", topics=("all",)))
    plan(engine, Config(), AT_EIGHT)
    answers = {"refused@": "550 5.1.1 unknown user", "later@": "451 4.7.1 later"}
    with ScriptedRelay({"RCPT": lambda line: next((answers[each] for each in answers if each in line), None)}) as relay:
        run(engine, tmp_path, relay, SettableClock(NOW))
    return engine


def test_each_number_is_that_of_an_independent_count(journey: Engine) -> None:
    found = families(journey)
    counts = {
        ("notifier_papers",): "SELECT count(*) FROM paper",
        ("notifier_listings",): "SELECT count(*) FROM listing",
        ("notifier_dumps", "format"): "SELECT format, count(*) FROM dump GROUP BY format",
        ("notifier_subscribers", "state"): "SELECT lower(state), count(*) FROM subscriber GROUP BY state",
        ("notifier_deliveries", "state"): "SELECT lower(state), count(*) FROM delivery GROUP BY state",
        ("notifier_messages", "kind"): "SELECT kind, count(*) FROM delivery GROUP BY kind",
        ("notifier_dumps_set_aside", "status"): "SELECT 'quarantined', count(*) FROM quarantined",
        ("notifier_delivery_attempts", "kind", "state", "reply"): (
            "SELECT kind, lower(state), substr(reply, 1, 1) || 'xx', count(*) FROM delivery WHERE reply <> '' GROUP BY"
            " 1, 2, 3"
        ),
    }
    for (name, *labels), query in counts.items():
        expected = rows(journey, query)
        assert values(found, name, *labels) == expected, name
        assert expected, name
    assert values(found, "notifier_deliveries", "state") == {("accepted",): 2, ("rejected",): 1, ("deferred",): 1}


def test_delays_are_counted_from_planning_to_acceptance(journey: Engine) -> None:
    samples = families(journey)["notifier_delivery_delay_seconds"].samples
    buckets = {each.labels["le"]: each.value for each in samples if each.name.endswith("_bucket")}
    assert (buckets["15.0"], buckets["60.0"], buckets["+Inf"]) == (0, 2, 2)
    totals = {each.name.rpartition("_")[2]: each.value for each in samples if "le" not in each.labels}
    assert totals == {"count": 2, "sum": 120}


def test_attempts_and_delays_never_fall(journey: Engine) -> None:
    before = families(journey)
    for days in (20, 40, 60, 80, 400, 407, 408):
        remove_old(journey, Config(), NOW + timedelta(days=days))
    after = families(journey)
    assert after["notifier_deliveries"].samples != before["notifier_deliveries"].samples
    for name in ("notifier_delivery_attempts", "notifier_delivery_delay_seconds", "notifier_dumps"):
        assert after[name].samples == before[name].samples


def test_the_age_of_the_oldest_mail_that_is_due(journey: Engine) -> None:
    assert values(families(journey), "notifier_outbox_due") == {}
    later = partial(metrics_text, journey, Config(), lambda: NOW + timedelta(hours=1))
    found = {family.name: family for family in text_string_to_metric_families(later().decode())}
    assert values(found, "notifier_outbox_due") == {(): 1}
    (age,) = values(found, "notifier_outbox_oldest_due_seconds").values()
    assert timedelta(minutes=50) < timedelta(seconds=age) < timedelta(minutes=60)


def test_sources_steps_and_alerts_are_shown(engine: Engine) -> None:
    config, now = config_with("arxiv", "new"), instant(25)
    store_history(engine, failing(weekly(ARXIV_WEEK, 22), now, instant(22), 9, "HTTP 403"))
    alert_changes(engine, config, now)
    once(engine, config, lambda: now)
    found = families(engine, config)
    assert values(found, "notifier_source_failures", "source") == {("arxiv",): 9}
    assert values(found, "notifier_source_last_attempt_timestamp_seconds", "source") == {("arxiv",): now.timestamp()}
    assert values(found, "notifier_alert_open", "alert", "source") == {("source", "arxiv"): 1}
    steps = values(found, "notifier_step_last_success_timestamp_seconds", "step")
    assert steps == {(step,): now.timestamp() for step in ("alerts", "plan", "publish")}


def test_returned_messages_and_the_inbox_are_shown(engine: Engine) -> None:
    config = Config().model_copy(update={"mail": Config().mail.model_copy(update={"inbox": "maildir:/var/mail/x"})})
    with writing(engine) as connection:
        for kind, days in ((ReturnedKind.HARD, 1), (ReturnedKind.UNCLEAR, 29), (ReturnedKind.UNCLEAR, 31)):
            returned.add(connection, f"{kind} {days}", kind, NOW - timedelta(days=days))
        returned.set_inbox_state(connection, config.inbox_name, InboxState(NOW, "it is gone", NOW))
    found = families(engine, config)
    assert values(found, "notifier_returned_messages", "kind") == {("hard",): 1, ("unclear",): 1}
    assert values(found, "notifier_replies_waiting") == {(): 2}
    assert values(found, "notifier_inbox_last_success_timestamp_seconds") == {(): NOW.timestamp()}
    assert values(found, "notifier_inbox_failing") == {(): 1}
    assert families(engine)["notifier_inbox_failing"].samples == []


def test_names_follow_the_conventions(journey: Engine) -> None:
    units = ("_seconds", "_bytes", "_info")
    for name, family in families(journey).items():
        assert re.fullmatch(r"notifier_[a-z]+(_[a-z]+)*", name)
        assert family.documentation.endswith(".")
        assert family.type in ("counter", "gauge", "histogram")
        assert "minutes" not in name
        if "timestamp" in name:
            assert name.endswith(units)
        assert not any("@" in value for each in family.samples for value in each.labels.values())


def test_the_dashboard_uses_only_metrics_that_exist(journey: Engine) -> None:
    dashboard = json.loads((CHECKOUT / "packaging" / "grafana.json").read_text(encoding="utf-8"))
    found = families(journey)
    known = {name for name, family in found.items() if family.type != "counter"}
    known |= {f"{name}_total" for name, family in found.items() if family.type == "counter"}
    known |= {f"{name}_bucket" for name, family in found.items() if family.type == "histogram"}
    used = [
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"notifier_\w+", target["expr"])
    ]
    assert set(used) <= known
    assert {panel["id"] for panel in dashboard["panels"]} == set(range(1, len(dashboard["panels"]) + 1))
    assert all(panel["title"] and panel["targets"] for panel in dashboard["panels"])


@contextmanager
def served(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    text_of = partial(metrics_text, engine, config, lambda: NOW)
    with serve_app(make_app(engine, config, lambda: NOW, metrics_text=text_of)) as client:
        yield client


def test_a_client_on_this_machine_sees_the_metrics_of_pages_that_are_not_public(engine: Engine, tmp_path: Path) -> None:
    with served(engine, write_config(tmp_path, base_url="http://127.0.0.1:8000")) as client:
        response = client.get("/metrics")
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
        assert "notifier_papers 0.0" in response.text
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            assert client.get("/metrics", headers={header: "192.0.2.1"}).status_code == 404


def test_public_pages_show_no_metrics_without_a_token(engine: Engine, tmp_path: Path) -> None:
    with served(engine, write_config(tmp_path)) as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


def test_a_token_opens_the_metrics_and_nothing_else_does(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "metrics.token").write_text(f"{TOKEN}\n", encoding="ascii")
    config = write_config(tmp_path)
    web = config.web.model_copy(update={"metrics_token_file": Path("metrics.token")})
    with served(engine, config.model_copy(update={"web": web})) as client:
        for header in (
            {},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": TOKEN},
            {"Authorization": "Bearer"},
        ):
            refused = client.get("/metrics", headers=header)
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "notifier_" not in refused.text
        proxied = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "192.0.2.1"}
        assert client.get("/metrics", headers=proxied).status_code == 200


@pytest.mark.parametrize("content", [None, "", "short", "two words of a token that is long", "é" * 20])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "metrics.token").write_text(content, encoding="utf-8")
    config = Config().model_copy(
        update={"web": Config().web.model_copy(update={"metrics_token_file": tmp_path / "metrics.token"})}
    )
    with pytest.raises(ConfigError, match="openssl rand -hex 32"):
        metrics_token(config)


def test_the_document_names_every_metric(journey: Engine) -> None:
    document = (CHECKOUT / "docs" / "maintaining.md").read_text(encoding="utf-8")
    found = families(journey).values()
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in found}
    assert set(re.findall(r"`(notifier_\w+)`", document)) == names
