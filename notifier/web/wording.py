"""Describe schedules in words, and mask email addresses, for the pages."""

from __future__ import annotations

from notifier.models import Cadence
from notifier.subscribers import calendars

CADENCES = {
    Cadence.DAILY: "Every day",
    Cadence.WEEKDAYS: "Monday to Friday",
    Cadence.WEEKLY: "Once a week",
    Cadence.MONTHLY: "Once a month, on the 1st",
    Cadence.INSTANT: "Whenever papers come in",
}


def schedule_in_words(cadence: Cadence, hour: str, timezone: str, weekday: int) -> str:
    """Return a schedule such as `every Monday at 08:00 (Europe/Berlin)`, to follow words such as `mail comes`."""
    if cadence is Cadence.INSTANT:
        return "whenever papers come in"
    days = {
        Cadence.DAILY: "every day",
        Cadence.WEEKDAYS: "from Monday to Friday",
        Cadence.WEEKLY: f"every {calendars.WEEKDAYS[weekday].title()}",
        Cadence.MONTHLY: "on the 1st of each month",
    }
    return f"{days[cadence]} at {hour} ({timezone.replace('_', ' ')})"


def mask_address(address: str) -> str:
    """Return a shortened address, which its owner recognises, and which tells other people little."""
    local, _, domain = address.rpartition("@")
    return f"{local[0]}…@{domain}"
