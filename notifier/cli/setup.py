"""The command init, which sets up a folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.options import session, warn_of_exposed_secrets
from notifier.errors import ConfigError
from notifier.private_files import create, make_folder

SECRET_BYTES = 32


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("init", epilog="Example: notifier init, then edit config.toml")(init)


def init(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="The config file to make.", metavar="FILE")] = None,
) -> None:
    """Make config.toml (from the example), a secret key, the dumps folder and the database; existing files stay."""
    from notifier.files import DumpsFolder
    from notifier.resources import resource

    file = config or context.obj or Path("config.toml")
    make_file(file, resource("config.example.toml").read_text(encoding="utf-8"))
    run = session(context, file)
    secret = run.config.path(run.config.secret_file)
    make_secret(secret)
    DumpsFolder(run.config.path(run.config.ingest.folder)).make()
    _ = run.engine
    warn_of_exposed_secrets(context, file, run)
    typer.echo(f"config {file}, secret key {secret}, database {run.config.store_name}; now edit the config")


def make_secret(path: Path) -> None:
    """Write a new key for signing links into a file that only its owner can ever read, unless it exists already."""
    make_file(path, secrets.token_hex(SECRET_BYTES) + "\n")


def make_file(path: Path, text: str) -> None:
    """Write a file that only its owner can ever read, unless it exists already."""
    try:
        make_folder(path.parent)
        if create(path):
            path.write_text(text, encoding="utf-8")
        else:
            typer.echo(f"{path} exists already and stays as it is")
    except OSError as error:
        raise ConfigError(f"cannot make {path}: {error.strerror}; choose a folder that you may write to") from None
