"""The things that the operator is told of, and the checks that judge them.

No check is about one subscriber, because the operator need not act if a mailbox is full or an address is wrong. There
is one exception: a person must read a reply that was not understood. No finding names a subscriber.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from notifier.alerting.disks import check_disks
from notifier.alerting.findings import AlertFinding
from notifier.arrivals import JudgedSource, judged_sources, number_of_papers
from notifier.config import Config
from notifier.models import EndpointKind, Health, RelayState
from notifier.store import dumps, endpoints, outbox, relays, results, returned, subscribers, suppressions
from notifier.store.alerts import StoredAlert
from notifier.text.addresses import without_addresses
from notifier.text.counting import counted

# The operator need not act if a relay restarts, which pauses the sending for a short time. So the operator is told of a
# pause only if more than LONG_PAUSE of it is left, if it is one of at least MANY_PAUSES in a row, or if its time ended
# more than UNENDED_PAUSE ago and sending is still paused. UNENDED_PAUSE is longer than any retry waits.
LONG_PAUSE = timedelta(minutes=1)
MANY_PAUSES = 4
UNENDED_PAUSE = timedelta(minutes=70)

UNREAD_INBOX = timedelta(hours=3)  # the operator need not act if a server restarts or is upgraded

NEW_IN_QUARANTINE = timedelta(days=7)  # older files are not reported any more

# Suppressions have jumped if in a day at least FEW_SUPPRESSIONS came, and at least one in SUPPRESSED_SHARE subscribers
# was suppressed. They have also jumped if at least MANY_SUPPRESSIONS came, and more than USUAL_FACTOR times the usual
# number of a day.
FEW_SUPPRESSIONS, MANY_SUPPRESSIONS = 3, 10
SUPPRESSED_SHARE = 5  # one in five
USUAL_DAYS, USUAL_FACTOR = 30, 3
DAY = timedelta(days=1)

_SOURCE = "source:"  # the key of a source is this and its name


class Patience(NamedTuple):
    """How long mail may wait while no mail is accepted; the time before `since` does not count.

    `since` is when the service began to send mail. Mail that waited while the service was stopped is not late at once.
    """

    wait: timedelta
    since: datetime | None = None


PATIENCE_OF_SERVICE, PATIENCE_OF_CRON = Patience(timedelta(hours=1)), Patience(timedelta(hours=26))


def findings(
    connection: Connection, config: Config, stored: Mapping[str, StoredAlert], now: datetime, patience: Patience
) -> list[AlertFinding]:
    """Return what each check has found. A source of which nothing is known yet has no finding.

    `stored` holds the alerts by key, because some troubles end at another limit than the one at which they begin.
    """
    open_keys = [key for key, each in stored.items() if each.is_open]
    relay = relays.read(connection, config.relay_name)
    return [
        *check_sources(connection, config, stored, now),
        check_relay(relay, config, now),
        check_disks(config, open_keys),
        check_quarantine(connection, now),
        check_suppressions(connection, now),
        check_deliveries(connection, config, relay, now, patience),
        check_inbox(connection, config, now),
        check_replies(connection),
        check_webhooks(connection),
        check_channels(connection),
    ]


def check_sources(
    connection: Connection, config: Config, stored: Mapping[str, StoredAlert], now: datetime
) -> list[AlertFinding]:
    """Return a finding for each source of the config."""
    if not config.sources:
        return []
    judged = judged_sources(connection, config, now)
    return [_of_source(each, stored, now) for each in judged if each.judgement.health is not Health.NEW]


def check_relay(relay: RelayState, config: Config, now: datetime) -> AlertFinding:
    """Return the finding on the relay: trouble if sending to it is paused, and not only for the moment of a restart."""
    key, about = "relay", "The relay"
    until = relay.paused_until
    if until is None or not (until - now > LONG_PAUSE or relay.pauses >= MANY_PAUSES or now - until > UNENDED_PAUSE):
        return AlertFinding(key, about, "the relay accepts mail again", f"{config.relay_name} accepts mail again")
    reason = without_addresses(relay.reason)
    return AlertFinding(
        key,
        about,
        "the relay accepts no mail",
        f"no mail is sent to {config.relay_name}, because of its answer: {reason}",
        state="paused",
        cure="`notifier doctor` looks for the cause, and the log of the relay may have it. Mail waits, and is sent "
        "when the relay accepts it",
    )


def check_quarantine(connection: Connection, now: datetime) -> AlertFinding:
    """Return the finding on the quarantine: trouble if files came into it in the last days."""
    key, about = "quarantine", "The quarantine"
    new = [each for each in dumps.quarantined_files(connection) if each.at > now - NEW_IN_QUARANTINE]
    if not new:
        return AlertFinding(key, about, "the quarantine has no new dumps", "it holds no dump of the last 7 days")
    more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
    return AlertFinding(
        key,
        about,
        "dumps cannot be read",
        f"{new[0].path}{more} could not be read: {new[0].reason}",
        state="grew",
        cure="`notifier quarantine` lists them, `notifier quarantine retry PATH` reads one again, and `notifier "
        "quarantine drop PATH` removes it",
    )


def check_suppressions(connection: Connection, now: datetime) -> AlertFinding:
    """Return the finding on suppressions: trouble if many more subscribers than usual were suppressed in a day."""
    key, about = "suppressions", "Suppressed subscribers"
    today = suppressions.count_between(connection, now - DAY, now)
    if not today or not _is_jump(connection, today, now):
        return AlertFinding(key, about, "few subscribers are suppressed again", "no more than usual in the last day")
    return AlertFinding(
        key,
        about,
        "many subscribers were suppressed",
        f"{counted(today, 'subscriber')} got no more mail since yesterday, because the relay or other mail servers "
        "refused their addresses",
        state="jumped",
        cure="`notifier status` shows the most frequent answers. If the fault is here or at the relay, "
        "`notifier reinstate` takes these subscribers back",
    )


def check_deliveries(
    connection: Connection, config: Config, relay: RelayState, now: datetime, patience: Patience
) -> AlertFinding:
    """Return the finding on the outbox: trouble if mail has waited for long, and none was accepted in this time.

    Mail that waits for a paused relay, or for the next day because of `rate_per_day`, does not count.
    """
    key, about = "deliveries", "Mail"
    well = AlertFinding(key, about, "mail is delivered again", "mail is sent again, or none waits any more")
    limit = config.smtp.rate_per_day
    if relay.paused_until is not None or (limit and relay.day == now.date() and relay.sent >= limit):
        return well
    oldest, accepted = outbox.oldest_untried(connection), results.last_accepted(connection)
    if oldest is None or (accepted is not None and accepted > now - patience.wait):
        return well
    if now - max(oldest, patience.since or oldest) < patience.wait:
        return well
    return AlertFinding(
        key,
        about,
        "no mail is delivered",
        f"mail has waited since {oldest:%Y-%m-%d %H:%M} UTC, and none was accepted since then",
        state="waiting",
        cure="Check that `notifier serve`, `notifier worker` or the cron job for `notifier once` runs, and see its "
        "log. `notifier doctor` looks for the cause",
    )


def check_inbox(connection: Connection, config: Config, now: datetime) -> AlertFinding:
    """Return the finding on the inbox: trouble if notifier could not read it for hours."""
    key, about = "inbox", "The inbox of replies and returned mail"
    state = returned.inbox_state(connection, config.inbox_name)
    if not config.mail.inbox or state.failing_since is None or now - state.failing_since < UNREAD_INBOX:
        what = "it is read again, or [mail] inbox is another one now"
        return AlertFinding(key, about, "the inbox is read again", what)
    return AlertFinding(
        key,
        about,
        "the inbox cannot be read",
        f"it could not be read since {state.failing_since:%Y-%m-%d %H:%M} UTC: {state.error}",
        state="unread",
        cure="`notifier doctor` looks for the cause. Until then, nobody who replies is unsubscribed; nothing is lost, "
        "because the messages wait there",
    )


def check_replies(connection: Connection) -> AlertFinding:
    """Return the finding on replies: trouble if some were not understood, and nobody has looked at them yet."""
    key, about = "replies", "Replies"
    number = returned.count_unclear(connection)
    if not number:
        return AlertFinding(key, about, "no reply waits any more", "somebody has looked at all of them")
    waiting = counted(number, "reply", "replies")
    return AlertFinding(
        key,
        about,
        "replies wait for a person",
        f"{waiting} could not be understood, or did not prove who sent {'it' if number == 1 else 'them'}; somebody may "
        "want to unsubscribe",
        state="waiting",
        cure="`notifier replies` shows them, `notifier unsubscribe EMAIL` does what somebody asks for, and `notifier "
        "replies drop ID` ends the entry. While an entry is left, you get no mail about further replies",
    )


def check_webhooks(connection: Connection) -> AlertFinding:
    """Return the finding on webhooks: trouble if one is disabled, because its endpoint does not accept events."""
    key, about = "webhooks", "Webhooks"
    disabled = [each for each in endpoints.all_endpoints(connection, EndpointKind.WEBHOOK) if each.disabled_at]
    if not disabled:
        return AlertFinding(key, about, "no webhook is disabled any more", "each webhook gets its events")
    first = disabled[0]
    more = f" (and {len(disabled) - 1} more)" if len(disabled) > 1 else ""
    return AlertFinding(
        key,
        about,
        "a webhook was disabled",
        f"webhook {first.id} to {first.shown_url}{more} gets no more events: {first.disabled_reason}",
        state="disabled",
        cure=f"`notifier webhooks test {first.id}` tries it, `notifier webhooks enable {first.id}` sends events to it "
        f"again, and `notifier webhooks remove {first.id}` removes it",
    )


def check_channels(connection: Connection) -> AlertFinding:
    """Return the finding on channels: trouble if one is disabled, because its service refuses what is sent to it."""
    key, about = "channels", "Channels"
    disabled = [each for each in endpoints.all_endpoints(connection, EndpointKind.CHANNEL) if each.disabled_at]
    if not disabled:
        return AlertFinding(key, about, "no channel is disabled any more", "each channel gets its digests")
    first = disabled[0]
    more = f" (and {len(disabled) - 1} more)" if len(disabled) > 1 else ""
    return AlertFinding(
        key,
        about,
        "a channel was disabled",
        f"channel {first.name}, {first.shown_url}{more}, gets no more digests: {first.disabled_reason}",
        state="disabled",
        cure=f"`notifier channel test {first.name}` tries it, `notifier channel enable {first.name}` sends the digests "
        f"that wait, and `notifier channel set {first.name}` gives it another URL",
    )


def _is_jump(connection: Connection, today: int, now: datetime) -> bool:
    active = subscribers.count_by_state(connection).get("ACTIVE", 0)
    if today >= FEW_SUPPRESSIONS and today * SUPPRESSED_SHARE >= active + today:
        return True
    before = suppressions.count_between(connection, now - (USUAL_DAYS + 1) * DAY, now - DAY)
    return today >= MANY_SUPPRESSIONS and today * USUAL_DAYS > USUAL_FACTOR * before


def _of_source(judged: JudgedSource, stored: Mapping[str, StoredAlert], now: datetime) -> AlertFinding:
    judgement, name = judged.judgement, judged.history.name
    key, about = f"{_SOURCE}{name}", f"source {name}"
    before = stored.get(key)
    is_open = before is not None and before.is_open
    if not judgement.health.is_trouble:
        what = _well_again(judged, before, now) if before and is_open else "it is well"
        return AlertFinding(key, about, f"the source {name} is well again", what)
    days = [day for day in (judgement.since, before.since if before and is_open else None) if day]
    return AlertFinding(
        key,
        about,
        f"the source {name} is {judgement.health}",
        f"it is {judgement.sentence}",
        state=judgement.health,
        cure=judgement.cure,
        worse_than=(Health.STALE,) if judgement.health is Health.BROKEN else (),
        since=min(days, default=None),
    )


def _well_again(judged: JudgedSource, before: StoredAlert, now: datetime) -> str:
    """Say how long the trouble lasted, and how many papers came for its first day and all days after it."""
    if before.since is None:
        return "it is well again"
    since = before.since
    days = (now.date() - since).days
    lasted = "on the same day" if days < 1 else "after a day" if days == 1 else f"after {days} days"
    came = sum(count.papers for day, count in judged.history.days.items() if day >= since)
    return f"it is well again {lasted}; {number_of_papers(came)} came"


def all_keys(config: Config) -> Collection[str]:
    """Return the keys of everything that is checked under this config, known or not."""
    return {
        "relay",
        "disk",
        "quarantine",
        "suppressions",
        "deliveries",
        "inbox",
        "replies",
        "webhooks",
        "channels",
        *(f"{_SOURCE}{name}" for name in config.sources),
    }


def source_of(key: str) -> str | None:
    """Return the name of the source that a key is about; None if it is about something else."""
    return key.removeprefix(_SOURCE) if key.startswith(_SOURCE) else None
