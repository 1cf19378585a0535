"""Check the database: whether it can be read, whether its schema is that of this version, and whether it is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from notifier.errors import StoreError
from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, split, warning
from notifier.operations.doctor.setup import Setup
from notifier.store import inspection, reading
from notifier.text.counting import counted

_CHECK_SECONDS = 5.0  # for looking for damage
_LARGE_LOG = 512 << 20  # bytes; usually, SQLite's log has 16 MB
_OLDEST_SERVER = 14  # PostgreSQL's oldest version that still gets corrections
_RESTORE = "restore a backup, and check the disk"


def check_database(setup: Setup) -> Iterator[Finding]:
    """Open the database, compare its schema with that of this version, and look for damage."""
    about, file = setup.config.store_name, setup.config.database_file
    if file:
        about = setup.path_in_config(file)
        if file.is_dir():
            yield fault(Area.DATABASE, about, "it is a folder, and no database", "move it away, or correct [store] url")
            return
    try:
        engine = setup.engine()
        with reading(engine) as connection:
            trouble, is_newer = inspection.schema_trouble(connection), inspection.is_newer(connection)
    except StoreError as error:
        yield fault(Area.DATABASE, about, *split(str(error)))
        return
    except SQLAlchemyError as error:
        yield fault(Area.DATABASE, about, f"it cannot be read ({type(error).__name__})", "check [store] url")
        return
    if trouble:
        yield fault(Area.DATABASE, about, trouble, _cure_of_schema(is_newer=is_newer))
    else:
        yield ok(Area.DATABASE, about, "it answers, and has the schema of this version")
    yield from _file(setup, engine, about) if setup.config.database_file else _server(engine, about)


def _cure_of_schema(*, is_newer: bool) -> str:
    if is_newer:
        return "install the version of notifier that made it, or a newer one"
    return (
        "stop the service, make a backup, and start it again: the first command of this version upgrades the database"
    )


def _file(setup: Setup, engine: Engine, about: str) -> Iterator[Finding]:
    found = inspection.damage(engine, _CHECK_SECONDS)
    size = setup.config.database_file.stat().st_size >> 20 if setup.config.database_file else 0
    if found is None:
        what = f"it is large ({size} MB), and not all of it could be checked for damage in {_CHECK_SECONDS:.0f} s"
        yield skipped(Area.DATABASE, about, what, "PRAGMA quick_check, in the program sqlite3, checks all of it")
    elif found:
        yield fault(Area.DATABASE, about, f"it is damaged: {'; '.join(found)}", _RESTORE)
    else:
        yield ok(Area.DATABASE, about, f"no damage in {size} MB")
    log = Path(f"{setup.config.database_file}-wal")
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        what = f"its log has {log.stat().st_size >> 20} MB, so a process has been reading for very long"
        yield warning(
            Area.DATABASE, setup.path_in_config(log), what, "restart the service, and end other programs that use it"
        )


def _server(engine: Engine, about: str) -> Iterator[Finding]:
    with reading(engine) as connection:
        facts = inspection.server_facts(connection)
    major = facts.number // 10_000
    if major < _OLDEST_SERVER:
        what = f"PostgreSQL {facts.version} gets no corrections any more"
        yield warning(Area.DATABASE, about, what, f"upgrade the server to version {_OLDEST_SERVER} or newer")
    else:
        yield ok(Area.DATABASE, about, f"PostgreSQL {facts.version}")
    if facts.encoding != "UTF8":
        what = f"its encoding is {facts.encoding}, which cannot hold all titles and names"
        yield fault(Area.DATABASE, about, what, "make a database with ENCODING 'UTF8', and move the data to it")
    if facts.is_standby:
        yield fault(
            Area.DATABASE, about, "the server is a standby, and takes no changes", "name the primary in [store] url"
        )


def check_load(setup: Setup) -> Iterator[Finding]:
    """Warn if there are more active subscribers than mails that may be sent per day."""
    limit = setup.config.smtp.rate_per_day
    if not limit or setup.config.mail.transport != "smtp":
        return
    with reading(setup.store()) as connection:
        active = inspection.active_subscribers(connection)
    if active > limit:
        what = f"there are {counted(active, 'active subscriber')}, and {counted(limit, 'mail')} a day may be sent"
        yield warning(Area.RELAY, "[smtp] rate_per_day", what, "raise it, if the relay allows more")
