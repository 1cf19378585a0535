"""Create the table of suppressions, and store why deliveries failed and what relays have refused by policy."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("state_before", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_suppression_subscriber_id_subscriber"),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name="fk_suppression_delivery_id_delivery", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
    )
    op.create_index("ix_suppression_subscriber_id", "suppression", ["subscriber_id"])
    # Record the suppressions that were made before this migration, so that mistaken ones can be taken back.
    op.execute(
        "INSERT INTO suppression (subscriber_id, at, reply, delivery_id, state_before) "
        "SELECT delivery.subscriber_id, coalesce(delivery.settled_at, delivery.planned_at), delivery.reply, "
        "delivery.id, 'ACTIVE' FROM delivery JOIN subscriber ON subscriber.id = delivery.subscriber_id "
        "WHERE delivery.state = 'REJECTED' AND subscriber.state = 'SUPPRESSED'"
    )
    op.add_column("delivery", sa.Column("too_large", sa.Boolean(), server_default=sa.false(), nullable=False))
    # Both databases know this statement; Alembic would copy the whole table for SQLite.
    op.execute("ALTER TABLE relay RENAME COLUMN policy_domains TO policy_refusals")
    op.execute("UPDATE relay SET policy_refusals = '[]'")
