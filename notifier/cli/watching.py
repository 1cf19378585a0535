"""Verbs that look at the service: status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, session

if TYPE_CHECKING:
    from notifier.status import Status


def register(app: typer.Typer) -> None:
    """Add this file's verbs."""
    app.command("status", epilog="Example: notifier status --json")(status)


def status(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Show papers, subscribers, deliveries, and what was set aside."""
    from notifier.cli.output import print_json
    from notifier.status import status as look

    run = session(context, config, now)
    found = look(run.engine, run.config, run.clock())
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: Status) -> None:
    from notifier.rendering import inert

    typer.echo(f"news         {found.news}")
    typer.echo(f"papers       {found.papers}")
    typer.echo(f"subscribers  {_counts(found.subscribers)}")
    typer.echo(f"deliveries   {_counts(found.deliveries)}")
    last = found.last_dump
    typer.echo(
        f"last dump    {f'{inert(last.name)}, ingested {last.ingested_at:%Y-%m-%d %H:%M} UTC' if last else 'none yet'}"
    )
    typer.echo(f"next digest  {f'{found.next_run:%Y-%m-%d %H:%M} UTC' if found.next_run else 'nobody is due'}")
    typer.echo(f"mail goes to {found.relay}")
    for trouble in found.troubles:
        typer.echo(inert(f"{trouble.messages} {trouble.state}: {trouble.reply}"))
    for each in found.quarantine:
        typer.echo(inert(f"set aside    {each.path}: {each.reason}"))


def _counts(by_state: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(by_state.items())) or "none"
