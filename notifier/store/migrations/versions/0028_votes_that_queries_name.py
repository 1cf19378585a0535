"""Create the table of the numbers of votes that queries name, and mark the papers whose votes have changed."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

CHANGED = sa.text("votes <> votes_considered")


def upgrade() -> None:
    # No stored query names votes yet, because older versions refuse `votes:`.
    op.create_table(
        "named_votes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("query_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name="fk_named_votes_query_id_query", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", "query_id", name="pk_named_votes"),
    )
    op.create_index("ix_named_votes_query_id", "named_votes", ["query_id"])
    for name in ("votes_considered", "most_votes"):
        op.add_column("paper", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_paper_votes_changed", "paper", ["id"], sqlite_where=CHANGED, postgresql_where=CHANGED)
