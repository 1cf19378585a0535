"""Define the commands about subscribers: subscribe, unsubscribe, pause, resume, erase, subscribers."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from notifier.cli import subscribers_csv
from notifier.cli.options import CommandRun, ConfigOption, JsonOption, NowOption, day_from, reading_run
from notifier.cli.simulated_clocks import writing_run
from notifier.errors import UsageError
from notifier.models import Cadence, SubscriberState
from notifier.text.counting import counted

if TYPE_CHECKING:
    from notifier.models import Subscriber, Subscription

EmailArgument = Annotated[str, typer.Argument(help="The subscriber's address.", metavar="EMAIL")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    example = "Example: notifier subscribe ann@example.org --query 'mixture of experts' --confirmed"
    app.command("subscribe", epilog=example)(subscribe)
    unsubscribe_example = "Example: notifier unsubscribe ann@example.org --query 'mixture of experts'"
    app.command("unsubscribe", epilog=unsubscribe_example)(unsubscribe)
    app.command("pause", epilog="Example: notifier pause ann@example.org --until 2026-08-15")(pause)
    app.command("resume", epilog="Example: notifier resume ann@example.org")(resume)
    app.command("erase", epilog="Example: notifier erase ann@example.org")(erase)
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier subscribers --json")(list_subscribers)
    subscribers_csv.register(group)
    app.add_typer(group, name="subscribers")


def subscribe(
    context: typer.Context,
    email: EmailArgument,
    query: Annotated[
        list[str] | None, typer.Option(help="What to look for; may be given again.", metavar="QUERY")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic's slug, such as all; may be given again.", metavar="SLUG")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="A heading for the query or topic, if only one is given; '' removes the heading.", metavar="NAME"
        ),
    ] = None,
    cadence: Annotated[Cadence | None, typer.Option(help="How often to send a digest.")] = None,
    at: Annotated[
        str | None, typer.Option(help="The time of day in the subscriber's time zone.", metavar="HH:MM")
    ] = None,
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
    """Subscribe an address.

    For a known address, add the queries and topics, and change only the settings that are given.
    """
    from notifier import queries, subscribers

    run = writing_run(context, config, now)
    asked = tuple(query or ()), tuple(topic or ())
    sign_up = subscribers.SignUp(email, *asked, cadence, at, timezone, weekday, confirmed, name)
    moment = run.clock()
    stored = subscribers.subscribe_or_send_confirmation(run.engine, run.config, sign_up, moment)
    _show(stored, moment, _confirmation(run, stored, moment))
    if not any(asked) and subscribers.has_default_only(stored):
        typer.echo("note: without --query or --topic they get what is trending, until something is chosen", err=True)
    for each in sign_up.queries:
        for hint in queries.hints(each):
            typer.echo(f"note: {hint}", err=True)


def unsubscribe(
    context: typer.Context,
    email: EmailArgument,
    query: Annotated[
        str | None, typer.Option(help="End only the subscription for this query.", metavar="QUERY")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="End only the subscription for this topic.", metavar="SLUG")] = None,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Send a subscriber no more mail, or end one of their subscriptions."""
    from notifier import subscribers

    if query is not None and topic is not None:
        raise UsageError("--query and --topic cannot be combined; end one subscription after the other")
    run = writing_run(context, config, now)
    moment = run.clock()
    if query is None and topic is None:
        _show(subscribers.unsubscribe(run.engine, email, moment), moment)
        return
    to_end = subscribers.SignUp(email, (query,) if query is not None else (), (topic,) if topic is not None else ())
    _show(subscribers.unsubscribe_from(run.engine, email, to_end, moment), moment)


def pause(
    context: typer.Context,
    email: EmailArgument,
    until: Annotated[
        str | None,
        typer.Option(help="The first day with mail again (default: no mail before `resume`).", metavar="YYYY-MM-DD"),
    ] = None,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Send a subscriber no mail for a while; mail that waits in the outbox goes out after the pause."""
    from notifier import subscribers

    day = day_from(until, "--until")
    run = writing_run(context, config, now)
    moment = run.clock()
    _show(subscribers.pause(run.engine, email, day, moment), moment)


def resume(context: typer.Context, email: EmailArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Send a subscriber mail again after a pause."""
    from notifier import subscribers

    run = writing_run(context, config, now)
    moment = run.clock()
    _show(subscribers.resume(run.engine, email, moment), moment)


def erase(context: typer.Context, email: EmailArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Delete a subscriber permanently: settings, subscriptions and messages. This cannot be undone."""
    from notifier import subscribers

    run = writing_run(context, config, now)
    messages = subscribers.erase(run.engine, email, run.clock())
    erased = f"{email} is erased, with {counted(messages, 'message')}"
    typer.echo(f"{erased}; no import adds the address again, only a new sign-up does")


def list_subscribers(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all subscribers and what they asked for."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.store import reading
    from notifier.store.subscribers import everyone

    run = reading_run(context, config)
    with reading(run.engine) as connection:
        found = everyone(connection)
    if as_json:
        print_json([_document(each) for each in found])
        return
    rows = [
        (each.email, each.state, each.cadence, each.hour, each.timezone, _asked(each), _next_digest_in_words(each))
        for each in found
    ]
    heading = ("email", "state", "cadence", "hour", "zone", "subscriptions", "next digest (UTC), or pause")
    print_table(heading, rows, nothing="no subscribers yet; `notifier subscribe EMAIL --query QUERY` adds one")


def _confirmation(run: CommandRun, subscriber: Subscriber, now: datetime) -> str:
    """Return a sentence about the mail that asks a new subscriber to confirm; empty if there is nothing to confirm."""
    from notifier.subscribers import confirmation_mailed_at

    if subscriber.state in (SubscriberState.ACTIVE, SubscriberState.PAUSED):
        return ""
    if not run.config.web.base_url:
        return "no confirmation mail is possible, because [web] base_url is not set"
    mailed_at = confirmation_mailed_at(run.engine, subscriber.email)
    if mailed_at == now:
        return "a mail that asks them to confirm waits in the outbox; `notifier deliver` sends it"
    return f"a mail that asks them to confirm was queued at {mailed_at:%Y-%m-%d %H:%M} UTC; they get no second one yet"


def _show(subscriber: Subscriber, now: datetime, note: str = "") -> None:
    """Print the state of a subscriber, and then when the next mail comes, or what has to happen first."""
    cadence = f", {subscriber.cadence}" if subscriber.state is SubscriberState.ACTIVE else ""
    typer.echo(f"{subscriber.email} is {subscriber.state}{cadence}: {_asked(subscriber)}")
    if note:
        typer.echo(note)
    typer.echo(_what_comes_next(subscriber, now))
    if not subscriber.email.rpartition("@")[0].isascii():
        typer.echo("mail reaches this address only through a relay that supports SMTPUTF8, or in a Maildir")


def _what_comes_next(subscriber: Subscriber, now: datetime) -> str:
    address = shlex.quote(subscriber.email)
    match subscriber.state:
        case SubscriberState.ACTIVE:
            is_first = subscriber.confirmed_at == now and subscriber.last_date is None
            which = "first" if is_first else "next"
            return f"{which} digest: {due_in_words(subscriber, now)}; see it now: notifier digest {address}"
        case SubscriberState.PAUSED:
            return f"no mail goes out {_next_digest_in_words(subscriber)}"
        case SubscriberState.PENDING:
            return f"no mail goes out before they confirm; if they have: notifier subscribe {address} --confirmed"
        case _:
            return f"no mail goes out; if they ask for it again: notifier subscribe {address} --confirmed"


def due_in_words(subscriber: Subscriber, now: datetime) -> str:
    """Return when the next digest of an active subscriber is due, such as `Tue 7 Jul 2026, 08:00 (Europe/Berlin)`."""
    if subscriber.cadence is Cadence.INSTANT or subscriber.next_due is None:
        return "after the next dump"
    at = subscriber.next_due.astimezone(ZoneInfo(subscriber.timezone))
    words = f"{at:%a} {at.day} {at:%b %Y, %H:%M} ({subscriber.timezone})"
    return words if subscriber.next_due > now else f"{words}, with the next run"


def _asked(subscriber: Subscriber) -> str:
    """Return what a subscriber asked for: the queries as they were typed, and the topics, with the names they have."""
    return ", ".join(map(_subscription, subscriber.subscriptions))


def _subscription(subscription: Subscription) -> str:
    if subscription.name:
        return f"{subscription.name} ({subscription.query or f'topic {subscription.topic}'})"
    return subscription.query or subscription.label


def _next_digest_in_words(subscriber: Subscriber) -> str:
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
        "subscriptions": [_subscription_document(each) for each in subscriber.subscriptions],
        "next_due": subscriber.next_due,
        "paused_until": subscriber.paused_until if subscriber.state is SubscriberState.PAUSED else None,
    }


def _subscription_document(subscription: Subscription) -> dict[str, Any]:
    asked = {"topic": subscription.topic} if subscription.topic else {"query": subscription.query}
    return {**asked, "label": subscription.label, "name": subscription.name}
