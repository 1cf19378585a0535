"""The tools of operators: the status of the service, and the listing, retrying and holding of single deliveries."""

from notifier.operations.deliveries import (
    DeliverySummary,
    find_delivery,
    hold_delivery,
    list_deliveries,
    retry_delivery,
)
from notifier.operations.exposure import exposed_secrets
from notifier.operations.status import Backlog, OpenAlert, Pause, Status, count_due_deliveries, service_status

__all__ = [
    "Backlog",
    "DeliverySummary",
    "OpenAlert",
    "Pause",
    "Status",
    "count_due_deliveries",
    "exposed_secrets",
    "find_delivery",
    "hold_delivery",
    "list_deliveries",
    "retry_delivery",
    "service_status",
]
