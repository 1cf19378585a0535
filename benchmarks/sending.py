"""Part `delivery`: mails of 30 and 80 kB handed to a sink: the sender's CPU a mail, and mails a second where it is far.

One connection for all where CPU is measured. A sink is a process of its own, and so is every contender; connecting and
starting are outside of the clock, but for who connects for each mail, and for smtp-source, which cannot tell them apart
(it gets as many mails more).
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
MAILS, FAR_MAILS, CONNECTIONS = 1_500, 1_600, 16
FAR = 0.05  # seconds until a reply
OURS, ON_UVLOOP = "notifier", "notifier on uvloop"
LINE = b'<td style=3D"padding:0 0 12px">Papers that you asked for, as quoted-print=\r\n'
HEADER = b"Subject: papers\r\nMessage-ID: <1@papers.example.org>\r\n\r\n"
ENVELOPE = Envelope("bounces@example.org", "reader@example.net")
BYTES = {"30 kB": 30_000, "80 kB": 80_000}

Send = Callable[[int, Sequence[Mail], str], Awaitable[float]]  # port, mails, tls: seconds of CPU


def run() -> None:
    """Print what sending costs, and how fast it goes where the relay is far."""
    near = [OURS, "aiosmtplib, connection kept", "aiosmtplib, a connection each"]
    for size in BYTES:
        with sink() as port:
            near_too = [*near, ON_UVLOOP, *_peers()]
            figures = interleaved(__name__, {name: ["cpu", name, str(port), "none", size] for name in near_too})
        print_comparison(f"delivery: sending {size}, CPU microseconds", figures, OURS)
    with slow_sink(0, tls=True) as port:
        figures = interleaved(__name__, {name: ["cpu", name, str(port), "tls"] for name in near[:2]})
    print_comparison("delivery: sending 30 kB over TLS, CPU microseconds", figures, OURS)
    for tls in ("none", "tls"):
        with slow_sink(FAR, tls=tls == "tls") as port:
            figures = interleaved(__name__, {name: ["far", name, str(port), tls] for name in near[:2]})
        title = (
            f"delivery: {CONNECTIONS} connections, 50 ms until a reply{', TLS' * (tls == 'tls')}, milliseconds a mail"
        )
        print_comparison(title, figures, OURS)


def _peers() -> list[str]:
    return ["smtp-source"] if postfix("smtp-source") else []


def one_round(what: str, name: str, port: str, tls: str, size: str = "30 kB") -> float:
    """CPU microseconds of a mail over one connection, or milliseconds of a mail over many to a relay that is far."""
    if name == "smtp-source":
        return _smtp_source(int(port), BYTES[size])
    peers = {"aiosmtplib, connection kept": kept, "aiosmtplib, a connection each": each_anew}
    send = peers.get(name, by_lane)
    if what == "far":
        return asyncio.run(_far(send, int(port), tls)) / FAR_MAILS * 1_000
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if name == ON_UVLOOP else None) as runner:
        return runner.run(send(int(port), _mails(MAILS, BYTES[size]), tls)) / MAILS * 1_000_000


async def _far(send: Send, port: int, tls: str) -> float:
    mails = _mails(FAR_MAILS // CONNECTIONS, BYTES["30 kB"])
    before = time.perf_counter()
    await asyncio.gather(*(send(port, mails, tls) for _ in range(CONNECTIONS)))
    return time.perf_counter() - before


async def by_lane(port: int, mails: Sequence[Mail], tls: str) -> float:
    """A lane, with the next mail at hand."""
    settings = RelaySettings(HOST, port, tls, ca_file=CERTIFICATES / "authority.pem")  # type: ignore[arg-type]
    waiting = deque(mails)

    def next_mail() -> tuple[Mail, StillWanted] | None:
        return (waiting[0], always_wanted) if waiting else None

    async with SmtpTransport(settings, PipeliningTrust()) as lane:
        await lane.send(mails[0]._replace())
        before = time.process_time()
        while waiting:
            outcome = await lane.send(waiting.popleft(), next_mail=next_mail)
            assert outcome.state is DeliveryState.ACCEPTED, outcome
        return time.process_time() - before


async def kept(port: int, mails: Sequence[Mail], tls: str) -> float:
    """The connection that aiosmtplib keeps."""
    async with aiosmtplib.SMTP(**_options(port, tls)) as client:
        before = time.process_time()
        for mail in mails:
            await client.sendmail(mail.envelope.sender, mail.envelope.recipient, mail.content)
        return time.process_time() - before


async def each_anew(port: int, mails: Sequence[Mail], tls: str) -> float:
    """What a user writes."""
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
    program, mails = postfix("smtp-source"), MAILS * 4
    assert program
    options = ["-d", "-s", "1", "-m", str(mails), "-l", str(size), "-f", ENVELOPE.sender]
    subprocess.run([program, *options, "-t", ENVELOPE.recipient, f"127.0.0.1:{port}"], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / mails * 1_000_000


def _mails(number: int, size: int) -> list[Mail]:
    """Mails that are one another's equals, but not the same."""
    content = HEADER + LINE * ((size - len(HEADER)) // len(LINE))
    return [Mail(ENVELOPE, "<1@papers.example.org>", content, is_wire_form=True) for _ in range(number)]


if __name__ == "__main__":
    print(json.dumps(one_round(*sys.argv[1:])))
