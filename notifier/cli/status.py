"""Define the command status, which shows the state of the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, reading_run, warn_of_exposed_secrets
from notifier.errors import shortened
from notifier.text.counting import counted
from notifier.text.harmless import inert

if TYPE_CHECKING:
    from notifier.arrivals import SourceHealth
    from notifier.operations import Backlog, OpenAlert, Pause, Status, WatchedInbox

PIPE = "pipe"  # the same as in config.inbox, which is not imported here, because the import takes long
MAX_REPLIES, REPLY_WIDTH = 5, 120


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("status", epilog="Example: notifier status --json")(status)


def status(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Show papers, their sources, subscribers, deliveries, the relay, and quarantined dumps."""
    from notifier.cli.output import print_json
    from notifier.operations import service_status

    run = reading_run(context, config, now)
    warn_of_exposed_secrets(context, config, run)
    found = service_status(run.engine, run.config, run.clock())
    if as_json:
        print_json(found)
    else:
        if run.has_no_database:
            typer.echo("database     none yet; `notifier init` makes it, and so does every command that writes")
        _show(found)


def _show(found: Status) -> None:
    _show_alerts(found.alerts)
    typer.echo(f"news         {found.news}")
    typer.echo(f"papers       {found.papers}")
    _show_sources(found.sources)
    typer.echo(f"subscribers  {_counts(found.subscribers)}")
    if found.suppressed:
        typer.echo(f"suppressed   {found.suppressed}; `notifier reinstate` takes back those that were a mistake")
    for refusal in found.refusals:
        typer.echo(inert(f"  {refusal.subscribers} for the reply: {refusal.reply}"))
    typer.echo(f"deliveries   {_counts(found.deliveries)}")
    if found.oldest:
        ages = ", ".join(f"{_duration(age)} {state}" for state, age in sorted(found.oldest.items()))
        typer.echo(f"oldest       {ages}")
    last = found.last_dump
    typer.echo(
        f"last dump    {f'{inert(last.name)}, ingested {last.ingested_at:%Y-%m-%d %H:%M} UTC' if last else 'none yet'}"
    )
    typer.echo(f"next digest  {f'{found.next_run:%Y-%m-%d %H:%M} UTC' if found.next_run else 'nobody is due'}")
    if found.backlog:
        typer.echo(f"waiting      {_backlog(found.backlog)}")
    typer.echo(f"mail goes to {found.relay}")
    _show_returned(found)
    if found.clear_text:
        why = "others on the network can read its links and sessions; put TLS in front of it, and write https"
        typer.echo(f"not secure   {found.clear_text}: {why}")
    if found.pause:
        typer.echo(inert(f"relay        {_pause(found.pause)}: {found.pause.reason}"))
    for trouble in found.troubles:
        typer.echo(inert(f"{trouble.messages} {trouble.state}: {trouble.reply}"))
    _show_quarantine(found)
    _show_removals(found)
    for stuck in found.unmoved:
        typer.echo(inert(f"not moved    {stuck.reason}"))
    if found.alerts or found.pause or found.doubt or (found.inbox and found.inbox.error):
        typer.echo("to mend it   `notifier doctor` looks for the causes")


def _show_alerts(alerts: Sequence[OpenAlert]) -> None:
    for each in alerts:
        typer.echo(inert(f"alert        {each.title}, since {each.opened_at:%Y-%m-%d %H:%M} UTC: {each.what}"))
        if each.cure:
            typer.echo(inert(f"             {each.cure}"))


def _show_quarantine(found: Status) -> None:
    for each in found.quarantine:
        typer.echo(inert(f"quarantined  {each.path}: {each.reason}"))
    if found.quarantine:
        typer.echo(
            "             `notifier quarantine retry PATH` reads one again, `notifier quarantine drop PATH` removes it"
        )


def _show_removals(found: Status) -> None:
    for number, each in enumerate(found.removed):
        typer.echo(f"{'' if number else 'removed':<12} {each.removed} old {each.name} on {each.at:%Y-%m-%d}")
    if found.doubt:
        typer.echo(f"clock        {found.doubt}")


def _show_returned(found: Status) -> None:
    """Print who reads the replies, what came back, and the replies that a person has to look at."""
    if found.replies_to:
        why = "every mail says that a reply is a way to leave" if found.has_pages else "it is the only way to leave"
        cure = "read them yourself, or set [mail] inbox, and notifier reads them"
        typer.echo(inert(f"replies to {found.replies_to} must be read: {why}; {cure}"))
    if found.inbox:
        typer.echo(inert(f"inbox        {_inbox(found.inbox)}"))
    if found.returned:
        typer.echo(
            f"came back    {', '.join(f'{number} {kind}' for kind, number in found.returned.items())} in 30 days"
        )
    if found.unclear:
        waiting = counted(len(found.unclear), "reply waits", "replies wait")
        typer.echo(f"replies      {waiting} for you; `notifier replies` lists them")
    for each in found.unclear[:MAX_REPLIES]:
        typer.echo(inert(f"  {each.at:%Y-%m-%d} {each.sender}: {shortened(each.text, REPLY_WIDTH)}"))


def _inbox(inbox: WatchedInbox) -> str:
    if inbox.error:
        since = f"{inbox.failing_since:%Y-%m-%d %H:%M} UTC" if inbox.failing_since else "some time"
        return f"not read since {since}: {inbox.error}"
    if inbox.name == PIPE:
        return "the mail server gives replies and returned mail to `notifier bounce`"
    return f"{inbox.name}, {f'read at {inbox.read_at:%Y-%m-%d %H:%M} UTC' if inbox.read_at else 'not read yet'}"


def _show_sources(sources: Sequence[SourceHealth]) -> None:
    width = max((len(each.name) for each in sources), default=0)
    for number, each in enumerate(sources):
        heading = "" if number else "sources"
        typer.echo(inert(f"{heading:<12} {each.name:<{width}}  {each.sentence}"))
        if each.cure:
            typer.echo(inert(f"{'':<{width + 15}}{each.cure}"))


def _backlog(backlog: Backlog) -> str:
    """Return a sentence about the papers that had no room in digests, with what helps if their number grows."""
    have, digests = ("has", "the next digest") if backlog.subscribers == 1 else ("have", "the next digests")
    most = f", at most {backlog.most} each" if backlog.subscribers > 1 else ""
    return (
        f"{counted(backlog.subscribers, 'subscriber')} {have} {counted(backlog.papers, 'paper')} waiting for room in "
        f"{digests}{most}; narrower searches or a more frequent cadence keep this from growing"
    )


def _pause(pause: Pause) -> str:
    if pause.until is None:
        return "was paused, the next mail tests it"
    return f"paused until {pause.until:%Y-%m-%d %H:%M:%S} UTC, then one mail tests it"


def _counts(by_state: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(by_state.items())) or "none"


def _duration(seconds: int) -> str:
    """Return a number of seconds in its largest unit, such as `3 h`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
