"""Delete the stored tokens, because their format has changed: they are now in the order of the text."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM paper_tokens")
    # A paper gets its tokens when it is tagged, so all papers are tagged again.
    op.execute("UPDATE paper SET tagged_by = NULL")
