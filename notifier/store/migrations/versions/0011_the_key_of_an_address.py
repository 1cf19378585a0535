"""Rename the column of a subscriber's folded address to `address_key`."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both databases know this statement; Alembic would copy the whole table for SQLite.
    op.execute("ALTER TABLE subscriber RENAME COLUMN reader TO address_key")
