"""Part `delivery`: sending mails of 30 and 80 kB to a relay that discards them.

This part measures the CPU time of a mail over one connection, and the time of a mail over 16 connections to a relay
that replies after 50 ms. The relay and every contender run in separate processes. Starting the process and connecting
are not measured, with two exceptions: the contender that opens a connection for each mail, and smtp-source, whose CPU
time includes both. Therefore smtp-source sends four times as many mails, so that both are a small share of its time.
"""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiosmtplib
import uvloop

from benchmarks.measuring import interleaved, print_comparison
from benchmarks.sinks import CERTIFICATES, postfix, sink, slow_sink
from notifier.delivery import PipeliningTrust, RelaySettings, SmtpTransport, StillWanted
from notifier.delivery.transport import always_wanted
from notifier.models import DeliveryState, Envelope, Mail

HOST = "localhost"
MAILS, DISTANT_MAILS, CONNECTIONS = 1_500, 1_600, 16
DELAY = 0.05  # seconds until the distant relay replies
OURS, ON_UVLOOP = "notifier", "notifier on uvloop"
LINE = b'<td style=3D"padding:0 0 12px">Papers that you asked for, as quoted-print=\r\n'
HEADER = b"Subject: papers\r\nMessage-ID: <1@papers.example.org>\r\n\r\n"
ENVELOPE = Envelope("bounces@example.org", "subscriber@example.net")
BYTES = {"30 kB": 30_000, "80 kB": 80_000}

Send = Callable[[int, Sequence[Mail], str], Awaitable[float]]  # takes port, mails and tls; returns CPU seconds


def run() -> None:
    """Print the CPU time of sending, and the time of sending to a distant relay."""
    libraries = [OURS, "aiosmtplib, connection kept", "aiosmtplib, a connection each"]
    for size in BYTES:
        with sink() as port:
            contenders = [*libraries, ON_UVLOOP, *_programs()]
            figures = interleaved(__name__, {name: ["cpu", name, str(port), "none", size] for name in contenders})
        print_comparison(f"delivery: sending {size}, CPU microseconds", figures, OURS)
    with slow_sink(0, tls=True) as port:
        figures = interleaved(__name__, {name: ["cpu", name, str(port), "tls"] for name in libraries[:2]})
    print_comparison("delivery: sending 30 kB over TLS, CPU microseconds", figures, OURS)
    for tls in ("none", "tls"):
        with slow_sink(DELAY, tls=tls == "tls") as port:
            figures = interleaved(__name__, {name: ["distant", name, str(port), tls] for name in libraries[:2]})
        title = (
            f"delivery: {CONNECTIONS} connections, 50 ms until a reply{', TLS' * (tls == 'tls')}, milliseconds a mail"
        )
        print_comparison(title, figures, OURS)


def _programs() -> list[str]:
    return ["smtp-source"] if postfix("smtp-source") else []


def one_round(what: str, name: str, port: str, tls: str, size: str = "30 kB") -> float:
    """Return the time that one contender takes for a mail.

    If `what` is `cpu`, the result is in CPU microseconds, over one connection. If it is `distant`, the result is in
    milliseconds, over many connections to a distant relay.
    """
    if name == "smtp-source":
        return _smtp_source(int(port), BYTES[size])
    libraries = {
        "aiosmtplib, connection kept": send_over_kept_connection,
        "aiosmtplib, a connection each": send_over_new_connections,
    }
    send = libraries.get(name, send_with_notifier)
    if what == "distant":
        return asyncio.run(_send_to_distant_relay(send, int(port), tls)) / DISTANT_MAILS * 1_000
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if name == ON_UVLOOP else None) as runner:
        return runner.run(send(int(port), _mails(MAILS, BYTES[size]), tls)) / MAILS * 1_000_000


async def _send_to_distant_relay(send: Send, port: int, tls: str) -> float:
    """Send over all connections at the same time, and return the seconds that it takes."""
    mails = _mails(DISTANT_MAILS // CONNECTIONS, BYTES["30 kB"])
    before = time.perf_counter()
    await asyncio.gather(*(send(port, mails, tls) for _ in range(CONNECTIONS)))
    return time.perf_counter() - before


async def send_with_notifier(port: int, mails: Sequence[Mail], tls: str) -> float:
    """Send over one connection of notifier; notifier can write the envelope of the next mail right behind each mail."""
    settings = RelaySettings(HOST, port, tls, ca_file=CERTIFICATES / "authority.pem")  # type: ignore[arg-type]
    waiting = deque(mails)

    def next_mail() -> tuple[Mail, StillWanted] | None:
        return (waiting[0], always_wanted) if waiting else None

    async with SmtpTransport(settings, PipeliningTrust()) as transport:
        await transport.send(mails[0]._replace())
        before = time.process_time()
        while waiting:
            outcome = await transport.send(waiting.popleft(), next_mail=next_mail)
            assert outcome.state is DeliveryState.ACCEPTED, outcome
        return time.process_time() - before


async def send_over_kept_connection(port: int, mails: Sequence[Mail], tls: str) -> float:
    """Send over one connection of aiosmtplib that stays open."""
    async with aiosmtplib.SMTP(**_options(port, tls)) as client:
        before = time.process_time()
        for mail in mails:
            await client.sendmail(mail.envelope.sender, mail.envelope.recipient, mail.content)
        return time.process_time() - before


async def send_over_new_connections(port: int, mails: Sequence[Mail], tls: str) -> float:
    """Send with `aiosmtplib.send`, which opens a connection for each mail."""
    before = time.process_time()
    for mail in mails:
        envelope = mail.envelope
        await aiosmtplib.send(
            mail.content, sender=envelope.sender, recipients=envelope.recipient, **_options(port, tls)
        )
    return time.process_time() - before


def _options(port: int, tls: str) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=CERTIFICATES / "authority.pem") if tls == "tls" else None
    return {"hostname": HOST, "port": port, "use_tls": tls == "tls", "start_tls": False, "tls_context": context}


def _smtp_source(port: int, size: int) -> float:
    """Send with smtp-source of Postfix, and return the CPU microseconds of a mail."""
    program, mails = postfix("smtp-source"), MAILS * 4
    assert program
    options = ["-d", "-s", "1", "-m", str(mails), "-l", str(size), "-f", ENVELOPE.sender]
    subprocess.run([program, *options, "-t", ENVELOPE.recipient, f"127.0.0.1:{port}"], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / mails * 1_000_000


def _mails(number: int, size: int) -> list[Mail]:
    """Return equal mails; each is a separate object, as in a real run."""
    content = HEADER + LINE * ((size - len(HEADER)) // len(LINE))
    return [Mail(ENVELOPE, "<1@papers.example.org>", content, is_wire_form=True) for _ in range(number)]


if __name__ == "__main__":
    print(json.dumps(one_round(*sys.argv[1:])))
