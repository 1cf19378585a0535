"""An SMTP server on loopback that does as it is told, and remembers what it saw.

    with ScriptedRelay({"RCPT": ["450 4.2.1 later", DROP], "DOT": ("250 ok", DROP)}) as relay:
        ...  # the first RCPT is put off, the second cuts the line, later ones are accepted

A script names a turn (GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, CONTENT, DOT, RSET, NOOP, QUIT) and what to do
when it comes: one act; a list, one act for each time and the usual thereafter; or a function of the line received. A
tuple is several acts in a row. CONTENT comes with the first line of the message, before the rest is read.

Whether it offers PIPELINING is up to the fixture `offers_pipelining`, which runs a test with it and without.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"


class _LineCutError(Exception):
    """The script cut the line, or the client did."""


@dataclass(frozen=True)
class Drop:
    """Cut the line; with `reset`, so that even what is under way is lost."""

    reset: bool = False


@dataclass(frozen=True)
class Hang:
    """Say and read nothing more, until the client gives up or the server ends."""


@dataclass(frozen=True)
class Pieces:
    """Send a reply as these pieces, with a pause between them, in seconds."""

    pieces: tuple[str, ...]
    pause: float = 0.01


DROP, RESET, HANG = Drop(), Drop(reset=True), Hang()
Act = str | Drop | Hang | Pieces
Turn = Act | tuple[Act, ...]
Rule = Turn | list[Turn] | Callable[[str], Turn | None]

USUAL: dict[str, Turn] = {
    "GREETING": "220 scripted.test ESMTP",
    "STARTTLS": "220 2.0.0 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 end with a dot",
    "DOT": "250 2.0.0 kept",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "QUIT": ("221 2.0.0 bye", DROP),
}


@dataclass(frozen=True)
class Seen:
    """A line that a client wrote, on which connection (counted from 1), and whether it was encrypted."""

    connection: int
    line: str
    encrypted: bool


@dataclass(frozen=True)
class Kept:
    """A message that was answered with 250, its content as it was before dot-stuffing."""

    sender: str
    recipient: str
    content: bytes
    connection: int


class ScriptedRelay:
    """Listens on `port` of 127.0.0.1 while the `with` lasts; one thread for each connection."""

    offered_beside: tuple[str, ...] = ()

    def __init__(
        self,
        script: Mapping[str, Rule] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
        offers: tuple[str, ...] = ("SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"),
    ) -> None:
        self.tls, self.tls_at_once = tls, tls_at_once
        self.offers = (*offers, *self.offered_beside)
        self.seen: list[Seen] = []
        self.kept: list[Kept] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)  # released once for each connection that has ended
        self.hung = threading.Event()  # set when a client is left waiting
        self.stopping = threading.Event()
        self._rules = dict(script or {})
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        for sock in (self._listener, *self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join()

    def lines(self, connection: int | None = None) -> list[str]:
        """The lines of one connection, or of all."""
        return [seen.line for seen in self.seen if connection in (None, seen.connection)]

    def verbs(self, connection: int | None = None) -> list[str]:
        """The first words of the lines of one connection, or of all."""
        return [line.split(" ")[0].upper() for line in self.lines(connection)]

    def turn(self, name: str, line: str) -> Turn | None:
        """What the script says for this turn; None where it says nothing."""
        with self._lock:
            rule = self._rules.get(name)
            if isinstance(rule, list):
                return rule.pop(0) if rule else None
        return rule(line) if callable(rule) else rule

    def has_rule(self, name: str) -> bool:
        """Whether the script has anything left to say for this turn."""
        return bool(self._rules.get(name))

    def opened(self, sock: socket.socket) -> None:
        """Remember a socket, to be closed at the end."""
        self._sockets.append(sock)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.opened(sock)
            self._start(_Session(self, sock, self.connections).run)


class _Session:
    """One client."""

    def __init__(self, relay: ScriptedRelay, sock: socket.socket, number: int) -> None:
        self._relay, self._sock, self._number = relay, sock, number
        self._reader = sock.makefile("rb")
        self._encrypted = False
        self._sender = self._recipient = ""
        self._envelope_open = False

    def run(self) -> None:
        try:
            if self._relay.tls_at_once:
                self._encrypt()
            self._take("GREETING", "")
            while line := self._reader.readline():
                self._serve(line)
        except (_LineCutError, OSError):
            pass
        finally:
            self._reader.close()
            self._sock.close()
            self._relay.closed.release()

    def _serve(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        self._relay.seen.append(Seen(self._number, line, self._encrypted))
        verb = line.split(" ")[0].upper()
        argument = line[line.find("<") + 1 : line.rfind(">")]
        if verb == "EHLO":
            self._take("EHLO", line, usual=self._offer())
        elif verb in ("RCPT", "DATA") and not self._is_in_order(verb) and not self._relay.has_rule(verb):
            self._do("503 5.5.1 not now")
        elif verb not in USUAL:
            self._do("500 5.5.2 what?")
        elif (reply := self._take(verb, line)) and reply[0] in "23":
            if verb == "STARTTLS":
                self._encrypt()
            elif verb in ("MAIL", "RSET"):
                self._sender, self._recipient, self._envelope_open = argument, "", verb == "MAIL"
            elif verb == "RCPT":
                self._recipient = argument
            elif verb == "DATA":
                self._read_message()

    def _is_in_order(self, verb: str) -> bool:
        return self._envelope_open if verb == "RCPT" else bool(self._recipient)

    def _read_message(self) -> None:
        lines: list[bytes] = []
        while (line := self._reader.readline()) != b".\r\n":
            if not line:
                raise _LineCutError
            if not lines and (turn := self._relay.turn("CONTENT", line.decode("latin-1"))) is not None:
                self._do(turn)
            lines.append(line.removeprefix(b"."))
        if not self._recipient:
            self._do("554 5.5.1 no valid recipients")
            return
        turn = self._relay.turn("DOT", self._recipient) or USUAL["DOT"]
        if _reply(turn).startswith("250"):
            self._relay.kept.append(Kept(self._sender, self._recipient, b"".join(lines), self._number))
        self._recipient, self._envelope_open = "", False
        self._do(turn)

    def _offer(self) -> str:
        starttls = ("STARTTLS",) if self._relay.tls and not self._encrypted else ()
        words = ["scripted.test", *self._relay.offers, *starttls]
        return "\r\n".join([*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}"])

    def _take(self, name: str, line: str, usual: Turn | None = None) -> str:
        """Do what the script says, else the usual; returns the reply."""
        turn = self._relay.turn(name, line) or usual or USUAL[name]
        self._do(turn)
        return _reply(turn)

    def _do(self, turn: Turn) -> None:
        for act in _acts(turn):
            self._act(act)

    def _act(self, act: Act) -> None:
        match act:
            case str():
                self._sock.sendall(act.encode() + b"\r\n")
            case Pieces(pieces, pause):
                for piece in pieces:
                    self._sock.sendall(piece.encode())
                    self._relay.stopping.wait(pause)
            case Hang():
                self._relay.hung.set()
                while not self._relay.stopping.wait(0.01) and not self._is_given_up():
                    pass
                raise _LineCutError
            case Drop(reset):
                if reset:
                    self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise _LineCutError

    def _is_given_up(self) -> bool:
        """Whether the client has closed, whatever it wrote before that nobody has read."""
        watch = select.poll()
        watch.register(self._sock, select.POLLRDHUP)
        return bool(watch.poll(0))

    def _encrypt(self) -> None:
        if self._relay.tls is None:
            raise _LineCutError
        self._reader.close()
        self._sock = self._relay.tls.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
        self._relay.opened(self._sock)
        self._sock.do_handshake()
        self._reader = self._sock.makefile("rb")
        self._encrypted = True


def _acts(turn: Turn) -> tuple[Act, ...]:
    return turn if isinstance(turn, tuple) else (turn,)


def _reply(turn: Turn) -> str:
    """The reply that a turn begins with; empty where it begins with none."""
    match _acts(turn)[0]:
        case str(reply):
            return reply
        case Pieces(pieces):
            return "".join(pieces)
    return ""
