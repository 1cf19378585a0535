"""The only SQL: tables, migrations, and the statements of each step.

This door opens the database and its transactions. The statements lie in one module for each noun (`papers`, `outbox`,
`subscribers`, ...), whose functions take a connection inside a transaction that the caller has opened. Tables, the
compiler of statements and the migrations are used by this room alone.
"""

from notifier.store.engine import FreshReads, fresh_reads, reading, writing
from notifier.store.schema import open_store

__all__ = ["FreshReads", "fresh_reads", "open_store", "reading", "writing"]
