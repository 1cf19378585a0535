"""Verb: demo. The whole service on the source pages that ship with it, with a relay of its own on loopback."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import NowOption, Session, clock_from, clock_starting_at

if TYPE_CHECKING:
    from notifier.models import Mail, Subscriber
    from notifier.pipeline import PlanReport
    from notifier.subscribers import SignUp

CONFIG = """\
# The demo's own config: `notifier --config {file} status` looks at it.
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
    """Add this file's verb."""
    app.command("demo", epilog="Example: notifier demo --folder /tmp/papers")(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo lives; made if missing.")] = Path("demo"),
    now: NowOption = None,
) -> None:
    """Ingest the sample pages, subscribe five readers, and send their first digests to an inbox on this machine."""
    run = _open(folder, clock_from(now)())
    _ingest(run)
    readers = _subscribe(run)
    later = Session(run.config, clock_starting_at(_first_morning(run, readers)))
    planned, mails = _send(later)
    _report(folder, readers, planned, mails)
    _publish(later)


def _open(folder: Path, now: datetime) -> Session:
    from notifier.cli.setup import make_file
    from notifier.config import load

    file = folder / "config.toml"
    if not file.exists():
        make_file(file, CONFIG.format(file=file))
    return Session(load(file), clock_starting_at(now))


def _ingest(run: Session) -> None:
    from notifier.cli.papers import show
    from notifier.files import dump_paths
    from notifier.pipeline import ingest
    from notifier.resources import resource

    reports = [ingest(run.engine, seed, None, run.clock()) for seed in dump_paths(resource("seeds"))]
    show(reports)
    typer.echo(f"\n{sum(report.new for report in reports)} new papers\n")


def _sample_readers() -> list[SignUp]:
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


def _subscribe(run: Session) -> list[Subscriber]:
    """Subscribe those sample readers who are not there yet; the others stay as their first run left them."""
    from dataclasses import replace

    from notifier.store import reading
    from notifier.store.subscribers import everyone
    from notifier.subscribers import subscribe

    with reading(run.engine) as connection:
        known = {each.email for each in everyone(connection)}
    for reader in _sample_readers():
        if reader.email not in known:
            subscribe(run.engine, run.config, replace(reader, confirmed=True), run.clock())
    with reading(run.engine) as connection:
        return everyone(connection)


def _first_morning(run: Session, readers: list[Subscriber]) -> datetime:
    """When the last of the readers has had the first instant after confirmation; now, once that is past."""
    from notifier.subscribers import calendars

    firsts = [
        calendars.next_due(calendars.schedule_of(each), each.confirmed_at, calendars.UsedPeriods())
        for each in readers
        if each.confirmed_at
    ]
    return max([run.clock(), *(first for first in firsts if first)])


def _send(run: Session) -> tuple[PlanReport, tuple[Mail, ...]]:
    """Plan, and deliver to a relay that listens on loopback for as long as this takes."""
    from notifier.cli.pipeline import send
    from notifier.config import MailConfig, SmtpConfig
    from notifier.delivery.inbox import HOST, Inbox
    from notifier.pipeline import plan

    planned = plan(run.engine, run.config, run.clock())
    with Inbox(run.config.path(run.config.maildir.folder)) as inbox:
        relay = SmtpConfig(host=HOST, port=inbox.port, tls="none")
        mail = MailConfig(sender=run.config.mail.sender, transport="smtp")
        send(Session(run.config.model_copy(update={"smtp": relay, "mail": mail}), run.clock))
        return planned, inbox.mails


def _publish(run: Session) -> None:
    from notifier.pipeline import publish

    published = publish(run.engine, run.config)
    feed = (run.config.path(run.config.feeds.folder) / "trending.atom").resolve()
    typer.echo(f"{published.feeds} feeds, {published.written} files written; open one in a feed reader: {feed}")


def _report(folder: Path, readers: list[Subscriber], planned: PlanReport, mails: tuple[Mail, ...]) -> None:
    from notifier.cli.output import print_table

    subjects = {mail.envelope.recipient: _parse(mail)["Subject"] for mail in mails}
    rows = [
        (each.email, "; ".join(s.label for s in each.subscriptions), subjects.get(each.email, "")) for each in readers
    ]
    print_table(("reader", "asked for", "mail"), rows)
    typer.echo(f"\n{len(readers)} readers, {planned.digests} digests, {len(mails)} mails accepted by the relay")
    if not mails:
        typer.echo("nothing is new since the last run")
        return
    pages = [_save_html(folder / "mail", mail) for mail in mails]
    typer.echo(f"open one in a browser: {pages[0]}")


def _save_html(folder: Path, mail: Mail) -> Path:
    folder.mkdir(exist_ok=True)
    body = _parse(mail).get_body(("html",))
    page = folder / f"{re.sub('[^a-z0-9]+', '-', mail.envelope.recipient.casefold())}.html"
    page.write_text(body.get_content() if body else "", encoding="utf-8")
    return page.resolve()


def _parse(mail: Mail):  # type: ignore[no-untyped-def]
    return message_from_bytes(mail.content, policy=policy.default)
