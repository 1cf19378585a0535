"""Let an endpoint be a channel, which has a name, and let a subscriber be such a channel."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("endpoint", sa.Column("kind", sa.String(), server_default="webhook", nullable=False))
    op.add_column("endpoint", sa.Column("name", sa.String(), nullable=True))
    op.create_index("ix_endpoint_name", "endpoint", ["name"], unique=True)
    # There is no foreign key, because Alembic would have to copy the whole table for SQLite.
    op.add_column("subscriber", sa.Column("endpoint_id", sa.Integer(), nullable=True))
