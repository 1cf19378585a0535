"""Create the tables of alerts, steps, removals and results; move the alerts about sources; index what is counted."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WAITS = sa.text("next_try IS NOT NULL")
NOT_ACCEPTED = sa.text("next_try IS NULL AND state <> 'ACCEPTED'")


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("cure", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("well_since", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("flaps", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_alert"),
    )
    op.create_table(
        "step",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("succeeded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_step"),
    )
    op.create_table(
        "removal",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("doubted_since", Instant(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_removal"),
    )
    op.create_table(
        "delivery_result",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "state", "reply", "bucket", name="pk_delivery_result"),
    )
    _move_alerts()
    op.drop_index("ix_delivery_next_try", "delivery")
    op.create_index(
        "ix_delivery_next_try", "delivery", ["next_try", "id", "state"], sqlite_where=WAITS, postgresql_where=WAITS
    )
    op.create_index(
        "ix_delivery_not_accepted", "delivery", ["state"], sqlite_where=NOT_ACCEPTED, postgresql_where=NOT_ACCEPTED
    )
    op.create_index("ix_delivery_kind", "delivery", ["kind"])
    op.create_index("ix_suppression_delivery_id", "suppression", ["delivery_id"])


def _move_alerts() -> None:
    """Keep the record of which faults of sources were reported to the operator, so that none is reported again."""
    op.execute(
        "INSERT INTO alert (key, state, title, what, cure, since, opened_at)"
        " SELECT 'source:' || name, alerted, 'the source ' || name || ' is ' || alerted, problem, '',"
        " trouble_since, last_tried_at FROM source WHERE alerted <> '' AND last_tried_at IS NOT NULL"
    )
    op.drop_column("source", "alerted")
    op.drop_column("source", "trouble_since")
