"""Create the table of the topics that papers are tagged with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_topic",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_paper_topic_paper_id_paper"),
        sa.PrimaryKeyConstraint("slug", "paper_id", name="pk_paper_topic"),
    )
    op.create_index("ix_paper_topic_paper_id", "paper_topic", ["paper_id"])
    op.add_column("paper", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("paper", sa.Column("tagged_by", sa.String(), nullable=True))
    op.create_index("ix_paper_tagged_by", "paper", ["tagged_by"])
