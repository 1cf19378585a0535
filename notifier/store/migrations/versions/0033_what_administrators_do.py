"""Create the table of the administrators' log, and note which sessions were opened by a link that was asked for."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("asked_for", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "admin_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_admin_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_admin_log_subject", "admin_log", ["subject"])
