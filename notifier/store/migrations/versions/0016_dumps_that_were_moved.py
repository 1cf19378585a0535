"""Create the table of files that were moved out of the dumps folder."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moved",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("look", sa.String(), nullable=False),  # what the file looks like: its size and times
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_moved"),
    )
