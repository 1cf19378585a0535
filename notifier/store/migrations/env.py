"""Run the migrations on the connection, and in the transaction, that `store.schema` has opened."""

from alembic import context

from notifier.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
