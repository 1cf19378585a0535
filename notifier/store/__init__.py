"""The database: its tables, its migrations, and all SQL of the project.

The package itself exports what opens the database and begins transactions. The SQL statements are in one module for
each noun (`papers`, `outbox`, `subscribers`, ...). Their functions take a connection on which the caller has begun a
transaction. Only this package uses the tables, the compiled statements and the migrations.
"""

from notifier.store.engine import FreshReads, connect, fresh_reads, reading, retried, writing
from notifier.store.schema import HEAD, open_store, store_version

__all__ = [
    "HEAD",
    "FreshReads",
    "connect",
    "fresh_reads",
    "open_store",
    "reading",
    "retried",
    "store_version",
    "writing",
]
