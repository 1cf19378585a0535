"""Verbs about subscribers: subscribe, unsubscribe, pause, resume, erase, subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from notifier.cli import subscribers_csv
from notifier.cli.options import ConfigOption, JsonOption, NowOption, day_from, session
from notifier.cli.simulated_clocks import writing_session
from notifier.models import Cadence, SubscriberState

if TYPE_CHECKING:
    from notifier.models import Subscriber

EmailArgument = Annotated[str, typer.Argument(help="The subscriber's address.", metavar="EMAIL")]


def register(app: typer.Typer) -> None:
    """Add this file's verbs."""
    example = "Example: notifier subscribe ann@example.org --query 'mixture of experts' --confirmed"
    app.command("subscribe", epilog=example)(subscribe)
    app.command("unsubscribe", epilog="Example: notifier unsubscribe ann@example.org")(unsubscribe)
    app.command("pause", epilog="Example: notifier pause ann@example.org --until 2026-08-15")(pause)
    app.command("resume", epilog="Example: notifier resume ann@example.org")(resume)
    app.command("erase", epilog="Example: notifier erase ann@example.org")(erase)
    listing = typer.Typer(rich_markup_mode=None)
    listing.callback(invoke_without_command=True, epilog="Example: notifier subscribers --json")(list_subscribers)
    subscribers_csv.register(listing)
    app.add_typer(listing, name="subscribers")


def subscribe(
    context: typer.Context,
    email: EmailArgument,
    query: Annotated[list[str] | None, typer.Option(help="What to look for; may be given again.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="A topic's slug, such as all; may be given again.")] = None,
    cadence: Annotated[Cadence | None, typer.Option(help="How often to send a digest.")] = None,
    at: Annotated[str | None, typer.Option(help="The hour in the subscriber's zone.", metavar="HH:MM")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The subscriber's time zone, such as Europe/Berlin.", metavar="ZONE")
    ] = None,
    weekday: Annotated[str | None, typer.Option(help="The day of weekly digests, such as mon.", metavar="DAY")] = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="The subscriber has agreed: start to send mail.")
    ] = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Subscribe an address; if it is known, add what is new and replace only what is given."""
    from notifier import subscribers

    run = writing_session(context, config, now)
    wish = subscribers.SignUp(email, tuple(query or ()), tuple(topic or ()), cadence, at, timezone, weekday, confirmed)
    subscriber = subscribers.subscribe(run.engine, run.config, wish, run.clock())
    typer.echo(_summary(subscriber))


def unsubscribe(
    context: typer.Context, email: EmailArgument, config: ConfigOption = None, now: NowOption = None
) -> None:
    """Send a subscriber no more mail."""
    from notifier import subscribers

    run = writing_session(context, config, now)
    typer.echo(_summary(subscribers.unsubscribe(run.engine, email, run.clock())))


def pause(
    context: typer.Context,
    email: EmailArgument,
    until: Annotated[
        str | None,
        typer.Option(help="The first day with mail again; without it, until `resume`.", metavar="YYYY-MM-DD"),
    ] = None,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Send a subscriber no mail for a while; mail that waits in the outbox goes out after the pause."""
    from notifier import subscribers

    day = day_from(until, "--until")
    run = writing_session(context, config, now)
    typer.echo(_summary(subscribers.pause(run.engine, email, day, run.clock())))


def resume(context: typer.Context, email: EmailArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Send a subscriber mail again after a pause."""
    from notifier import subscribers

    run = writing_session(context, config, now)
    typer.echo(_summary(subscribers.resume(run.engine, email, run.clock())))


def erase(context: typer.Context, email: EmailArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Delete a subscriber for good: settings, subscriptions and messages. This cannot be undone."""
    from notifier import subscribers

    run = writing_session(context, config, now)
    messages = subscribers.erase(run.engine, email, run.clock())
    typer.echo(
        f"{email} is erased, with {messages} messages; no import adds the address again, only a new sign-up does"
    )


def list_subscribers(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all subscribers and what they asked for."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.store import reading
    from notifier.store.subscribers import everyone

    run = session(context, config)
    with reading(run.engine) as connection:
        found = everyone(connection)
    if as_json:
        print_json([_document(each) for each in found])
        return
    rows = [
        (each.email, each.state, each.cadence, each.hour, each.timezone, _asked(each), _next(each)) for each in found
    ]
    print_table(("email", "state", "cadence", "hour", "zone", "subscriptions", "next digest (UTC)"), rows)


def _summary(subscriber: Subscriber) -> str:
    line = f"{subscriber.email} is {subscriber.state}: {_asked(subscriber)}"
    match subscriber.state:
        case SubscriberState.ACTIVE if subscriber.cadence is Cadence.INSTANT:
            return f"{line}; instant, {_next(subscriber)}"
        case SubscriberState.ACTIVE:
            hour = f"{subscriber.hour} {subscriber.timezone}"
            return f"{line}; {subscriber.cadence} at {hour}, next {_next(subscriber)} UTC"
        case SubscriberState.PAUSED:
            return f"{line}; nothing is sent {_next(subscriber)}"
        case SubscriberState.PENDING:
            return f"{line}; nothing is sent until they agree; `subscribe --confirmed` says that they did"
        case _:
            return f"{line}; nothing is sent; `subscribe --confirmed` starts again, if they ask for it"


def _asked(subscriber: Subscriber) -> str:
    """Return what a subscriber asked for: the queries as they were typed, and the topics."""
    return ", ".join(each.query or each.label for each in subscriber.subscriptions)


def _next(subscriber: Subscriber) -> str:
    """Return, in words, when the next digest is due or until when the subscriber is paused."""
    if subscriber.state is SubscriberState.PAUSED:
        end = subscriber.paused_until
        return f"until {end.astimezone(ZoneInfo(subscriber.timezone)):%Y-%m-%d}" if end else "until `notifier resume`"
    if subscriber.state is SubscriberState.ACTIVE and subscriber.cadence is Cadence.INSTANT:
        return "after each dump"
    return f"{subscriber.next_due:%Y-%m-%d %H:%M}" if subscriber.next_due else ""


def _document(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "email": subscriber.email,
        "state": subscriber.state,
        "cadence": subscriber.cadence,
        "hour": subscriber.hour,
        "timezone": subscriber.timezone,
        "subscriptions": [
            {"topic": each.topic, "label": each.label} if each.topic else {"query": each.query, "label": each.label}
            for each in subscriber.subscriptions
        ],
        "next_due": subscriber.next_due,
        "paused_until": subscriber.paused_until if subscriber.state is SubscriberState.PAUSED else None,
    }
