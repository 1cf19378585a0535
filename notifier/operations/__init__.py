"""The tools of operators: the status, single deliveries, and the replies that a person has to look at."""

from notifier.operations.deliveries import (
    DeliverySummary,
    find_delivery,
    hold_delivery,
    list_deliveries,
    retry_delivery,
)
from notifier.operations.exposure import exposed_secrets
from notifier.operations.replies import drop_unclear, list_unclear
from notifier.operations.status import Backlog, Inbox, OpenAlert, Pause, Status, count_due_deliveries, service_status

__all__ = [
    "Backlog",
    "DeliverySummary",
    "Inbox",
    "OpenAlert",
    "Pause",
    "Status",
    "count_due_deliveries",
    "drop_unclear",
    "exposed_secrets",
    "find_delivery",
    "hold_delivery",
    "list_deliveries",
    "list_unclear",
    "retry_delivery",
    "service_status",
]
