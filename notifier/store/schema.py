"""Open a store, and upgrade its tables to the newest version with Alembic migrations."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from notifier.errors import StoreError
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.engine import MOST_CONNECTIONS, connect, reading, writing

HEAD = "0037"  # the newest migration; a constant, because importing Alembic takes a tenth of a second
MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str, connections: int = MOST_CONNECTIONS) -> Engine:
    """Return the engine of the store at `url`, with at most so many connections; create or upgrade it if necessary.

    Several processes may call this at once. Raises StoreError if the database cannot be opened, or cannot be upgraded,
    for example because a newer version of notifier made it.
    """
    engine = connect(url, connections=connections)
    try:
        if store_version(engine) != HEAD:
            with writing(engine) as connection:
                _upgrade(connection)
            _index_papers(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def store_version(engine: Engine) -> str | None:
    """Return the same as `version_of`, in a transaction of its own."""
    with reading(engine) as connection:
        return version_of(connection)


def _index_papers(engine: Engine) -> None:
    """Add all papers to the index of words that an upgrade has made. If this is interrupted, `tag` adds the rest."""
    from notifier.store import paper_tokens

    paper_tokens.index_missing_papers(engine)


def version_of(connection: Connection) -> str | None:
    """Return the number of the newest migration that this database has had; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    wait_for(connection, AdvisoryLock.UPGRADE)
    current = version_of(connection)
    if current == HEAD:  # another process has upgraded the database in the meantime
        return
    if current is not None and current > HEAD:
        raise StoreError(
            f"a newer notifier made this database (schema {current}, and this one knows {HEAD}); install that version, "
            "or restore the backup from before the upgrade; nothing was changed"
        )
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        raise StoreError(
            f"the database cannot be upgraded: {error}; if another version of notifier made it, use that version"
        ) from None
