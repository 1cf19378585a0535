"""Create the table of the tokens of papers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_tokens",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("tokenised", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_paper_tokens_paper_id_paper"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_paper_tokens"),
    )
    # A paper gets its tokens when it is tagged, so all papers are tagged again.
    op.execute("UPDATE paper SET tagged_by = NULL")
