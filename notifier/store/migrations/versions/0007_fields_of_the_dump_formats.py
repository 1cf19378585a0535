"""Add the fields of papers that the arXiv and JSON formats give, and the table of withdrawals."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("doi", "pdf", "page", "project", "code"):
        op.add_column("paper", sa.Column(name, sa.String(), nullable=True))
    for name in ("version", "stars"):
        op.add_column("paper", sa.Column(name, sa.Integer(), nullable=True))
    for name in ("published", "updated"):
        op.add_column("paper", sa.Column(name, sa.Date(), nullable=True))
    op.add_column("paper", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("paper", sa.Column("archived", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("paper", sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("listing", sa.Column("announce", sa.String(), nullable=True))
    op.create_table(
        "withdrawal",
        sa.Column("arxiv_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("arxiv_id", name="pk_withdrawal"),
    )
