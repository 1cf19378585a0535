"""Create the tables of requests, sessions and limits, and store the order of subscriptions and what notices say."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("mailed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_request_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
        sa.UniqueConstraint("kind", "address_key", name="uq_request_kind_address_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_request_subscriber_id", "request", ["subscriber_id"])
    op.create_index("ix_request_expires_at", "request", ["expires_at"])
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_session_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_subscriber_id", "session", ["subscriber_id"])
    op.create_index("ix_session_expires_at", "session", ["expires_at"])
    op.create_table(
        "usage_count",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "ends_at", name="pk_usage_count"),
    )
    op.create_index("ix_usage_count_ends_at", "usage_count", ["ends_at"])
    op.add_column("subscription", sa.Column("position", sa.Integer(), server_default="0", nullable=False))
    op.add_column("delivery", sa.Column("details", sa.Text(), server_default="", nullable=False))
