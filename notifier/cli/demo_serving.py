"""Serve the pages and the inbox of the demo on loopback until Ctrl-C, for `demo --serve`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from notifier.cli.options import CommandRun
from notifier.garbage import skip_collections_at_exit

if TYPE_CHECKING:
    from notifier.config import Config

LAST_PORT = 65535


def prepare_pages(config: Config) -> int:
    """Make the key that signs the links in mails, and return a free port for the pages: [web] port if it is free."""
    from notifier.cli.setup import make_secret
    from notifier.webmail import bound

    secret = config.path(config.secret_file)
    if not secret.exists():
        make_secret(secret)
    with bound(config.web.port) as listener:
        return int(listener.getsockname()[1])


def with_pages(config: Config, port: int) -> Config:
    """Return a config whose pages are at this port of loopback, and only there."""
    from notifier.delivery.inbox import HOST

    place = {"base_url": f"http://{HOST}:{port}", "host": HOST, "port": port}
    return config.model_copy(update={"web": config.web.model_copy(update=place)})


def serve_demo(run: CommandRun, file: Path, adapt: Callable[[Config], Config]) -> None:
    """Print the addresses, and run the service and the pages of the inbox until SIGINT or SIGTERM.

    The service reads its config from `file`, and `adapt` turns it into the config of the demo.
    """
    from notifier.service import serve
    from notifier.service.logs import configure
    from notifier.webmail import serving

    skip_collections_at_exit()
    configure(run.config.log.format, logging.WARNING)
    home, port = run.config.web.base_url, run.config.web.port
    inbox_port = port + 1 if port < LAST_PORT else 0  # 0 lets the system choose
    with serving(run.config.path(run.config.maildir.folder), f"{home}/", inbox_port) as inbox:
        typer.echo(f"\nhome page: {home}/\nfeeds: {home}/feeds\ninbox: {inbox}")
        typer.echo("Sign up on the home page, and open the mail in the inbox. Ctrl-C ends the demo.")
        serve(file, run.clock, adapt)
    typer.echo("the demo has ended")
