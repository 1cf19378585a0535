"""Create the tables of votes and feedback, the number of a paper's votes, and the switch of a subscriber's taste."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vote",
        sa.Column("subscriber_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("voted_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_vote_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_vote_paper_id_paper"),
        sa.PrimaryKeyConstraint("subscriber_id", "paper_id", name="pk_vote"),
    )
    op.create_index("ix_vote_paper_id_voted_on", "vote", ["paper_id", "voted_on"])
    op.create_table(
        "feedback",
        sa.Column("subscriber_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("liked", sa.Boolean(), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_feedback_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_feedback_paper_id_paper"),
        sa.PrimaryKeyConstraint("subscriber_id", "paper_id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_paper_id", "feedback", ["paper_id"])
    op.add_column("paper", sa.Column("votes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("subscriber", sa.Column("taste", sa.Boolean(), nullable=False, server_default=sa.true()))
