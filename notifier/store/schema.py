"""Bringing a database to this version's tables, by Alembic migrations."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from notifier.errors import StoreError
from notifier.store.engine import connect, reading, writing

HEAD = "0011"  # the newest migration; known without importing Alembic, which costs a tenth of a second
MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str) -> Engine:
    """The store at `url`, made or upgraded where needed; several processes may do so at once."""
    engine = connect(url)
    with reading(engine) as connection:
        current = _version(connection)
    if current != HEAD:
        with writing(engine) as connection:
            _upgrade(connection)
    return engine


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if _version(connection) == HEAD:
        return
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        raise StoreError(f"the database cannot be upgraded: {error}; was it made by a newer notifier?") from None
