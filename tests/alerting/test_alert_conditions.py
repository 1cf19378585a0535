"""Each thing that needs attention is told once, is not repeated, ends, and is told again when it comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import pytest
from sqlalchemy import Engine, select, update
from support.disks import mounted
from support.outbox import plan_many
from support.service import MONDAY, add_subscribers, clean_environment, run_notifier

from notifier.alerting import PATIENCE_OF_CRON, PATIENCE_OF_SERVICE, alert_changes
from notifier.config import AlertsConfig, Config, SmtpConfig
from notifier.delivery.breaker import PAUSES_AFTER_REFUSAL
from notifier.models import EndpointKind, InboxState, RelayState, ReturnedKind
from notifier.operations import drop_unclear, service_status
from notifier.store import dumps, endpoints, relays, returned, suppressions
from notifier.store.endpoints import NewEndpoint
from notifier.store.engine import reading, writing
from notifier.store.suppressions import NewSuppression
from notifier.store.tables import delivery, relay, subscriber
from notifier.subscribers.subscribing import SignUp

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPERATOR = "admin@example.org"
CONFIG = Config(alerts=AlertsConfig(mail=(OPERATOR,)))


def told(engine: Engine, now: datetime, config: Config | None = None) -> list[str]:
    """Return the titles of the changes that are told at `now`."""
    return [change.title for change in alert_changes(engine, config or INBOX, now)]


def mailed(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        subjects = select(delivery.c.subject).where(delivery.c.recipient == OPERATOR).order_by(delivery.c.id)
        return [subject.removeprefix("Daily Papers: ") for subject in connection.scalars(subjects)]


def pause(engine: Engine, now: datetime, config: Config = CONFIG, **state: object) -> None:
    paused = RelayState(paused_until=now + PAUSES_AFTER_REFUSAL[0], reason="535 5.7.8 no <ann@example.org>", pauses=1)
    with writing(engine) as connection:
        relays.lock(connection, config.relay_name)
        relays.write(connection, config.relay_name, paused)
        if state:
            connection.execute(update(relay).values(state))


def resume(engine: Engine, _now: datetime) -> None:
    with writing(engine) as connection:
        relays.write(connection, CONFIG.relay_name, RelayState())


def quarantine(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        dumps.quarantine(connection, "var/quarantine/noise.bin", "0" * 64, "it is no list of papers", now)


def drop_quarantined(engine: Engine, _now: datetime) -> None:
    with writing(engine) as connection:
        dumps.delete_quarantined(connection, "var/quarantine/noise.bin")


def suppress(engine: Engine, now: datetime) -> None:
    emails = [f"reader{number}@example.org" for number in range(10)]
    add_subscribers(engine, CONFIG, [SignUp(email, topics=("all",), confirmed=True) for email in emails])
    with writing(engine) as connection:
        ids = connection.scalars(select(subscriber.c.id).order_by(subscriber.c.id)).all()
        suppressions.suppress(connection, [NewSuppression(each, "550 5.1.1 unknown") for each in ids[:3]], now)


def reinstate(engine: Engine, _now: datetime) -> None:
    with writing(engine) as connection:
        connection.execute(update(subscriber).values(state="ACTIVE"))


def wait_unsent(engine: Engine, now: datetime) -> None:
    if not mailed(engine):
        with TemporaryDirectory() as folder:
            plan_many(engine, Path(folder), ["ann@example.org"])
    waiting = {"state": "PENDING", "next_try": datetime.fromisoformat("1970-01-01T00:00:00+00:00"), "planned_at": now}
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.kind == "digest").values(waiting))


def accept(engine: Engine, now: datetime) -> None:
    accepted = {"state": "ACCEPTED", "next_try": None, "settled_at": now}
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.kind == "digest").values(accepted))


INBOX = CONFIG.model_copy(update={"mail": CONFIG.mail.model_copy(update={"inbox": "maildir:/var/mail/papers"})})


def fail_inbox(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        failing = InboxState(None, "cannot read the Maildir; check who owns it", now - 2 * HOUR)
        returned.set_inbox_state(connection, INBOX.inbox_name, failing)


def read_inbox(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        returned.set_inbox_state(connection, INBOX.inbox_name, InboxState(now))


def get_reply(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        row_id = returned.add(connection, str(now), ReturnedKind.UNCLEAR, now)
        assert row_id
        returned.show_to_operator(connection, row_id, "ann@example.org", "Re: Papers", "is not understood: why me?")


def drop_replies(engine: Engine, _now: datetime) -> None:
    drop_unclear(engine, None)


def disable_webhook(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        new = NewEndpoint("https://lab.example.org/hook", "https://lab.example.org/hook", (), "", "salt")
        endpoints.disable(connection, endpoints.add(connection, new, now), "HTTP 410", now)


def disable_channel(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        new = NewEndpoint("", "Slack (hooks.slack.com)", (), "/url", "", EndpointKind.CHANNEL, "lab")
        known = endpoints.channel(connection, "lab")
        number = known.id if known else endpoints.add(connection, new, now)
        endpoints.disable(connection, number, "HTTP 404: no_service", now)


def enable_channels(engine: Engine, _now: datetime) -> None:
    with writing(engine) as connection:
        for each in endpoints.all_endpoints(connection):
            endpoints.enable(connection, each.id)


def remove_webhooks(engine: Engine, _now: datetime) -> None:
    with writing(engine) as connection:
        for each in endpoints.all_endpoints(connection):
            endpoints.remove(connection, each.id)


Change = Callable[[Engine, datetime], None]

CONDITIONS: dict[str, tuple[Change, Change, str, str]] = {
    "relay": (pause, resume, "the relay accepts no mail", "the relay accepts mail again"),
    "quarantine": (quarantine, drop_quarantined, "dumps cannot be read", "the quarantine has no new dumps"),
    "suppressions": (
        suppress,
        reinstate,
        "many subscribers were suppressed",
        "few subscribers are suppressed again",
    ),
    "deliveries": (wait_unsent, accept, "no mail is delivered", "mail is delivered again"),
    "inbox": (fail_inbox, read_inbox, "the inbox cannot be read", "the inbox is read again"),
    "webhooks": (disable_webhook, remove_webhooks, "a webhook was disabled", "no webhook is disabled any more"),
    "channels": (disable_channel, enable_channels, "a channel was disabled", "no channel is disabled any more"),
    "replies": (get_reply, drop_replies, "replies wait for a person", "no reply waits any more"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_is_told_once_ends_and_is_told_again(engine: Engine, name: str) -> None:
    begin, end, trouble, over = CONDITIONS[name]
    assert told(engine, MONDAY) == []
    begin(engine, MONDAY)
    now = MONDAY + 2 * HOUR
    if name == "relay":
        now = MONDAY
    assert told(engine, now) == [trouble]
    assert told(engine, now) == told(engine, now + timedelta(minutes=1)) == []
    end(engine, now)
    assert told(engine, now + HOUR) == [over]
    assert told(engine, now + HOUR) == []
    later = MONDAY + 3 * DAY
    begin(engine, later)
    assert told(engine, later + (timedelta() if name == "relay" else 2 * HOUR)) == [trouble]
    assert mailed(engine) == [trouble, over, trouble]


def test_a_disk_that_is_nearly_full_is_told_until_it_has_clearly_more_room(engine: Engine, tmp_path: Path) -> None:
    with mounted(tmp_path / "var" / "dumps") as disk:
        config = CONFIG.located_in(tmp_path)
        filler = disk / "filler"
        filler.write_bytes(bytes(int(15.5 * (1 << 20))))
        (change,) = alert_changes(engine, config, MONDAY)
        assert change.title == "the disk is nearly full"
        assert f"the disk of {disk} has 0 MB left" in change.details.what
        os.truncate(filler, 15 << 20)  # 1 MB of 16 MB is free: more than the limit, and less than twice the limit
        assert told(engine, MONDAY + HOUR, config) == []
        filler.unlink()
        assert told(engine, MONDAY + HOUR, config) == ["the disk has room again"]


def test_an_alert_that_flaps_is_mailed_three_times_and_then_only_after_twenty_quiet_hours(engine: Engine) -> None:
    for number in range(48):
        now = MONDAY + number * HOUR
        (quarantine if number % 2 == 0 else drop_quarantined)(engine, now)
        told(engine, now)
    trouble, over = CONDITIONS["quarantine"][2:]
    assert mailed(engine) == [trouble, over, trouble]
    assert told(engine, MONDAY + 66 * HOUR) == []
    assert told(engine, MONDAY + 67 * HOUR) == [over]


def test_an_alert_that_flaps_says_when_the_next_mail_comes(engine: Engine) -> None:
    for change in (quarantine, drop_quarantined, quarantine):
        change(engine, MONDAY)
        last = alert_changes(engine, CONFIG, MONDAY)
    assert [each.details.flaps for each in last] == [True]


def test_a_clock_that_is_set_back_ends_no_alert_that_flaps(engine: Engine) -> None:
    for change in (quarantine, drop_quarantined, quarantine, drop_quarantined):
        change(engine, MONDAY + 9 * 365 * DAY)
        told(engine, MONDAY + 9 * 365 * DAY)
    assert told(engine, MONDAY) == told(engine, MONDAY + 19 * HOUR) == []
    assert told(engine, MONDAY + 20 * HOUR) == [CONDITIONS["quarantine"][3]]


@pytest.mark.parametrize(
    ("state", "is_told"),
    [
        ({"paused_until": MONDAY + timedelta(seconds=10), "pauses": 1}, False),  # a relay that restarts
        ({"paused_until": MONDAY + timedelta(seconds=20), "pauses": 4}, True),
        ({"paused_until": MONDAY - timedelta(minutes=30), "pauses": 1}, False),
        ({"paused_until": MONDAY - timedelta(minutes=80), "pauses": 1}, True),  # no mail has ended it
    ],
)
def test_a_short_pause_of_the_relay_needs_no_hand(engine: Engine, state: dict[str, object], is_told: bool) -> None:
    pause(engine, MONDAY, CONFIG, **state)
    assert bool(told(engine, MONDAY)) == is_told


def test_no_alert_names_a_subscriber(engine: Engine) -> None:
    pause(engine, MONDAY)
    get_reply(engine, MONDAY)
    paused, reply = alert_changes(engine, CONFIG, MONDAY)
    assert "535 5.7.8 no" in paused.text
    assert "1 reply could not be understood" in reply.text
    assert "ann@example.org" not in paused.text + reply.text


def test_an_inbox_that_fails_for_less_than_hours_or_is_not_in_the_config_needs_no_hand(engine: Engine) -> None:
    fail_inbox(engine, MONDAY)
    assert told(engine, MONDAY + 59 * MINUTE) == told(engine, MONDAY + DAY, CONFIG) == []
    assert told(engine, MONDAY + HOUR) == ["the inbox cannot be read"]
    assert told(engine, MONDAY + HOUR, CONFIG) == ["the inbox is read again"]


def test_a_few_suppressions_among_many_subscribers_need_no_hand(engine: Engine) -> None:
    emails = [f"other{number}@example.org" for number in range(90)]
    add_subscribers(engine, CONFIG, [SignUp(email, topics=("all",), confirmed=True) for email in emails])
    suppress(engine, MONDAY)
    assert told(engine, MONDAY + HOUR) == []


def test_mail_that_waits_for_a_paused_relay_or_for_the_next_day_is_no_second_alert(engine: Engine) -> None:
    wait_unsent(engine, MONDAY)
    limited = CONFIG.model_copy(update={"smtp": SmtpConfig(rate_per_day=9)})
    pause(engine, MONDAY + 2 * HOUR)
    assert told(engine, MONDAY + 2 * HOUR) == ["the relay accepts no mail"]
    pause(engine, MONDAY, limited, paused_until=None, day=MONDAY.date(), sent=9)
    assert "no mail is delivered" not in told(engine, MONDAY + 2 * HOUR, limited)
    assert told(engine, MONDAY + 18 * HOUR, limited) == ["no mail is delivered"]  # it is Tuesday


def test_a_daily_run_is_given_more_than_a_day(engine: Engine) -> None:
    wait_unsent(engine, MONDAY)
    assert alert_changes(engine, CONFIG, MONDAY + DAY, PATIENCE_OF_CRON) == []
    assert alert_changes(engine, CONFIG, MONDAY + 27 * HOUR, PATIENCE_OF_CRON) != []


def test_mail_that_waited_while_the_service_was_stopped_is_not_late_at_once(engine: Engine) -> None:
    wait_unsent(engine, MONDAY)
    started = MONDAY + 9 * HOUR
    patience = PATIENCE_OF_SERVICE._replace(since=started)
    assert alert_changes(engine, CONFIG, started + timedelta(minutes=59), patience) == []
    assert alert_changes(engine, CONFIG, started + HOUR, patience) != []


def test_processes_that_see_troubles_at_once_mail_each_once(engine: Engine) -> None:
    quarantine(engine, MONDAY)
    pause(engine, MONDAY)
    barrier = Barrier(4)

    def tell() -> int:
        barrier.wait()
        return len(told(engine, MONDAY))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: tell(), range(4))) == 2
    assert len(mailed(engine)) == 2


DIE = """
import os, signal, sys
from datetime import datetime
from notifier.alerting import alert_changes, telling
from notifier.config import load
from notifier.store import open_store
from pathlib import Path
from tempfile import TemporaryDirectory
config = load(Path("config.toml"))
if sys.argv[1] == "before":
    queue = telling._queue
    telling._queue = lambda *each: (queue(*each), os.kill(os.getpid(), signal.SIGKILL))
alert_changes(open_store(config.store_url), config, datetime.fromisoformat(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("moment", "later"), [("before", ["dumps cannot be read"]), ("after", [])])
def test_a_process_that_is_killed_loses_no_alert_and_repeats_none(
    engine: Engine, tmp_path: Path, moment: str, later: list[str]
) -> None:
    """It is killed just before or just after the commit."""
    text = f'[store]\nurl = "sqlite:///store/notifier.db"\n[alerts]\nmail = ["{OPERATOR}"]\n'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    quarantine(engine, MONDAY)
    command = [sys.executable, "-c", DIE, moment, MONDAY.isoformat()]
    run = subprocess.run(command, cwd=tmp_path, env=clean_environment(), check=False)
    assert run.returncode == -signal.SIGKILL
    assert told(engine, MONDAY) == later
    assert mailed(engine) == ["dumps cannot be read"]


def test_status_shows_the_open_alerts(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///store/notifier.db"\n', encoding="utf-8")
    quarantine(engine, MONDAY)
    told(engine, MONDAY)
    (found,) = service_status(engine, CONFIG, MONDAY).alerts
    assert (found.title, found.opened_at) == ("dumps cannot be read", MONDAY)
    shown = run_notifier("status", cwd=tmp_path).stdout
    assert (
        "alert        dumps cannot be read, since 2026-07-06 06:00 UTC: var/quarantine/noise.bin could not be read: "
        in shown
    )
    assert "`notifier quarantine retry PATH`" in shown
    assert shown.endswith("to mend it   `notifier doctor` looks for the causes\n")
    drop_quarantined(engine, MONDAY)
    told(engine, MONDAY)
    assert service_status(engine, CONFIG, MONDAY).alerts == []
