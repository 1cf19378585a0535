"""Create the tables of the messages that came back, and of the mailbox that they are read from."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "returned",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_returned_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name="fk_returned_delivery_id_delivery", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_returned"),
        sa.UniqueConstraint("fingerprint", name="uq_returned_fingerprint"),
        sqlite_autoincrement=True,
    )
    for column in ("at", "kind", "subscriber_id", "delivery_id"):
        op.create_index(f"ix_returned_{column}", "returned", [column])
    op.create_table(
        "inbox",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("uid", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_inbox"),
    )
