"""Create the tables of terms, bases and vectors, by which papers are compared; `tag` fills them."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_terms",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["paper_tokens.paper_id"],
            name="fk_paper_terms_paper_id_paper_tokens",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("paper_id", name="pk_paper_terms"),
    )
    op.create_table(
        "similarity_basis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("is_ready", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("fitted", sa.Integer(), nullable=False),
        sa.Column("dimensions", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("idf", sa.LargeBinary(), nullable=False),
        sa.Column("projection", sa.LargeBinary(), nullable=False),
        sa.Column("sample", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_similarity_basis"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "paper_vector",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("basis_id", sa.Integer(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("integers", sa.LargeBinary(), nullable=False),
        sa.Column("scale", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["basis_id"], ["similarity_basis.id"], name="fk_paper_vector_basis_id_similarity_basis"
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["paper_tokens.paper_id"],
            name="fk_paper_vector_paper_id_paper_tokens",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_paper_vector"),
        sa.UniqueConstraint("basis_id", "paper_id", name="uq_paper_vector_basis_id_paper_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_paper_vector_paper_id", "paper_vector", ["paper_id"])
