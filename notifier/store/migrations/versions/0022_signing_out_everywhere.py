"""Store when a subscriber signed out everywhere, because links in earlier mails no longer work then."""

import sqlalchemy as sa
from alembic import op

from notifier.store.tables import Instant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("signed_out_at", Instant(), nullable=True))
