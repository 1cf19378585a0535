"""The command line: one file per group of verbs; each verb imports what it needs when it runs, for a quick --help."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from notifier import __version__
from notifier.cli import deliveries, demo, papers, pipeline, setup, status, subscribers
from notifier.cli.options import ConfigOption
from notifier.errors import NotifierError

app = typer.Typer(
    name="notifier",
    help="Paper alerts that you own: dumps of papers in, HTML email digests out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (demo, setup, papers, subscribers, pipeline, deliveries, status):
    group.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"notifier {__version__}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
]


@app.callback()
def root(
    context: typer.Context,
    config: ConfigOption = None,
    version: VersionOption = False,  # noqa: ARG001 - its callback does it all
) -> None:
    """Paper alerts that you own."""
    context.obj = config


def main() -> None:
    """Run the command line. What goes wrong is one sentence on stderr; only a wish for it shows a traceback."""
    try:
        app()
    except NotifierError as error:
        _fail(str(error), error.exit_code)
    except Exception as error:
        if os.environ.get("NOTIFIER_DEBUG"):
            raise
        _fail(f"this is a fault of notifier's own ({type(error).__name__}: {error}); NOTIFIER_DEBUG=1 shows where", 1)


def _fail(sentence: str, exit_code: int) -> None:
    typer.echo(f"notifier: {sentence}", err=True)
    sys.exit(exit_code)
