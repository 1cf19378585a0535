"""Part `delivery`: measure the CPU time that a mail takes from its waiting row to its settled row.

The CPU time of the sink is not included. notifier runs as `deliver` does: it claims rows of a SQLite file
(synchronous=FULL), composes, sends and settles. The code with common libraries has its digests in memory, composes with
Jinja, css-inline and EmailMessage, sends with aiosmtplib, and stores no results.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import aiosmtplib
from jinja2 import Environment
from sqlalchemy import Engine

from benchmarks.delivery import FEWER, TEMPLATES, by_hand
from benchmarks.digests import PLANNED_AT, SETTINGS, SUBSCRIBERS, digests, papers_of_a_day
from benchmarks.measuring import interleaved, print_comparison
from benchmarks.sinks import sink
from notifier.config import Config, MailConfig, SmtpConfig
from notifier.digests import items
from notifier.mail import Composer
from notifier.models import DeliveryKind, DeliveryState, Digest, Paper, SubscriberState
from notifier.sending import Sender, send_due, sender_for
from notifier.store import open_store, outbox, writing
from notifier.store.outbox import AT_ONCE
from notifier.store.statements import insert_all
from notifier.store.tables import paper, subscriber
from notifier.templates import environment

HOST = "127.0.0.1"
OURS, NAIVE = "notifier", "Jinja, css-inline, EmailMessage, aiosmtplib.send"


def run() -> None:
    """Print the CPU time of a mail over the whole path."""
    with sink() as port:
        for size in TEMPLATES:
            figures = interleaved(__name__, {name: [name, size, str(port)] for name in (OURS, NAIVE)})
            print_comparison(f"delivery: from row to settled row, {size}, CPU microseconds a mail", figures, OURS)


def one_round(name: str, size: str, port: str) -> float:
    """Return the CPU microseconds of a mail."""
    templates = environment(Path(__file__).parent / "templates" / TEMPLATES[size])
    return ours(templates, int(port)) if name == OURS else naive(templates, int(port))


def ours(templates: Environment, port: int) -> float:
    """Return the CPU microseconds of a mail that `deliver` sends."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        with writing(engine) as connection:
            known = papers_of_a_day()
            insert_all(connection, paper, [_paper_row(each) for each in known.values()])
            for some in _batches(digests(known)):
                insert_all(connection, subscriber, [_subscriber_row(digest) for digest in some])
                outbox.add(connection, [_delivery_row(digest) for digest in some])
        sender = replace(_sender(engine, port, Path(folder)), composer=Composer(SETTINGS, templates))
        sender.composer.compose(next(digests(known)), known)  # so that reading the templates is not timed
        before = time.process_time()
        done = asyncio.run(send_due(sender))
        used = time.process_time() - before
        engine.dispose()
    assert done.states[DeliveryState.ACCEPTED] == SUBSCRIBERS, done
    return used / SUBSCRIBERS * 1_000_000


def naive(templates: Environment, port: int) -> float:
    """Return the CPU microseconds of a mail that the code with common libraries makes and sends."""
    known = papers_of_a_day()
    make = by_hand(templates, known)
    mails = list(islice(digests(known), 0, None, FEWER))
    make(mails[0])
    before = time.process_time()
    for digest in mails:
        sending = aiosmtplib.send(
            make(digest),
            sender=SETTINGS.envelope_sender,
            recipients=digest.recipient,
            hostname=HOST,
            port=port,
            start_tls=False,
        )
        asyncio.run(sending)
    return (time.process_time() - before) / len(mails) * 1_000_000


def _sender(engine: Engine, port: int, folder: Path) -> Sender:
    config = Config(
        mail=MailConfig(sender=SETTINGS.sender, transport="smtp"),
        smtp=SmtpConfig(host=HOST, port=port, tls="none"),
    )
    sender = sender_for(engine, config, lambda: datetime.now(UTC))
    return replace(sender, owners_folder=folder / "owners")


def _paper_row(each: Paper) -> dict[str, object]:
    row = {name: value for name, value in asdict(each).items() if name != "topics"}
    defaults = {"archived": False, "origins": "{}", "revision": 0}
    return row | defaults | {"guid": each.key, "first_sequence": each.sequence}


def _subscriber_row(digest: Digest) -> dict[str, object]:
    return {
        "id": digest.subscriber_id,
        "email": digest.recipient,
        "address_key": digest.recipient,
        "state": SubscriberState.ACTIVE,
        "cadence": "daily",
        "hour": "08:00",
        "timezone": "UTC",
        "weekday": 0,
        "cursor": 0,
        "last_dump": 0,
        "created_at": PLANNED_AT,
    }


def _delivery_row(digest: Digest) -> dict[str, object]:
    return {
        "subscriber_id": digest.subscriber_id,
        "kind": DeliveryKind.DIGEST,
        "period": digest.period,
        "recipient": digest.recipient,
        "message_id": digest.message_id,
        "subject": digest.subject,
        "items": items.encode(digest.sections, digest.rest),
        "planned_at": datetime.now(UTC),  # a digest that is older than three days expires
        "state": DeliveryState.PENDING,
        "next_try": AT_ONCE,
        "attempts": 0,
        "uncertain": 0,
        "epoch": 0,
        "reply": "",
        "in_doubt": False,
        "taken_in": False,
    }


def _batches(found: Iterator[Digest]) -> Iterator[list[Digest]]:
    while some := list(islice(found, 500)):
        yield some


if __name__ == "__main__":
    print(json.dumps(one_round(*sys.argv[1:])))
