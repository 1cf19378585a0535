"""Add the columns for pauses and instant digests, and the table of the fingerprints of erased addresses."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("last_dump", sa.Integer(), server_default="0", nullable=False))
    op.add_column("subscriber", sa.Column("active_since", Instant(), nullable=True))
    op.add_column("subscriber", sa.Column("paused_until", Instant(), nullable=True))
    op.execute("UPDATE subscriber SET active_since = confirmed_at")
    op.create_index("ix_subscriber_cadence_last_dump", "subscriber", ["cadence", "last_dump"])
    op.create_table(
        "erased",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_erased"),
    )
