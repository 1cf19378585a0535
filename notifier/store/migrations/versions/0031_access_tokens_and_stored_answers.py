"""Create the tables of the API: access tokens, and answers to requests with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.Text(), server_default="[]", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.UniqueConstraint("secret_hash", name="uq_access_token_secret_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stored_answer",
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["access_token.id"], name="fk_stored_answer_token_id_access_token", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", "key", name="pk_stored_answer"),
    )
    op.create_index("ix_stored_answer_begun_at", "stored_answer", ["begun_at"])
