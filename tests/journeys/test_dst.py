"""Changes to and from daylight saving time in five zones: each subscriber gets one mail for each local date."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import Engine
from support.scripted_relay import HOST, ScriptedRelay
from support.service import add_subscriber, ingest_page

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.pipeline.planning import plan
from notifier.sending.run import send_due
from notifier.sending.sender import sender_for
from notifier.subscribers.subscribing import SignUp

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Tokyo")
HOUR = timedelta(hours=1)
DAYS = 3


def address_of(zone: str) -> str:
    """Return the address of the subscriber who lives in this time zone."""
    return f"{zone.replace('/', '.').lower()}@example.org"


@pytest.mark.parametrize("change", [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 25)])
def test_each_subscriber_gets_one_mail_for_each_local_date(engine: Engine, tmp_path: Path, change: date) -> None:
    start = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(days=1, hours=14)
    for zone in ZONES:
        add_subscriber(
            engine, SignUp(address_of(zone), topics=("all",), timezone=zone, hour="02:30", confirmed=True), now=start
        )
    with ScriptedRelay() as relay:
        smtp = SmtpConfig(host=HOST, port=relay.port, tls="none")
        config = Config(smtp=smtp, mail=MailConfig(transport="smtp"))
        instants: dict[str, list[datetime]] = {}
        for hour in range(24 * DAYS):
            now = start + hour * HOUR
            ingest_page(
                engine, tmp_path, [f"The Paper of Hour Number {hour}", f"Another Paper of Hour {hour}"], now=now
            )
            with time_machine.travel(now, tick=False):
                received = len(relay.kept)
                plan(engine, config, datetime.now(UTC))
                sender = replace(
                    sender_for(engine, config, lambda: datetime.now(UTC)), owners_folder=tmp_path / "owners"
                )
                asyncio.run(send_due(sender))
            for kept in relay.kept[received:]:
                instants.setdefault(kept.recipient, []).append(now)
    for zone in ZONES:
        days = Counter(instant.astimezone(ZoneInfo(zone)).date() for instant in instants[address_of(zone)])
        assert set(days.values()) == {1}, f"{zone}: {days}"
        assert len(days) == DAYS, f"{zone}: {days}"
