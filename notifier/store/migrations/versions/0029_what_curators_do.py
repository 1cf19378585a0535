"""Create the tables of pins, hidden papers, corrections, merges by hand, and of the curators' log."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("paper", sa.Column("has_corrected_url", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "pin",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pinned_at", Instant(), nullable=False),
        sa.Column("has_begun", sa.Boolean(), server_default=sa.false(), nullable=False),
        _of_paper("pin"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_pin"),
    )
    op.create_index("ix_pin_day", "pin", ["day"])
    op.create_table(
        "hidden_paper",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("hidden_at", Instant(), nullable=False),
        _of_paper("hidden_paper"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_hidden_paper"),
    )
    op.create_table(
        "correction",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        _of_paper("correction"),
        sa.PrimaryKeyConstraint("paper_id", "field", name="pk_correction"),
    )
    op.create_table(
        "topic_correction",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("is_added", sa.Boolean(), server_default=sa.false(), nullable=False),
        _of_paper("topic_correction"),
        sa.PrimaryKeyConstraint("paper_id", "slug", name="pk_topic_correction"),
    )
    op.create_table(
        "corrected_identity",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        _of_paper("corrected_identity"),
        sa.PrimaryKeyConstraint("identity", "paper_id", name="pk_corrected_identity"),
    )
    op.create_table(
        "dump_facts",
        sa.Column("paper_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shown_by", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("old_key", sa.String(), server_default="", nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("kept", sa.Text(), server_default="", nullable=False),
        _of_paper("dump_facts", "shown_by"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_dump_facts"),
    )
    op.create_index("ix_dump_facts_shown_by", "dump_facts", ["shown_by"])
    op.create_table(
        "parted_pair",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        _of_paper("parted_pair"),
        _of_paper("parted_pair", "other_id"),
        sa.PrimaryKeyConstraint("paper_id", "other_id", name="pk_parted_pair"),
    )
    op.create_table(
        "curation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_curation"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_curation_paper_id", "curation", ["paper_id"])
    op.create_index("ix_curation_undoes", "curation", ["undoes"])


def _of_paper(table: str, column: str = "paper_id") -> sa.ForeignKeyConstraint:
    """Return the constraint that the row belongs to a paper, and is deleted with it."""
    return sa.ForeignKeyConstraint([column], ["paper.id"], name=f"fk_{table}_{column}_paper", ondelete="CASCADE")
