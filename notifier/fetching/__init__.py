"""Make requests to other servers. This is the only component that makes HTTP requests."""

from notifier.fetching.client import Client, Response, Validators
from notifier.fetching.documents import documents
from notifier.fetching.http_messages import PostAnswer
from notifier.fetching.hub import tell_hub
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.schedules import FetchSchedule, default_schedule, is_working_day, next_due
from notifier.fetching.urls import shown_url
from notifier.fetching.webhooks import EventMessage, check_webhook_url, endpoint_key, post_event, webhook_client

__all__ = [
    "Client",
    "Document",
    "EventMessage",
    "FetchSchedule",
    "FetchState",
    "Getter",
    "PostAnswer",
    "Response",
    "Validators",
    "check_webhook_url",
    "default_schedule",
    "documents",
    "endpoint_key",
    "is_working_day",
    "next_due",
    "post_event",
    "shown_url",
    "tell_hub",
    "webhook_client",
]
