"""Create the table of the numbers of upvotes that queries name, and fill it from the stored queries."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BLOCK = 10_000
BOUND = re.compile(r"\bupvotes:(>=|>|<=|<|=)([0-9]+)")
# For each sign, how far from the bound's number the numbers are at which it begins or ceases to hold; `<` begins at 0.
TURNS = {">=": (0,), ">": (1,), "<": (0,), "<=": (1,), "=": (0, 1)}


def upgrade() -> None:
    named = op.create_table(
        "named_upvotes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("query_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name="fk_named_upvotes_query_id_query", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", "query_id", name="pk_named_upvotes"),
    )
    op.create_index("ix_named_upvotes_query_id", "named_upvotes", ["query_id"])
    naming = sa.text("SELECT id, canonical FROM query WHERE canonical LIKE '%upvotes:%'")
    for some in op.get_bind().execute(naming).partitions(BLOCK):
        rows = [{"number": number, "query_id": row.id} for row in some for number in _turns(row.canonical)]
        if rows:
            op.bulk_insert(named, rows)


def _turns(canonical: str) -> set[int]:
    bounds = BOUND.findall(canonical)
    turns = {int(number) + turn for sign, number in bounds for turn in TURNS[sign]}
    return turns | {0} if any(sign.startswith("<") for sign, _ in bounds) else turns
