"""Define the command init, which sets up a folder."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.options import CommandRun, command_run, warn_of_exposed_secrets
from notifier.errors import ConfigError, UsageError, shortened
from notifier.private_files import create, make_folder

SECRET_BYTES = 32

# The presets that can be used without further settings, each with the table of a source for the new config.
OFFERED = {
    "huggingface": '[sources.daily]\npreset = "huggingface"\n',
    "arxiv": '[sources.arxiv]\npreset = "arxiv"\ncategories = ["cs.LG", "cs.CL"]\n',
    "biorxiv": '[sources.biorxiv]\npreset = "biorxiv"\n',
    "medrxiv": '[sources.medrxiv]\npreset = "medrxiv"\n',
}
NO_PRESET = "none"


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("init", epilog="Example: notifier init --preset huggingface, then edit config.toml")(init)


def init(
    context: typer.Context,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", help=f"A source of papers for the new config: {', '.join(OFFERED)}.", metavar="PRESET"
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The config file to make.", metavar="FILE")] = None,
) -> None:
    """Make config.toml (from the example), a secret key, the dumps folder and the database; existing files stay.

    With --preset, the new config has a source, so that papers come by themselves. On a terminal, the command asks which
    source, unless the option is given.
    """
    from notifier.config import chosen_file
    from notifier.files import DumpsFolder
    from notifier.resources import resource

    file = chosen_file(config or context.obj) or Path("config.toml")
    wanted = _wanted(preset, file)
    table = f"\n{OFFERED[wanted]}" if wanted else ""
    make_file(file, resource("config.example.toml").read_text(encoding="utf-8") + table)
    run = command_run(context, file)
    _check_has_source(run, wanted)
    secret = run.config.path(run.config.secret_file)
    make_secret(secret)
    DumpsFolder(run.config.path(run.config.ingest.folder)).make()
    _ = run.engine
    warn_of_exposed_secrets(context, file, run)
    typer.echo(f"config {file}, secret key {secret}, database {run.config.store_name}; now edit the config")
    if run.config.sources:
        typer.echo(f"sources: {', '.join(run.config.sources)}; `notifier fetch` fetches their papers now")
    typer.echo("when the config is as you want it, `notifier doctor` says whether everything works")


def _wanted(preset: str | None, file: Path) -> str:
    """Return the preset of the source for a new config; empty if none is wanted.

    On a terminal, the user is asked if the option was not given. Raises UsageError for a preset that is not offered.
    """
    if preset is None and not file.exists() and sys.stdin.isatty() and sys.stdout.isatty():
        question = f"The source from which papers are fetched: {', '.join(OFFERED)}, or {NO_PRESET}"
        preset = str(typer.prompt(question, default=next(iter(OFFERED)))).strip()
    if preset is None or preset == NO_PRESET:
        return ""
    if preset not in OFFERED:
        raise UsageError(
            f"{shortened(preset, 50)!r} is not offered here; use one of {', '.join(OFFERED)}, "
            "or add another source to the config, which explains how"
        )
    return preset


def _check_has_source(run: CommandRun, preset: str) -> None:
    """Raise UsageError if the config existed before and lacks the source that was asked for."""
    if preset and not any(each.preset == preset for each in run.config.sources.values()):
        typer.echo(OFFERED[preset].strip())
        raise UsageError("the config existed already and lacks this source; add the lines above to it")


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
