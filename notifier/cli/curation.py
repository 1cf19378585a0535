"""Define the commands of curators: pin, unpin, hide, unhide, correct, merge, part, curation and curation undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import CommandRun, ConfigOption, JsonOption, KeyArgument, NowOption, day_from, reading_run
from notifier.cli.simulated_clocks import writing_run

if TYPE_CHECKING:
    from notifier.curation import LogLine
    from notifier.models import Curation

MAX_LISTED = 50  # at most this many entries of the log are listed; --json prints all
OPERATOR = ""  # the actor of what is done by commands

TopicsOption = Annotated[list[str] | None, typer.Option(metavar="SLUG", help="A topic; may be given several times.")]


# The commands that take only the key of a paper. Each calls the function of the same name in `notifier.curation`.
COMMANDS_OF_KEYS = {
    "unpin": "Remove the pin of a paper.",
    "hide": "Hide a paper from lists, feeds, searches and the digests that are planned from now on.",
    "unhide": "Show a hidden paper again.",
    "part": "Part a paper from the one into which it was merged by hand; each gets back what it had.",
}


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    pinned = 'Example: notifier pin 2509.01234 --day 2026-07-06 --note "Read this first." --by Ann'
    app.command("pin", epilog=pinned)(pin)
    for name in ("unpin", "hide", "unhide"):
        app.command(name, epilog=f"Example: notifier {name} 2509.01234")(_command_of_key(name))
    corrected = 'Example: notifier correct 2509.01234 --title "Attention Is All You Need" --add-topic language-models'
    app.command("correct", epilog=corrected)(correct)
    app.command("merge", epilog="Example: notifier merge t-0123456789abcdef 2509.01234")(merge)
    app.command("part", epilog="Example: notifier part t-0123456789abcdef")(_command_of_key("part"))
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier curation --json")(curation)
    group.command("undo", epilog="Example: notifier curation undo 7")(undo)
    app.add_typer(group, name="curation")


def pin(
    context: typer.Context,
    key: KeyArgument,
    day: Annotated[str, typer.Option("--day", help="The day to which it is pinned.", metavar="YYYY-MM-DD")],
    note: Annotated[str, typer.Option("--note", help="A note in plain text, at most 280 characters.")],
    name: Annotated[str, typer.Option("--by", help="The name that signs the note.", metavar="NAME")],
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pin a paper to a day, so that it comes first on its page, in feeds and in digests, with a note."""
    from notifier import curation
    from notifier.errors import UsageError

    on = day_from(day, "--day")
    if on is None:
        raise UsageError("--day is empty; write a day like 2026-07-06")
    wanted = curation.PinRequest(on, note, name)

    def change(run: CommandRun) -> Curation:
        is_too_late = curation.is_pin_too_late(run.engine, key, on, run.clock())
        made = curation.pin(run.engine, OPERATOR, key, wanted, run.clock())
        if is_too_late:
            typer.echo(f"note: {curation.PIN_TOO_LATE}", err=True)
        return made

    _run(context, config, now, as_json, change)


def correct(
    context: typer.Context,
    key: KeyArgument,
    title: Annotated[str | None, typer.Option("--title", help="The right title; empty: as in the dumps.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="The right link; empty: as in the dumps.")] = None,
    add_topic: TopicsOption = None,
    remove_topic: TopicsOption = None,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct the title, the link or the topics of a paper, whatever later dumps say."""
    from notifier import curation
    from notifier.store.topics import catalogue_in_use

    wanted = curation.Correction(title, url, tuple(add_topic or ()), tuple(remove_topic or ()))

    def change(run: CommandRun) -> Curation:
        after = wanted.state(catalogue_in_use(run.engine, run.config))
        return curation.correct(run.engine, OPERATOR, key, after, run.clock())

    _run(context, config, now, as_json, change)


def merge(
    context: typer.Context,
    key: KeyArgument,
    into: Annotated[str, typer.Argument(help="The key of the paper that stays.", metavar="INTO")],
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge a paper into another one, which stays; `notifier part KEY` parts them again."""
    from notifier import curation

    _run(context, config, now, as_json, lambda run: curation.merge(run.engine, OPERATOR, key, into, run.clock()))


def curation(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what curators have done, the newest first."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.curation import read_log

    found = read_log(reading_run(context, config).engine, None if as_json else MAX_LISTED)
    if as_json:
        print_json([_document(each) for each in found])
        return
    nothing = "no changes by curators yet; `notifier pin`, `hide`, `correct` and `merge` make some"
    heading = ("id", "when (UTC)", "who", "what", "paper", "change", "undone by")
    print_table(heading, [_row(each) for each in found], nothing=nothing)
    if len(found) == MAX_LISTED:
        typer.echo(f"at most {MAX_LISTED} are shown; --json prints all")


def undo(
    context: typer.Context,
    entry: Annotated[int, typer.Argument(help="The number of the entry in the log.", metavar="ID")],
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo a change by a curator."""
    from notifier import curation

    _run(context, config, now, as_json, lambda run: curation.undo(run.engine, OPERATOR, entry, run.clock()))


def _command_of_key(name: str) -> Callable[..., None]:
    """Make one of COMMANDS_OF_KEYS."""

    def command(
        context: typer.Context,
        key: KeyArgument,
        config: ConfigOption = None,
        now: NowOption = None,
        as_json: JsonOption = False,
    ) -> None:
        from notifier import curation

        change = getattr(curation, name)
        _run(context, config, now, as_json, lambda run: change(run.engine, OPERATOR, key, run.clock()))

    command.__doc__ = COMMANDS_OF_KEYS[name]
    return command


def _run(
    context: typer.Context,
    config: ConfigOption,
    now: NowOption,
    as_json: JsonOption,
    change: Callable[[CommandRun], Curation],
) -> None:
    """Make a change, tag the papers that have no current tags, and print the entry of the log."""
    from notifier.cli.output import print_json
    from notifier.curation import read_log
    from notifier.pipeline import tag_all
    from notifier.text.harmless import inert

    run = writing_run(context, config, now)
    made = change(run)
    tag_all(run.engine, run.config)
    (line,) = read_log(run.engine, 1, made.id + 1)
    if as_json:
        print_json(_document(line))
        return
    typer.echo(inert(f"{line.did} {made.key}: {made.title}"))
    for name, before, after in line.changes:
        typer.echo(inert(f"  {name}: {before or '-'} -> {after or '-'}"))
    typer.echo(f"`notifier curation undo {made.id}` undoes it")


def _row(line: LogLine) -> tuple[object, ...]:
    entry = line.entry
    changes = "; ".join(f"{name}: {before or '-'} -> {after or '-'}" for name, before, after in line.changes)
    return entry.id, f"{entry.at:%Y-%m-%d %H:%M}", line.actor, line.did, entry.key, changes, entry.undone_by or ""


def _document(line: LogLine) -> dict[str, Any]:
    entry = line.entry
    return {
        "id": entry.id,
        "at": entry.at,
        "by": line.actor,
        "action": entry.action,
        "key": entry.key,
        "title": entry.title,
        "changes": [{"what": name, "before": before, "after": after} for name, before, after in line.changes],
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
    }
