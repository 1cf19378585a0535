"""The status of the service: papers and sources, subscribers, deliveries, quarantined files, the state of the relay."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from notifier.arrivals import SourceHealth, source_health
from notifier.config import Config
from notifier.digests import items
from notifier.errors import ComposeError
from notifier.models import RelayState, ReturnedKind, SubscriberState
from notifier.store import deliveries, dumps, reading, relays, removals, returned, subscribers, suppressions
from notifier.store.alerts import open_alerts
from notifier.store.removals import Removal
from notifier.store.returned import UnclearReply
from notifier.text.addresses import without_addresses
from notifier.text.counting import counted

MAX_LISTED = 5  # a status lists only the most frequent troubles and the most frequent refusals


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A file that could not be read as a dump, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnmovedFile:
    """A file that was read and could not be moved out of the dumps folder, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A number of messages that were not accepted, with the state that they are in and the reply to them."""

    state: str
    reply: str
    messages: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply without its addresses, and the number of subscribers who are suppressed because of it."""

    reply: str
    subscribers: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Papers that had no room in the digests of some subscribers, and wait for the next ones.

    `papers` counts a paper once for each subscriber, and `most` is the largest number for one subscriber.
    """

    papers: int
    subscribers: int
    most: int


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """Something that needs the operator's attention: what, what to do, and when the operator was told of it."""

    title: str
    what: str
    cure: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class LastDump:
    """The dump that was ingested last."""

    name: str
    listed_on: date
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """The reason why sending to the relay was paused, and the end of the pause.

    `until` is None if the pause is over: the next mail tests the relay.
    """

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class WatchedInbox:
    """The place that notifier reads returned messages and replies from, and when it did so last.

    `error` says why it cannot be read since `failing_since`; it is empty if it can. `read_at` is None before the first
    time, and if the mail server gives each message to `notifier bounce`.
    """

    name: str
    read_at: datetime | None
    error: str
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the service at one moment.

    `oldest` gives, for each state in which deliveries wait to be sent or wait for the operator, the age in seconds of
    the oldest one. `suppressed` is the number of suppressed subscribers, and `refusals` are the most frequent replies
    for which they were suppressed. `replies_to` is the mailbox that somebody must read, because subscribers may leave
    by a mail to it. It is empty if notifier itself reads it (`inbox`). `has_pages` says that they may also leave on a
    page. `returned` counts the messages that came back within 30 days, by kind, and `unclear` are those that the
    operator has to look at. `clear_text` is the base URL if links and sessions travel unencrypted beyond this machine,
    and else empty. `next_run` is when the next digest is due. `backlog` is None if no paper waits for room in a digest.
    `relay` is the name of the relay that mail is sent to. `sources` says of each source whether its papers still
    arrive. `news` says how many papers are new today, or why there are none. `removed` says what was removed last
    because it was old. `doubt` is the reason why nothing is removed at present; it is empty if there is none.
    """

    alerts: list[OpenAlert]
    papers: int
    subscribers: dict[str, int]
    deliveries: dict[str, int]
    oldest: dict[str, int]
    troubles: list[Trouble]
    suppressed: int
    refusals: list[Refusal]
    quarantine: list[QuarantinedFile]
    unmoved: list[UnmovedFile]
    sources: list[SourceHealth]
    last_dump: LastDump | None
    news: str
    next_run: datetime | None
    backlog: Backlog | None
    relay: str
    replies_to: str
    has_pages: bool
    inbox: WatchedInbox | None
    returned: dict[str, int]
    unclear: list[UnclearReply]
    clear_text: str
    pause: Pause | None
    removed: list[Removal]
    doubt: str


def service_status(engine: Engine, config: Config, now: datetime) -> Status:
    """Return the status of the service at `now`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    sources = source_health(engine, config, now)
    with reading(engine) as connection:
        row = dumps.last_dump(connection)
        by_state = subscribers.count_by_state(connection)
        last = LastDump(row.name, row.listed_on, row.ingested_at) if row else None
        return Status(
            alerts=[OpenAlert(each.title, each.what, each.cure, each.opened_at) for each in open_alerts(connection)],
            papers=dumps.count_papers(connection),
            subscribers=by_state,
            deliveries=deliveries.count_by_state(connection),
            oldest={state: _age(at, now) for state, at in deliveries.oldest_by_state(connection).items()},
            troubles=[Trouble(*row) for row in deliveries.troubles(connection, MAX_LISTED)],
            suppressed=by_state.get(SubscriberState.SUPPRESSED, 0),
            refusals=_refusals(suppressions.count_by_reply(connection)),
            quarantine=[QuarantinedFile(row.path, row.reason) for row in dumps.quarantined_files(connection)],
            unmoved=[UnmovedFile(row.path, row.reason) for row in dumps.unmoved_files(connection)],
            sources=sources,
            last_dump=last,
            news=_news(last, dumps.count_papers(connection, since=midnight), midnight),
            next_run=subscribers.next_due(connection),
            backlog=_backlog(subscribers.left_over(connection)),
            relay=config.relay_name,
            replies_to="" if config.mail.inbox else config.mail.address,
            has_pages=bool(config.web.base_url),
            inbox=_inbox(connection, config),
            returned=_returned(connection, now),
            unclear=returned.unclear(connection),
            clear_text=config.web.base_url if config.web.is_clear_text else "",
            pause=_pause(relays.read(connection, config.relay_name), now),
            removed=removals.last_removals(connection),
            doubt=removals.doubt(connection),
        )


def count_due_deliveries(engine: Engine, now: datetime) -> int:
    """Return how many deliveries are due at `now`."""
    with reading(engine) as connection:
        return deliveries.count_due(connection, now)


def _inbox(connection: Connection, config: Config) -> WatchedInbox | None:
    if not config.mail.inbox:
        return None
    state = returned.inbox_state(connection, config.inbox_name)
    return WatchedInbox(config.inbox_name, state.read_at, state.error, state.failing_since)


def _returned(connection: Connection, now: datetime) -> dict[str, int]:
    counts = returned.count_by_kind(connection, now - returned.RECENT)
    return {kind.value: counts[kind] for kind in ReturnedKind if kind in counts}


def _backlog(texts: list[str]) -> Backlog | None:
    waiting = []
    for text in texts:
        with suppress(ComposeError):  # `plan` leaves out a subscriber whose papers cannot be read
            waiting.append(len(items.paper_ids(text)))
    return Backlog(sum(waiting), len(waiting), max(waiting)) if waiting else None


def _refusals(by_reply: Counter[str]) -> list[Refusal]:
    """Return the most frequent replies; replies that differ only in their addresses are counted together."""
    together: Counter[str] = Counter()
    for reply, number in by_reply.items():
        together[without_addresses(reply)] += number
    return [Refusal(reply, number) for reply, number in together.most_common(MAX_LISTED)]


def _news(last: LastDump | None, new_today: int, midnight: datetime) -> str:
    if last is None:
        return "no dump yet"
    if last.ingested_at < midnight:
        return f"no dump since {last.ingested_at:%A, %Y-%m-%d}"
    return f"{counted(new_today, 'new paper')} today" if new_today else "dumps came today, but no new papers"


def _age(planned_at: datetime, now: datetime) -> int:
    return max(0, int((now - planned_at).total_seconds()))


def _pause(relay: RelayState, now: datetime) -> Pause | None:
    if relay.paused_until is None:
        return None
    from notifier.delivery.breaker import remaining_pause

    return Pause(relay.reason, relay.paused_until if remaining_pause(relay, now) else None)
