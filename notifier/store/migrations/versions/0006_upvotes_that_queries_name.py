"""Create the table of the numbers of upvotes at which queries may change their results, and fill it."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BLOCK = 10_000
BOUND = re.compile(r"\bupvotes:(>=|>|<=|<|=)([0-9]+)")
# A condition begins or ceases to be true at one or two numbers of upvotes: `>5` begins at 6, `=5` begins at 5 and
# ceases at 6. For each sign, DIFFERENCES holds those numbers minus the number after the sign. Conditions
# with `<` and `<=` also begin at 0.
DIFFERENCES = {">=": (0,), ">": (1,), "<": (0,), "<=": (1,), "=": (0, 1)}


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
        rows = [{"number": number, "query_id": row.id} for row in some for number in _named_upvotes(row.canonical)]
        if rows:
            op.bulk_insert(named, rows)


def _named_upvotes(canonical: str) -> set[int]:
    bounds = BOUND.findall(canonical)
    numbers = {int(number) + difference for sign, number in bounds for difference in DIFFERENCES[sign]}
    return numbers | {0} if any(sign.startswith("<") for sign, _ in bounds) else numbers
