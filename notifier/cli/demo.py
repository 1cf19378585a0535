"""Define the command demo, which runs the whole service on the sample pages of notifier, with a relay on loopback."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.demo_serving import prepare_pages, serve_demo, with_pages
from notifier.cli.options import CommandRun, NowOption, clock_from, clock_starting_at
from notifier.cli.simulated_clocks import allow_clock_or_refuse
from notifier.text.counting import counted

if TYPE_CHECKING:
    from notifier.config import Config
    from notifier.models import Clock, Mail, Subscriber
    from notifier.pipeline import OnceReport
    from notifier.subscribers import SignUp

CONFIG = """\
# The config of the demo. `notifier --config {file} status` shows the demo's state.
[store]
url = "sqlite:///notifier.db"

[mail]
sender = "Daily Papers <papers@example.org>"
transport = "maildir"

[maildir]
folder = "inbox"

[feeds]
folder = "feeds"
"""


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("demo", epilog="Example: notifier demo --folder /tmp/papers")(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="The folder of the demo; made if missing.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Then serve the pages and the inbox on this machine, until Ctrl-C.")
    ] = False,
    now: NowOption = None,
) -> None:
    """Ingest the sample pages, subscribe five people, and send their first digests to an inbox on this machine."""
    from notifier.delivery.inbox import Inbox

    run = _open(folder, clock_from(now)())
    if now is not None:
        allow_clock_or_refuse(run, now, f"choose another --folder than {folder}, or ")
    pages_port = prepare_pages(run.config) if serve else None
    _ingest(run)
    subscribers = _subscribe(run)
    clock = _clock_set_ahead(run.clock(), subscribers)
    with Inbox(run.config.path(run.config.maildir.folder)) as inbox:
        adapt = partial(_on_loopback, relay_port=inbox.port, pages_port=pages_port)
        later = CommandRun(adapt(run.config), clock)
        done = _run_steps(later)
        mails = inbox.mails
        _report(later, subscribers, done, mails)
        _save_mails(folder / "mail", mails)
        if serve:
            serve_demo(later, _config_file(folder), adapt)


def _on_loopback(config: Config, relay_port: int, pages_port: int | None) -> Config:
    """Return a config whose relay is at `relay_port` of loopback, and whose pages, if any, are at `pages_port`."""
    from notifier.config import SmtpConfig
    from notifier.delivery.inbox import HOST

    smtp = SmtpConfig(host=HOST, port=relay_port, tls="none")
    mail = config.mail.model_copy(update={"transport": "smtp"})
    sending = config.model_copy(update={"smtp": smtp, "mail": mail})
    return sending if pages_port is None else with_pages(sending, pages_port)


def _open(folder: Path, now: datetime) -> CommandRun:
    from notifier.cli.setup import make_file
    from notifier.config import load

    file = _config_file(folder)
    if not file.exists():
        make_file(file, CONFIG.format(file=file))
    return CommandRun(load(file), clock_starting_at(now))


def _config_file(folder: Path) -> Path:
    return folder / "config.toml"


def _ingest(run: CommandRun) -> None:
    from notifier.cli.ingest import print_dumps
    from notifier.files import dump_paths
    from notifier.pipeline import ingest
    from notifier.resources import resource

    reports = [ingest(run.engine, seed, None, run.clock()) for seed in dump_paths(resource("seeds"))]
    print_dumps(reports)
    typer.echo(f"\n{counted(sum(report.new for report in reports), 'new paper')}\n")


def _sample_sign_ups() -> list[SignUp]:
    from notifier.subscribers import SignUp

    return [
        SignUp(
            "ada@example.org",
            ("quantization OR pruning", '"mixture of experts"'),
            timezone="Europe/London",
            hour="07:30",
        ),
        SignUp("kurt@example.org", ('"formal verification"',), ("theorem-proving",), timezone="Europe/Vienna"),
        SignUp(
            "grace@example.org", ('("code generation" OR "program synthesis") -survey',), timezone="America/New_York"
        ),
        SignUp(
            "emmy@example.org",
            ('PDE OR "partial differential equations"', "physics-informed"),
            timezone="Europe/Berlin",
        ),
        SignUp("alan@example.org", ("reasoning benchmark",), ("trending",), timezone="Asia/Tokyo", hour="09:00"),
    ]


def _subscribe(run: CommandRun) -> list[Subscriber]:
    """Subscribe the sample people who are not subscribed yet, and return all subscribers.

    Those who are subscribed already stay as an earlier run left them.
    """
    from dataclasses import replace

    from notifier.store import reading
    from notifier.store.subscribers import everyone
    from notifier.subscribers import subscribe

    with reading(run.engine) as connection:
        known = {each.email for each in everyone(connection)}
    for sign_up in _sample_sign_ups():
        if sign_up.email not in known:
            subscribe(run.engine, run.config, replace(sign_up, confirmed=True), run.clock())
    with reading(run.engine) as connection:
        return everyone(connection)


def _clock_set_ahead(now: datetime, subscribers: list[Subscriber]) -> Clock:
    """Return a clock that begins when the sample subscribers' first digests are due, or now if they are already due.

    It never begins before the latest confirmation. That may be in the future, because an earlier run of the demo may
    have set its clock ahead.
    """
    from notifier.subscribers import calendars

    samples = {each.email for each in _sample_sign_ups()}
    firsts = [
        calendars.next_due(calendars.schedule_of(each), each.confirmed_at, calendars.UsedPeriods())
        for each in subscribers
        if each.confirmed_at and each.email in samples
    ]
    confirmed = [each.confirmed_at for each in subscribers if each.confirmed_at]
    moment = max([now, *(first for first in firsts if first), *confirmed])
    if moment > now:
        typer.echo(
            f"The demo sets its clock ahead to {moment:%Y-%m-%d %H:%M} UTC, "
            "the first morning on which all of its sample subscribers are due.\n"
        )
    return clock_starting_at(moment)


def _run_steps(run: CommandRun) -> OnceReport:
    """Plan, publish and deliver."""
    from notifier.cli.pipeline import send
    from notifier.pipeline import CallerSteps, once

    done = once(run.engine, run.config, run.clock, CallerSteps(deliver=partial(send, run)))
    if done.errors:
        raise next(iter(done.errors.values()))
    return done


def _report(run: CommandRun, subscribers: list[Subscriber], done: OnceReport, mails: tuple[Mail, ...]) -> None:
    from notifier.cli.output import print_table
    from notifier.text.mail_bodies import subject_of

    assert done.plan is not None and done.publish is not None, "these steps have run without errors"
    subjects = {mail.envelope.recipient: subject_of(mail) for mail in mails}
    rows = [
        (each.email, "; ".join(s.label for s in each.subscriptions), subjects.get(each.email, ""))
        for each in subscribers
    ]
    print_table(("subscriber", "asked for", "mail"), rows, nothing="no subscribers; remove the folder to start over")
    typer.echo(
        f"\n{counted(len(subscribers), 'subscriber')}, {counted(done.plan.digests, 'digest')}, "
        f"{counted(len(mails), 'mail')} accepted by the relay"
    )
    feed = (run.config.path(run.config.feeds.folder) / "trending.atom").resolve()
    typer.echo(
        f"{counted(done.publish.feeds, 'feed')}, {counted(done.publish.written, 'file')} written; "
        f"open one in a feed reader: {feed}"
    )


def _save_mails(folder: Path, mails: tuple[Mail, ...]) -> None:
    """Save the HTML of each mail in a file, and print the path of one of them."""
    from notifier.private_files import make_folder

    make_folder(folder)
    files = [_save_html(folder, mail) for mail in mails]
    if files:
        typer.echo(f"open this mail in a browser: {files[0].resolve()}")
    else:
        typer.echo(f"nothing is new since the last run; its mails are in {folder.resolve()}")


def _save_html(folder: Path, mail: Mail) -> Path:
    from notifier.files import write_private
    from notifier.text.mail_bodies import body_of

    file = folder / f"{re.sub('[^a-z0-9]+', '-', mail.envelope.recipient.casefold())}.html"
    write_private(file, body_of(mail, "html").encode())
    return file
