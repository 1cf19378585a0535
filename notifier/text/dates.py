"""Write days and instants in English words, whatever the language of the machine is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day_in_words(day: date) -> str:
    """Return a day such as `6 July 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def instant_in_words(instant: datetime, zone: str) -> str:
    """Return an instant on the clock of a time zone, such as `Monday, 6 July 2026, 08:00`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS[local.weekday()]}, {day_in_words(local)}, {local:%H:%M}"
