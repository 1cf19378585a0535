"""Make requests to other servers. This is the only component that makes HTTP requests."""

from notifier.fetching.client import Client, Response, Validators
from notifier.fetching.documents import documents
from notifier.fetching.hub import tell_hub
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.schedules import Schedule, default_schedule, is_working_day, next_due
from notifier.fetching.urls import shown_url

__all__ = [
    "Client",
    "Document",
    "FetchState",
    "Getter",
    "Response",
    "Schedule",
    "Validators",
    "default_schedule",
    "documents",
    "is_working_day",
    "next_due",
    "shown_url",
    "tell_hub",
]
