"""Define the command token, and its subcommands create, list and revoke."""

from __future__ import annotations

from typing import Annotated

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, command_run, reading_run
from notifier.cli.simulated_clocks import writing_run
from notifier.models import Scope


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Manage the access tokens of the API.")
    example = "Example: notifier token create --scope read:papers --name 'bot of our chat'"
    group.command("create", epilog=example)(create)
    group.command("list", epilog="Example: notifier token list --json")(list_all)
    group.command("revoke", epilog="Example: notifier token revoke 3")(revoke)
    app.add_typer(group, name="token")


def create(
    context: typer.Context,
    scope: Annotated[
        list[Scope], typer.Option(help=f"What it allows: {', '.join(Scope)}; may be given again.", metavar="SCOPE")
    ],
    name: Annotated[str, typer.Option(help="What it is for, such as the program that has it.", metavar="NAME")] = "",
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a token for a program that uses the API, and show it: once, because only a hash of it is stored."""
    from notifier.cli.output import print_json
    from notifier.operations import create_token

    run = writing_run(context, config, now)
    new = create_token(run.engine, name, scope, run.clock())
    if as_json:
        print_json({"id": new.id, "token": new.secret})
        return
    typer.echo(new.secret)
    typer.echo(f"This is token {new.id}. Keep it now: it cannot be shown again.", err=True)
    typer.echo("Programs send it in the header `Authorization: Bearer TOKEN`.", err=True)


def list_all(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the tokens: what each allows, and when it was last used, to the hour."""
    from notifier.cli.output import print_json, print_table
    from notifier.operations import list_tokens

    found = list_tokens(reading_run(context, config).engine)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.id,
            each.name,
            " ".join(each.scopes),
            f"{each.created_at:%Y-%m-%d %H:%M}",
            f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never",
        )
        for each in found
    ]
    nothing = "no tokens; `notifier token create --scope read:papers` creates one"
    print_table(("id", "name", "scopes", "created (UTC)", "last used (UTC)"), rows, nothing=nothing)


def revoke(
    context: typer.Context,
    token_id: Annotated[int, typer.Argument(help="The token's number.", metavar="ID")],
    config: ConfigOption = None,
) -> None:
    """Revoke a token: no program can use the API with it any more."""
    from notifier.operations import revoke_token

    revoke_token(command_run(context, config).engine, token_id)
    typer.echo(f"token {token_id} is revoked; `notifier token list` lists the others")
