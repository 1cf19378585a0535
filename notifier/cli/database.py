"""The commands about the database as a whole: db backup, db copy, db upgrade and db restored."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, command_run
from notifier.cli.simulated_clocks import writing_run

if TYPE_CHECKING:
    from notifier.cli.options import CommandRun

UrlArgument = Annotated[
    str, typer.Argument(help="sqlite:///FILE, or postgresql+psycopg://USER@HOST/DATABASE.", metavar="URL")
]
FileArgument = Annotated[Path, typer.Argument(help="The file to write, such as backup.db.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Back up, copy and upgrade the database.")
    group.command("backup", epilog="Example: notifier db backup /backup/notifier.db")(backup)
    group.command("copy", epilog="Example: notifier db copy postgresql+psycopg://notifier@/papers")(copy)
    group.command("upgrade", epilog="Example: notifier db upgrade")(upgrade)
    group.command("restored", epilog="Example: notifier db restored")(restored)
    app.add_typer(group, name="db")


def backup(
    context: typer.Context, file: FileArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Write a backup of the SQLite database to a file, while the service runs; an older backup there is replaced.

    For a PostgreSQL database, this names the command that makes a backup, and exits with 2.
    """
    from notifier.cli.output import print_json, progress_bar
    from notifier.operations import back_up

    run = command_run(context, config)
    pages = [0, 0]

    def follow(left: int, total: int) -> None:
        pages[:] = total - left, total

    with progress_bar("backing up", 100, lambda: pages[0] * 100 // max(pages[1], 1)):
        made = back_up(run.config, file, follow)
    if as_json:
        print_json({"file": str(made.file), "bytes": made.size, "schema": made.schema})
        return
    key = run.config.path(run.config.secret_file)
    typer.echo(f"{made.file}: {made.size / 1e6:.1f} MB, schema {made.schema}, checked")
    typer.echo(f"keep it on another machine, together with the config and {key}")


def copy(context: typer.Context, url: UrlArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Copy everything to another, empty database, such as from SQLite to PostgreSQL, and check the copy.

    Stop the service first: what it writes afterwards is not copied. If this command is stopped or fails, the other
    database stays empty, and you can run it again. The config and the database that it names stay as they are.
    """
    from notifier.cli.output import print_json, progress_bar
    from notifier.operations.copying import copy_database

    run = command_run(context, config)
    rows = [0, 0]

    def follow(done: int, total: int) -> None:
        rows[:] = done, total

    with progress_bar("copying", 100, lambda: rows[0] * 100 // max(rows[1], 1)):
        made = copy_database(run.engine, url, follow)
    if as_json:
        print_json({"url": made.name, "tables": {name: asdict(each) for name, each in made.tables.items()}})
        return
    typer.echo(f"{made.name}: {made.rows} rows of {len(made.tables)} tables; all counts and sums agree")
    typer.echo("next: set [store] url to it on every machine, run `notifier doctor`, and start the service")


def upgrade(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the tables of the database up to date, as every other command does when it opens the database."""
    from notifier.cli.output import print_json

    run = command_run(context, config)
    before, after = _upgraded(run)
    if as_json:
        print_json({"before": before, "after": after})
    elif before is None:
        typer.echo(f"database {run.config.store_name} was empty; its tables are made, schema {after}")
    elif before == after:
        typer.echo(f"database {run.config.store_name} is up to date, schema {after}")
    else:
        typer.echo(f"database {run.config.store_name} is upgraded from schema {before} to {after}")


def _upgraded(run: CommandRun) -> tuple[str | None, str | None]:
    """Upgrade the database, and return the versions of its tables before and after."""
    from notifier.store import connect, store_version

    old = connect(run.config.store_url)
    before = store_version(old)
    old.dispose()
    return before, store_version(run.engine)


def restored(context: typer.Context, config: ConfigOption = None, now: NowOption = None) -> None:
    """Prepare a database that was just restored from a backup.

    Run this once, while no other notifier runs. Rows written after the backup are lost. Their ids are not used again:
    otherwise a link in a mail that was sent after the backup could open another subscriber's page. Deliveries that
    waited when the backup was made are held, because they were probably sent since.
    """
    from notifier.operations import prepare_restored
    from notifier.text.counting import counted

    run = writing_run(context, config, now)
    held = prepare_restored(run.engine, run.clock())
    typer.echo(f"new rows skip the ids of lost ones; {counted(held, 'waiting delivery', 'waiting deliveries')} HELD")
    typer.echo(
        "next: ingest the dumps that came since the backup, then `notifier plan` and `notifier deliveries hold --all`, "
        "so that no digest is sent again; then start the service"
    )
