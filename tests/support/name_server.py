"""A DNS server on loopback that answers from a table, and the resolver that asks it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread

from dns import flags, message, name, rcode, rdatatype, rrset
from dns.resolver import Resolver
from support.scripted_relay import HOST

Records = Mapping[str, Mapping[str, tuple[str, ...]]]  # the records of each name, by type

FAIL = {"FAIL": ("",)}  # in place of records: the server answers SERVFAIL
SOUND: Records = {
    "example.org": {"MX": ("10 mail.example.org.",), "TXT": ('"v=spf1 mx ip4:192.0.2.0/24 -all"', '"a=b"')},
    "mail.example.org": {"A": ("192.0.2.25",)},
    "_dmarc.example.org": {"TXT": ('"v=DMARC1; p=none; rua=mailto:admin@example.org"',)},
    "default._domainkey.example.org": {"TXT": (f'"v=DKIM1; k=rsa; p=" "{"QUJD" * 60}" "{"QUJD" * 38}"',)},
}


@contextmanager
def name_server(records: Records, *, hangs: bool = False) -> Iterator[Resolver]:
    """Serve these records while the block runs, and yield a resolver that asks for them; with `hangs`, never answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((HOST, 0))
        thread = Thread(target=_serve, args=(listener, records, hangs), daemon=True)
        thread.start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = [HOST], listener.getsockname()[1]
        try:
            yield resolver
        finally:
            listener.sendto(b"", listener.getsockname())  # ends the thread
            thread.join()


def _serve(listener: socket.socket, records: Records, hangs: bool) -> None:
    while True:
        asked, client = listener.recvfrom(4096)
        if not asked:
            return
        if not hangs:
            with suppress(OSError):
                listener.sendto(_answer(message.from_wire(asked), records).to_wire(), client)


def _answer(asked: message.Message, records: Records) -> message.Message:
    question = asked.question[0]
    reply = message.make_response(asked)
    reply.flags |= flags.RA
    wanted = question.name.to_text(omit_final_dot=True).lower()
    known = records.get(wanted)
    if known is None and not any(each.endswith(f".{wanted}") for each in records):
        reply.set_rcode(rcode.NXDOMAIN)
    elif known is FAIL:
        reply.set_rcode(rcode.SERVFAIL)
    elif found := (known or {}).get(rdatatype.to_text(question.rdtype)):
        reply.answer.append(rrset.from_text_list(name.from_text(wanted), 60, "IN", question.rdtype, list(found)))
    return reply
