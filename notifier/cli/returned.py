"""The commands about what comes back: bounce, which a mail server runs, and replies."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from notifier.cli.help import Command
from notifier.cli.options import ConfigOption, JsonOption, NowOption, command_run, reading_run
from notifier.cli.simulated_clocks import allow_clock_or_refuse
from notifier.errors import NotifierError, UsageError
from notifier.text.counting import counted
from notifier.text.harmless import inert

TRY_AGAIN = os.EX_TEMPFAIL  # 75: the mail server keeps the message, and gives it again later
SKIPPED_BLOCK = 1 << 20  # bytes
# The variables in which Postfix (local) and Exim (pipe) tell the address that a message was sent to.
RECIPIENT_VARIABLES = ("ORIGINAL_RECIPIENT", "RECIPIENT")


class _MailServersCommand(Command):
    """A command that a mail server runs. If an option is wrong, it exits with TRY_AGAIN, so that no message is lost."""

    def parse_args(self, *arguments: Any) -> list[str]:
        """Read the options; a wrong one ends the process with TRY_AGAIN."""
        try:
            return super().parse_args(*arguments)
        except typer.Exit:  # the help was shown
            raise
        except Exception as error:
            vars(error)["exit_code"] = TRY_AGAIN
            raise


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    example = "Example, in a mail server: notifier bounce --recipient ADDRESS < MESSAGE"
    app.command("bounce", cls=_MailServersCommand, epilog=example)(bounce)
    listing = typer.Typer(rich_markup_mode=None)
    listing.callback(invoke_without_command=True, epilog="Example: notifier replies --json")(replies)
    listing.command("drop", epilog="Example: notifier replies drop 7")(drop)
    app.add_typer(listing, name="replies")


def bounce(
    context: typer.Context,
    recipient: Annotated[
        list[str] | None, typer.Option(help="The address that the message was sent to.", metavar="ADDRESS")
    ] = None,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Act on one message that came back, which is read from stdin: a returned mail, a complaint, or a reply.

    A mail server runs this. The exit code is 0 whatever the message says, and 75 if the message has to be given again
    later, because an option or the config is wrong, or the secret key or the database cannot be used now.
    """
    from notifier.bounces import LARGEST_MESSAGE
    from notifier.returned import receive

    told = [value for name in RECIPIENT_VARIABLES if (value := os.environ.get(name))]
    try:
        content = _message(LARGEST_MESSAGE)
        run = command_run(context, config, now)
        if now is not None:
            allow_clock_or_refuse(run, now)
        done = receive(run.engine, run.config, content, run.clock(), [*(recipient or ()), *told])
    except Exception as error:  # of any kind: with another exit code, the message would be lost
        reason = str(error) if isinstance(error, NotifierError) else f"this is a bug in notifier ({error!r})"
        _say(f"notifier: {reason}", err=True)
        raise typer.Exit(TRY_AGAIN) from None
    words = [done.kind, f"for {done.email}" if done.email else "", f"({done.done})" if done.done else ""]
    _say(" ".join(filter(None, words)))


def _message(largest: int) -> bytes:
    """Return the first `largest` bytes of stdin, and read the rest. Raises UsageError if stdin is closed."""
    if sys.stdin is None:
        raise UsageError("stdin is closed; give the message on stdin")
    content = sys.stdin.buffer.read(largest)
    while sys.stdin.buffer.read(SKIPPED_BLOCK):  # a mail server may call it an error if its message is not read
        pass
    return content


def _say(sentence: str, *, err: bool = False) -> None:
    """Print a sentence. If that fails, ignore the error, because the exit code tells the mail server what to do."""
    stream = sys.stderr if err else sys.stdout
    try:
        print(inert(sentence), file=stream, flush=True)
    except OSError:  # a pipe that is closed, or a full disk; Python would fail again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def replies(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the replies that notifier does not understand, or whose sender it cannot be sure of, the newest first."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json
    from notifier.operations import list_unclear

    found = list_unclear(reading_run(context, config).engine)
    if as_json:
        print_json(found)
        return
    for each in found:
        typer.echo(inert(f"{each.id}  {each.at:%Y-%m-%d %H:%M} UTC  {each.sender}  {each.subject}"))
        typer.echo(inert(f"    {each.text}"))
    if found:
        typer.echo(
            "if somebody asks to leave, run `notifier unsubscribe EMAIL`; `notifier replies drop ID` drops a reply"
        )
    else:
        typer.echo("no replies wait for you")


def drop(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(help="The numbers of the replies.", metavar="[ID]...")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    config: ConfigOption = None,
) -> None:
    """Drop replies from the list, after you have looked at them."""
    from notifier.operations import drop_unclear

    if bool(ids) == every:
        raise UsageError("say which replies: give their numbers, or --all")
    dropped = drop_unclear(command_run(context, config).engine, None if every else ids or [])
    typer.echo(f"{counted(len(dropped), 'reply', 'replies')} dropped")
