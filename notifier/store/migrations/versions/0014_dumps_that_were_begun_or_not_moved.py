"""Create the tables of attempts to ingest a file, and of files that could not be moved out of the dumps folder."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unmoved",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("look", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_unmoved"),
    )
    op.create_table(
        "begun",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("look", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_begun"),
    )
