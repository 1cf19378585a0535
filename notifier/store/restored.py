"""What a database needs after an older backup was put in its place."""

from __future__ import annotations

from sqlalchemy import Connection, Table, column, func, select, table

from notifier.store.tables import Table as OurTable

SKIPPED_IDS = 1_000_000  # more rows than a table can have got between a backup and the loss of the database

_sequences = table("sqlite_sequence", column("name"), column("seq"))


def skip_ids(connection: Connection) -> None:
    """Let the next rows of each table get ids that are higher than any that the lost database can have given.

    Links and return paths in mails are signed for the id of a row. Without this, a link in a mail that was sent after
    the backup would open the settings of somebody who signed up later.
    """
    for each in OurTable.metadata.sorted_tables:
        if each.dialect_options["sqlite"]["autoincrement"]:
            skip = _skip_in_server if connection.dialect.name == "postgresql" else _skip_in_file
            skip(connection, each)


def _skip_in_file(connection: Connection, numbered: Table) -> None:
    is_of_table = _sequences.c.name == numbered.name
    if not connection.execute(
        _sequences.update().where(is_of_table).values(seq=_sequences.c.seq + SKIPPED_IDS)
    ).rowcount:
        connection.execute(_sequences.insert().values(name=numbered.name, seq=SKIPPED_IDS))


def _skip_in_server(connection: Connection, numbered: Table) -> None:
    sequence = func.pg_get_serial_sequence(numbered.name, "id")
    connection.execute(select(func.setval(sequence, func.nextval(sequence) + SKIPPED_IDS)))
