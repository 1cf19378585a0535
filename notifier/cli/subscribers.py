"""Verbs about subscribers: subscribe, unsubscribe, subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, session
from notifier.models import Cadence, SubscriberState

if TYPE_CHECKING:
    from notifier.models import Subscriber

EmailArgument = Annotated[str, typer.Argument(help="The reader's address.", metavar="EMAIL")]


def register(app: typer.Typer) -> None:
    """Add this file's verbs."""
    example = "Example: notifier subscribe ann@example.org --query 'mixture of experts' --confirmed"
    app.command("subscribe", epilog=example)(subscribe)
    app.command("unsubscribe", epilog="Example: notifier unsubscribe ann@example.org")(unsubscribe)
    app.command("subscribers", epilog="Example: notifier subscribers --json")(subscribers)


def subscribe(
    context: typer.Context,
    email: EmailArgument,
    query: Annotated[list[str] | None, typer.Option(help="What to look for; may be given again.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="A topic's slug: all, trending; may be given again.")] = None,
    cadence: Annotated[Cadence | None, typer.Option(help="How often to write.")] = None,
    at: Annotated[str | None, typer.Option(help="The local hour.", metavar="HH:MM")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The reader's zone, such as Europe/Berlin.", metavar="ZONE")
    ] = None,
    weekday: Annotated[str | None, typer.Option(help="For weekly, such as mon.", metavar="DAY")] = None,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="The reader has agreed: start to write.")] = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Subscribe a reader; for a known address, add what is new and replace only what is given."""
    from notifier.subscribing import SignUp
    from notifier.subscribing import subscribe as sign_up

    run = session(context, config, now)
    wish = SignUp(email, tuple(query or ()), tuple(topic or ()), cadence, at, timezone, weekday, confirmed)
    subscriber = sign_up(run.engine, run.config, wish, run.clock())
    typer.echo(_summary(subscriber))


def unsubscribe(
    context: typer.Context, email: EmailArgument, config: ConfigOption = None, now: NowOption = None
) -> None:
    """Write to a reader no more."""
    from notifier.subscribing import unsubscribe as leave

    run = session(context, config, now)
    typer.echo(_summary(leave(run.engine, email, run.clock())))


def subscribers(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all subscribers and what they asked for."""
    from notifier.cli.output import print_json, print_table
    from notifier.store.engine import reading
    from notifier.store.subscribers import everyone

    run = session(context, config)
    with reading(run.engine) as connection:
        found = everyone(connection)
    if as_json:
        print_json([_document(each) for each in found])
        return
    rows = [
        (each.email, each.state, each.cadence, each.hour, each.timezone, _labels(each), _due(each)) for each in found
    ]
    print_table(("email", "state", "cadence", "hour", "zone", "subscriptions", "next digest (UTC)"), rows)


def _summary(subscriber: Subscriber) -> str:
    line = f"{subscriber.email} is {subscriber.state}: {_labels(subscriber)}"
    if subscriber.state is SubscriberState.ACTIVE:
        return f"{line}; {subscriber.cadence} at {subscriber.hour} {subscriber.timezone}, next {_due(subscriber)} UTC"
    if subscriber.state is SubscriberState.PENDING:
        return f"{line}; nothing is sent until the reader agrees, which --confirmed says"
    return line


def _labels(subscriber: Subscriber) -> str:
    return ", ".join(each.label for each in subscriber.subscriptions)


def _due(subscriber: Subscriber) -> str:
    return f"{subscriber.next_due:%Y-%m-%d %H:%M}" if subscriber.next_due else ""


def _document(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "email": subscriber.email,
        "state": subscriber.state,
        "cadence": subscriber.cadence,
        "hour": subscriber.hour,
        "timezone": subscriber.timezone,
        "subscriptions": [
            {"topic": each.topic, "label": each.label} if each.topic else {"query": each.label, "label": each.label}
            for each in subscriber.subscriptions
        ],
        "next_due": subscriber.next_due,
    }
