"""Check the clock of this machine against what is stored and what servers say, and the time zones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, warning
from notifier.operations.doctor.setup import Setup
from notifier.store import inspection, reading, simulated_clock
from notifier.text.counting import counted

_FEW_MINUTES, _HOUR = timedelta(minutes=2), timedelta(hours=1)
_LONG_SILENCE = timedelta(days=366)
_EARLIEST = datetime(2026, 6, 1, tzinfo=UTC)  # this program did not exist before
_CURE = "compare `date -u` with a watch, and let the machine set its clock: timedatectl set-ntp true"

# A date as RFC 5322 writes it, which some relays put into their greeting.
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT|UTC)"
)


def check_clock(setup: Setup) -> Iterator[Finding]:
    """Compare the clock with the newest instants of the database."""
    if setup.now < _EARLIEST:
        what = f"it shows {_instant_in_words(setup.now)}, which is before this program was written"
        yield fault(Area.CLOCK, "clock", what, _CURE)
    with reading(setup.store()) as connection:
        if simulated_clock.is_marked(connection):
            yield skipped(Area.CLOCK, "clock", "the database was made for a simulated clock (--now)")
            return
        found = inspection.newest_instants(connection)
    if not found:
        yield skipped(Area.CLOCK, "clock", "nothing is stored yet that it could be compared with")
        return
    what, newest = max(found.items(), key=lambda each: each[1])
    yield _compare_with_stored(setup.now, newest, what)


def _compare_with_stored(now: datetime, newest: datetime, what: str) -> Finding:
    comparison = f"it shows {_instant_in_words(now)}; the newest stored time is {_instant_in_words(newest)} ({what})"
    if newest > now + _HOUR:
        return fault(Area.CLOCK, "clock", f"{comparison}, so the clock is wrong now, or was wrong then", _CURE)
    if newest > now + _FEW_MINUTES:
        return warning(Area.CLOCK, "clock", f"{comparison}, so two machines disagree", _CURE)
    if now - newest > _LONG_SILENCE:
        why = f"so the clock is {(now - newest).days // 365} years ahead, or nothing has run since then"
        return fault(Area.CLOCK, "clock", f"{comparison}, {why}", _CURE)
    return ok(Area.CLOCK, "clock", comparison)


def against_server(now: datetime, server: str, text: str) -> Finding | None:
    """Return the finding about the date in what a server sent; None if the text has no date.

    `now` is the time of this machine when the server sent it.
    """
    match = _DATE.search(text)
    try:
        theirs = parsedate_to_datetime(match[0]) if match else None
    except ValueError:
        theirs = None
    if theirs is None:
        return None
    comparison = f"it shows {_instant_in_words(now)}, and {server} says {_instant_in_words(theirs.astimezone(UTC))}"
    apart = abs(now - theirs)
    if apart > _HOUR:
        return fault(Area.CLOCK, "clock", comparison, _CURE)
    if apart > _FEW_MINUTES:
        return warning(Area.CLOCK, "clock", comparison, _CURE)
    return ok(Area.CLOCK, "clock", f"{server} has the same time")


def check_zones(setup: Setup) -> Iterator[Finding]:
    """Check that the rules of the config's time zone, and of the time zones of all subscribers, can be read."""
    default = setup.config.digest.timezone
    if not _has_rules(default):
        yield fault(Area.CLOCK, "time zones", f"there are no rules for {default}", "install the package tzdata")
        return
    with reading(setup.store()) as connection:
        zones = inspection.time_zones(connection)
    unknown = {zone: number for zone, number in zones.items() if not _has_rules(zone)}
    for zone, number in sorted(unknown.items()):
        what = f"there are no rules for {zone!r}, the time zone of {counted(number, 'subscriber')}"
        cure = (
            "install the newest package tzdata, or change their zone with `notifier subscribe ADDRESS --timezone ZONE`"
        )
        yield fault(Area.CLOCK, "time zones", what, cure)
    if not unknown:
        yield ok(Area.CLOCK, "time zones", f"the rules of {counted(len({default, *zones}), 'zone')} in use are there")


def _has_rules(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _instant_in_words(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
