"""The command line: one file for each group of commands.

Each command imports what it needs when it runs, so that `--help` and small commands start quickly.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from notifier import __version__
from notifier.cli import (
    admin_log,
    channels,
    curation,
    database,
    deliveries,
    demo,
    digest,
    doctor,
    ingest,
    papers,
    pipeline,
    quarantine,
    reinstating,
    returned,
    service,
    setup,
    similar,
    sources,
    status,
    subscribers,
    tokens,
    topics,
    webhooks,
)
from notifier.cli.help import show_no_types
from notifier.cli.options import ConfigOption
from notifier.cli.terminal import prepare_output
from notifier.errors import NotifierError, shortened
from notifier.garbage import collecting_seldom, skip_collections_at_exit
from notifier.text.harmless import inert

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
QUICK_VERBS = {
    *("admin-log", "channel", "deliveries", "replies", "sources"),
    *("status", "subscribers", "token", "topics", "webhooks"),
}

app = typer.Typer(
    name="notifier",
    help="A self-hosted paper alert service: dumps of papers in, HTML email digests and feeds out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GROUPS = (
    demo,
    setup,
    ingest,
    topics,
    papers,
    similar,
    sources,
    subscribers,
    reinstating,
    tokens,
    webhooks,
    channels,
    digest,
    pipeline,
    service,
    quarantine,
    curation,
    admin_log,
    deliveries,
    database,
    returned,
    status,
    doctor,
)
for group in GROUPS:
    group.register(app)
show_no_types(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from notifier.store import HEAD

        typer.echo(f"notifier {__version__}, database schema {HEAD}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
]


@app.callback()
def root(
    context: typer.Context,
    config: ConfigOption = None,
    version: VersionOption = False,  # noqa: ARG001 - its callback prints the version
) -> None:
    """Keep the path of the config that was given before the command, so that the command can read it."""
    context.obj = config
    if context.invoked_subcommand in QUICK_VERBS:
        # Imports make many objects that stay. Without this, the garbage collector would examine them again and again,
        # which would take a third of the command's time.
        context.with_resource(collecting_seldom())
        skip_collections_at_exit()


def main() -> None:
    """Run the command line. A failure is one sentence on stderr; NOTIFIER_DEBUG=1 shows the traceback of a bug."""
    prepare_output()
    try:
        app()
    except NotifierError as error:
        _fail(str(error), error.exit_code)
    except Exception as error:
        if os.environ.get("NOTIFIER_DEBUG"):
            raise
        _fail(_explanation(error), 1)


def _explanation(error: Exception) -> str:
    """Return what to tell the user about an error that no command has explained."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot use {shortened(str(error.filename), 100)}: {error.strerror}; check its name and who owns it"
    if isinstance(error, OSError) and error.errno in NO_ROOM:  # without a file name, so writing to stdout has failed
        return f"cannot write the output: {error.strerror}; make room, or write it to another disk"
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":  # from os.fsdecode
        return "an argument has bytes that are not UTF-8; write it in UTF-8"
    if isinstance(error, MemoryError):
        return "there is not enough memory; give the process more memory, or split the input"
    return f"this is a bug in notifier ({type(error).__name__}: {error}); NOTIFIER_DEBUG=1 shows the traceback"


def _fail(sentence: str, exit_code: int) -> None:
    typer.echo(inert(f"notifier: {sentence}"), err=True)
    sys.exit(exit_code)
