"""Delete the words that are too long for PostgreSQL's indexes; a store that holds one could not be copied there."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    size = "length(CAST(word AS BLOB))" if is_sqlite else "octet_length(word)"
    op.execute(f"DELETE FROM search_word WHERE {size} > 2046")
