"""Index papers by their first listing day, for the lists of papers by listing day."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_paper_listed_on", "paper", ["listed_on", "id", "sequence", "archived"])
