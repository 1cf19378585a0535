"""Never reuse the ids of subscriptions, because links in mails contain them after their rows are deleted."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":  # elsewhere a sequence never gives a number twice
        return
    with op.batch_alter_table("subscription", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
        pass
