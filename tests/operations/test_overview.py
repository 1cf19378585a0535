"""What administrators see first, and what they look for, on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, update
from support.service import MONDAY, add_subscriber, ingest_page

from notifier.config import Config
from notifier.models import DeliveryState, SubscriberState
from notifier.operations import deliveries_before, read_overview
from notifier.pipeline import plan
from notifier.store import reading, subscribers, tables, writing
from notifier.subscribers import SignUp

ANN, BOB = "ann@example.org", "bob_b@example.org"
AT_EIGHT = MONDAY + timedelta(hours=2)


def accept(store: Engine, number: int, minutes: int) -> None:
    """Let the relay accept a delivery so many minutes after eight."""
    at = AT_EIGHT + timedelta(minutes=minutes)
    row = tables.delivery.c
    values = {"state": DeliveryState.ACCEPTED, "next_try": None, "settled_at": at}
    with writing(store) as connection:
        connection.execute(update(tables.delivery).where(row.id == number).values(values))


def test_dumps_mails_and_people_are_found(store: Engine, tmp_path: Path) -> None:
    for email in (ANN, BOB):
        add_subscriber(store, SignUp(email, topics=("all",), confirmed=True))
    ingest_page(store, tmp_path, ["How Bees Fly", "How Ants Walk"])
    assert plan(store, Config(), AT_EIGHT).digests == 2
    accept(store, 1, 0)
    accept(store, 2, 61)
    found = read_overview(store, AT_EIGHT + timedelta(hours=2))
    assert [count for _, count in found.mails] == [0] * 21 + [1, 1, 0]
    assert [(each.papers, each.listed_on, each.format) for each in found.dumps] == [(2, MONDAY.date(), "page text")]
    late = read_overview(store, AT_EIGHT + timedelta(days=6))
    assert (sum(count for _, count in late.mails), late.dumps) == (0, [])
    assert [each.id for each in deliveries_before(store, 99, 9, None, "ANN@example.org")] == [1]
    assert [each.id for each in deliveries_before(store, 99, 9, DeliveryState.HELD, ANN)] == []
    with reading(store) as connection:
        for part, expected in (("BOB_", [BOB]), ("_", [BOB]), ("%", []), ("\\", []), ("example", [ANN, BOB])):
            listed = subscribers.listed(connection, 0, 9, SubscriberState.ACTIVE, part)
            assert [each.email for each in listed] == expected, part
