"""The tools of operators: the status, backups, deliveries, tokens, unclear replies, and the log of administrators."""

from notifier.operations.admin_log import logged, read_admin_log
from notifier.operations.backups import Backup, back_up
from notifier.operations.deliveries import (
    DeliverySummary,
    deliveries_before,
    find_delivery,
    hold_delivery,
    hold_waiting_deliveries,
    list_deliveries,
    retry_delivery,
)
from notifier.operations.exposure import exposed_secrets
from notifier.operations.overview import Overview, read_overview
from notifier.operations.replies import drop_unclear, list_unclear
from notifier.operations.restoring import prepare_restored
from notifier.operations.sources import SourceSummary, list_sources
from notifier.operations.status import (
    Backlog,
    OpenAlert,
    Pause,
    Status,
    WatchedInbox,
    count_due_deliveries,
    service_status,
)
from notifier.operations.tokens import NewToken, create_token, find_token, list_tokens, revoke_token

__all__ = [
    "Backlog",
    "Backup",
    "DeliverySummary",
    "NewToken",
    "OpenAlert",
    "Overview",
    "Pause",
    "SourceSummary",
    "Status",
    "WatchedInbox",
    "back_up",
    "count_due_deliveries",
    "create_token",
    "deliveries_before",
    "drop_unclear",
    "exposed_secrets",
    "find_delivery",
    "find_token",
    "hold_delivery",
    "hold_waiting_deliveries",
    "list_deliveries",
    "list_sources",
    "list_tokens",
    "list_unclear",
    "logged",
    "prepare_restored",
    "read_admin_log",
    "read_overview",
    "retry_delivery",
    "revoke_token",
    "service_status",
]
