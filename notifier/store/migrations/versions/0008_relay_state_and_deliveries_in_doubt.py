"""Create the table of relays, and add the columns that decide whether a later digest may contain a digest's items."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant, JsonStrings

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("in_doubt", "taken_in"):
        op.add_column("delivery", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "relay",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused_until", Instant(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("busy", sa.Integer(), nullable=False),
        sa.Column("recent", sa.String(), nullable=False),
        sa.Column("policy_domains", JsonStrings(), server_default="[]", nullable=False),
        sa.Column("probe_owner", sa.String(), nullable=True),
        sa.Column("probe_until", Instant(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("next_turn", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_relay"),
    )
