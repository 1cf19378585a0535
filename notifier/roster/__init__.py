"""All readers as a CSV file, there and back; what they were told is no part of it."""

from notifier.roster.exporting import export_readers
from notifier.roster.importing import Imported, import_readers

__all__ = ["Imported", "export_readers", "import_readers"]
