"""All readers as a CSV file, there and back; what they were told is no part of it."""

from notifier.subscribers.csv_export import export_subscribers
from notifier.subscribers.csv_import import ImportReport, import_subscribers

__all__ = ["ImportReport", "export_subscribers", "import_subscribers"]
