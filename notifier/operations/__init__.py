"""The tools of operators: the status, backups, deliveries, and the replies that a person has to look at."""

from notifier.operations.backups import Backup, back_up
from notifier.operations.deliveries import (
    DeliverySummary,
    find_delivery,
    hold_delivery,
    hold_waiting_deliveries,
    list_deliveries,
    retry_delivery,
)
from notifier.operations.exposure import exposed_secrets
from notifier.operations.replies import drop_unclear, list_unclear
from notifier.operations.restoring import prepare_restored
from notifier.operations.status import Backlog, Inbox, OpenAlert, Pause, Status, count_due_deliveries, service_status

__all__ = [
    "Backlog",
    "Backup",
    "DeliverySummary",
    "Inbox",
    "OpenAlert",
    "Pause",
    "Status",
    "back_up",
    "count_due_deliveries",
    "drop_unclear",
    "exposed_secrets",
    "find_delivery",
    "hold_delivery",
    "hold_waiting_deliveries",
    "list_deliveries",
    "list_unclear",
    "prepare_restored",
    "retry_delivery",
    "service_status",
]
