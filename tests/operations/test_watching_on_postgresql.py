"""Metrics, alerts and the removal of old rows on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine
from support.outbox import AT_EIGHT, SettableClock, plan_many, run
from support.scripted_relay import ScriptedRelay
from support.service import MONDAY, add_listings

from notifier.alerting import alert_changes
from notifier.config import AlertsConfig, Config
from notifier.models import Listing
from notifier.operations.metrics import metrics_text
from notifier.pipeline.removing import remove_old
from notifier.store import dumps
from notifier.store.engine import writing

DAY = timedelta(days=1)
CONFIG = Config(alerts=AlertsConfig(mail=("admin@example.org",)))


@pytest.mark.slow
def test_a_service_is_watched_and_kept_small_on_postgresql(postgres_store: Engine, tmp_path: Path) -> None:
    engine = postgres_store
    plan_many(engine, tmp_path, ["ann@example.org", "bob@example.org"])
    with ScriptedRelay() as relay:
        run(engine, tmp_path, relay, SettableClock(AT_EIGHT))
    for number in range(6):
        add_listings(engine, f"dump {number}", MONDAY.date(), Listing(1, "The Same Paper Again", upvotes=number))
    with writing(engine) as connection:
        dumps.quarantine(connection, "noise", "0" * 64, "it is no list of papers", MONDAY)
    assert len(alert_changes(engine, CONFIG, MONDAY)) == 1
    assert alert_changes(engine, CONFIG, MONDAY) == []

    def shown(name: str, **labels: str) -> float:
        text = metrics_text(engine, CONFIG, lambda: MONDAY).decode()
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())

    assert shown("notifier_delivery_attempts_total", state="accepted", reply="2xx") == 2
    assert shown("notifier_deliveries", state="accepted") == shown("notifier_messages", kind="digest") == 2
    assert shown("notifier_messages", kind="alert") == shown("notifier_alert_open", alert="quarantine") == 1
    removed: dict[str, int] = {}
    for days in range(0, 430, 30):
        removed |= remove_old(engine, Config(), MONDAY + days * DAY).removed
    assert removed == {"listings": 4, "deliveries": 2}
    assert shown("notifier_deliveries", state="accepted") == 0
    assert shown("notifier_delivery_attempts_total") == 2
