"""Create the tables for dumps, papers, subscribers and the outbox."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant, JsonStrings

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dump",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("listed_on_from", sa.String(), nullable=False),
        sa.Column("ingested_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dump"),
        sa.UniqueConstraint("sha256", name="uq_dump_sha256"),
    )
    op.create_table(
        "paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("arxiv_id", sa.String(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("first_sequence", sa.Integer(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("abstract", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("upvotes", sa.Integer(), nullable=True),
        sa.Column("authors", JsonStrings(), server_default="[]", nullable=False),
        sa.Column("categories", JsonStrings(), server_default="[]", nullable=False),
        sa.Column("keywords", JsonStrings(), server_default="[]", nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_paper"),
        sa.UniqueConstraint("arxiv_id", name="uq_paper_arxiv_id"),
        sa.UniqueConstraint("guid", name="uq_paper_guid"),
        sa.UniqueConstraint("key", name="uq_paper_key"),
        sa.UniqueConstraint("sequence", name="uq_paper_sequence"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_paper_first_seen", "paper", ["first_seen"], unique=False)

    op.create_table(
        "quarantined",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_quarantined"),
    )
    op.create_table(
        "query",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_query"),
        sa.UniqueConstraint("canonical", name="uq_query_canonical"),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("hour", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("next_due", Instant(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("last_week", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscriber"),
        sa.UniqueConstraint("reader", name="uq_subscriber_reader"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriber_next_due", "subscriber", ["next_due"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_try", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_delivery_subscriber_id_subscriber", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("message_id", name="uq_delivery_message_id"),
        sa.UniqueConstraint("subscriber_id", "kind", "period", name="uq_delivery_subscriber_id_kind_period"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_next_try", "delivery", ["next_try", "id"], unique=False)
    op.create_index("ix_delivery_owner", "delivery", ["owner"], unique=False)

    op.create_table(
        "listing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("dump_id", sa.Integer(), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("upvotes", sa.Integer(), nullable=True),
        sa.Column("comments", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["dump_id"], ["dump.id"], name="fk_listing_dump_id_dump"),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_listing_paper_id_paper"),
        sa.PrimaryKeyConstraint("id", name="pk_listing"),
        sa.UniqueConstraint("dump_id", "position", name="uq_listing_dump_id_position"),
    )
    op.create_index("ix_listing_listed_on", "listing", ["listed_on"], unique=False)
    op.create_index("ix_listing_paper_id", "listing", ["paper_id"], unique=False)

    op.create_table(
        "paper_alias",
        sa.Column("old_key", sa.String(), nullable=False),
        sa.Column("old_id", sa.Integer(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_paper_alias_paper_id_paper"),
        sa.PrimaryKeyConstraint("old_key", name="pk_paper_alias"),
    )
    op.create_index("ix_paper_alias_old_id", "paper_alias", ["old_id"], unique=False)
    op.create_index("ix_paper_alias_paper_id", "paper_alias", ["paper_id"], unique=False)

    op.create_table(
        "paper_title",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_paper_title_paper_id_paper"),
        sa.PrimaryKeyConstraint("identity", "paper_id", name="pk_paper_title"),
    )
    op.create_index("ix_paper_title_paper_id", "paper_title", ["paper_id"], unique=False)

    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("query_id", sa.Integer(), nullable=True),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name="fk_subscription_query_id_query"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_subscription_subscriber_id_subscriber"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("subscriber_id", "query_id", name="uq_subscription_subscriber_id_query_id"),
        sa.UniqueConstraint("subscriber_id", "topic", name="uq_subscription_subscriber_id_topic"),
    )
    op.create_index("ix_subscription_query_id", "subscription", ["query_id"], unique=False)
