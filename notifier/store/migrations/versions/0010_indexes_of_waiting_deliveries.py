"""Leave the deliveries that will not be tried again out of the outbox's indexes."""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, columns in (("ix_delivery_next_try", ["next_try", "id"]), ("ix_delivery_owner", ["owner"])):
        held = text(f"{columns[0]} IS NOT NULL")
        op.drop_index(name, "delivery")
        op.create_index(name, "delivery", columns, sqlite_where=held, postgresql_where=held)
