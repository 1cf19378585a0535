"""Create the tables of sources, of their documents and of their days."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_succeeded_at", Instant(), nullable=True),
        sa.Column("last_tried_at", Instant(), nullable=True),
        sa.Column("last_succeeded_at", Instant(), nullable=True),
        sa.Column("next_due", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("problem_since", Instant(), nullable=True),
        sa.Column("taken_until", sa.Date(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.Column("alerted", sa.String(), server_default="", nullable=False),
        sa.Column("trouble_since", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_source"),
    )
    op.create_table(
        "source_url",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("url_key", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("last_modified", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("unchanged_since", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        _of_source("source_url"),
        sa.PrimaryKeyConstraint("source", "url_key", name="pk_source_url"),
    )
    op.create_table(
        "source_day",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("stated", sa.Integer(), nullable=True),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("newest", sa.Date(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=False),
        _of_source("source_day"),
        sa.PrimaryKeyConstraint("source", "day", name="pk_source_day"),
    )


def _of_source(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["source"], ["source.name"], name=f"fk_{table}_source_source", ondelete="CASCADE")
