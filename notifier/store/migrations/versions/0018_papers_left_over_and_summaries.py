"""Add the columns for papers that did not fit into a digest and wait for the next, and for summaries of papers."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("left_over", sa.Text(), nullable=False, server_default=""))
    op.add_column("paper", sa.Column("summary", sa.Text(), nullable=False, server_default=""))
