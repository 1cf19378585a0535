"""Create the table that marks a database as made for a simulated clock."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "simulated_clock",
        sa.Column("started_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("started_at", name="pk_simulated_clock"),
    )
