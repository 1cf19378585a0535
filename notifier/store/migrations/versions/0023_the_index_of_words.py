"""Create the index of the words of all papers, give each paper a key in it, and create the table of topic catalogues.

The tokens are deleted, and are stored again together with the index when the store is opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("paper_tokens")
    op.create_table(
        "paper_tokens",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("search_key", sa.BigInteger(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("tokenised", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name="fk_paper_tokens_paper_id_paper"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_paper_tokens"),
        sa.UniqueConstraint("search_key", name="uq_paper_tokens_search_key"),
    )
    op.create_index("ix_paper_tokens_text_version", "paper_tokens", ["text_version"])
    op.create_table(
        "search_word",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("stem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_search_word"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "topic_catalogue",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("queries", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_topic_catalogue"),
    )
    op.create_index("ix_search_word_stem", "search_word", ["stem"])
    if op.get_bind().dialect.name == "sqlite":
        # The tokens are folded already. They are separated by those ASCII characters that no token has.
        op.execute(
            "CREATE VIRTUAL TABLE search_text USING fts5(title, abstract, keyword, author, content='', "
            "tokenize=\"ascii tokenchars '+#.'\")"
        )
    else:
        op.execute("CREATE TABLE search_text (search_key bigint PRIMARY KEY, words tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_search_text_words ON search_text USING gin (words)")
