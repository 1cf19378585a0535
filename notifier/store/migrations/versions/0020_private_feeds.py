"""Create the table of private feeds."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "private_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_private_feed_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_private_feed"),
        sa.UniqueConstraint("subscriber_id", name="uq_private_feed_subscriber_id"),
        sqlite_autoincrement=True,
    )
