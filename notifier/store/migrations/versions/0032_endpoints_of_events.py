"""Create the table of endpoints, and let a delivery be an event for one of them."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("shown_url", sa.String(), nullable=False),
        sa.Column("events", sa.Text(), server_default="[]", nullable=False),
        sa.Column("secret_file", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint"),
        sqlite_autoincrement=True,
    )
    # There is no foreign key, because Alembic would have to copy the whole table for SQLite.
    op.add_column("delivery", sa.Column("endpoint_id", sa.Integer(), nullable=True))
    to_endpoints = sa.text("endpoint_id IS NOT NULL")
    op.create_index(
        "ix_delivery_endpoint_id",
        "delivery",
        ["endpoint_id", "next_try", "id"],
        sqlite_where=to_endpoints,
        postgresql_where=to_endpoints,
    )
