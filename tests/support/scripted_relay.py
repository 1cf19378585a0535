"""An SMTP server on loopback that follows a script, and records what it receives.

    with ScriptedRelay({"RCPT": ["450 4.2.1 later", DROP], "DOT": ("250 ok", DROP)}) as relay:
        ...  # the first RCPT is deferred, the second closes the connection, later ones are accepted

A script maps the name of a step (GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, CONTENT, DOT, RSET, NOOP, QUIT) to
a rule. A rule is one of these:

- a response, which is sent each time;
- a list of responses, one for each time; after the last one, the usual responses follow;
- a function that takes the line received and returns a response, or None for the usual one.

A response is one action, or a tuple of actions that follow each other. The step CONTENT comes when the first line of
the message has been read.

The fixture `offers_pipelining` runs a test twice: with a relay that offers PIPELINING, and with one that does not.
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


class _ConnectionClosedError(Exception):
    """The script or the client has closed the connection."""


@dataclass(frozen=True)
class Drop:
    """Close the connection; with `reset`, data that is still under way is lost too."""

    reset: bool = False


@dataclass(frozen=True)
class Hang:
    """Neither read nor write any more, until the client gives up or the server ends."""


@dataclass(frozen=True)
class Pieces:
    """Send a reply in these pieces, with a pause after each, in seconds."""

    pieces: tuple[str, ...]
    pause: float = 0.01


DROP, RESET, HANG = Drop(), Drop(reset=True), Hang()
Action = str | Drop | Hang | Pieces
Response = Action | tuple[Action, ...]
Rule = Response | list[Response] | Callable[[str], Response | None]

USUAL: dict[str, Response] = {
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
    """A line from a client, the number of its connection (from 1), and whether it was encrypted."""

    connection: int
    line: str
    encrypted: bool


@dataclass(frozen=True)
class Kept:
    """A message that was answered with 250; its content is without dot-stuffing."""

    sender: str
    recipient: str
    content: bytes
    connection: int


class ScriptedRelay:
    """Listens on `port` of 127.0.0.1 while the `with` block runs, with one thread for each connection."""

    extra_extensions: tuple[str, ...] = ()

    def __init__(
        self,
        script: Mapping[str, Rule] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        extensions: tuple[str, ...] = ("SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"),
    ) -> None:
        self.tls, self.implicit_tls = tls, implicit_tls
        self.extensions = (*extensions, *self.extra_extensions)
        self.seen: list[Seen] = []
        self.kept: list[Kept] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)  # released once for each connection that has ended
        self.hung = threading.Event()  # set when a client gets no more replies
        self.stopping = threading.Event()
        self._rules = dict(script or {})
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start_thread(self._accept)
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
        """Return the lines of one connection, or of all."""
        return [seen.line for seen in self.seen if connection in (None, seen.connection)]

    def verbs(self, connection: int | None = None) -> list[str]:
        """Return the first words of the lines of one connection, or of all."""
        return [line.split(" ")[0].upper() for line in self.lines(connection)]

    def scripted_response(self, step: str, line: str) -> Response | None:
        """Return the script's response to this step, or None if the usual one is to follow."""
        with self._lock:
            rule = self._rules.get(step)
            if isinstance(rule, list):
                return rule.pop(0) if rule else None
        return rule(line) if callable(rule) else rule

    def has_rule(self, step: str) -> bool:
        """Return whether the script still has a response to this step."""
        return bool(self._rules.get(step))

    def close_at_end(self, sock: socket.socket) -> None:
        """Close this socket when the server ends."""
        self._sockets.append(sock)

    def _start_thread(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else TCP delays replies by 40 ms
            self.connections += 1
            self.close_at_end(sock)
            self._start_thread(_Session(self, sock, self.connections).run)


class _Session:
    """The dialogue with one client."""

    def __init__(self, relay: ScriptedRelay, sock: socket.socket, number: int) -> None:
        self._relay, self._sock, self._number = relay, sock, number
        self._reader = sock.makefile("rb")
        self._encrypted = False
        self._sender = self._recipient = ""
        self._has_sender = False

    def run(self) -> None:
        try:
            if self._relay.implicit_tls:
                self._encrypt()
            self._respond("GREETING", "")
            while line := self._reader.readline():
                self._serve(line)
        except (_ConnectionClosedError, OSError):
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
            self._respond("EHLO", line, usual=self._ehlo_reply())
        elif verb in ("RCPT", "DATA") and not self._is_in_order(verb) and not self._relay.has_rule(verb):
            self._perform("503 5.5.1 not now")
        elif verb not in USUAL:
            self._perform("500 5.5.2 what?")
        elif (reply := self._respond(verb, line)) and reply[0] in "23":
            if verb == "STARTTLS":
                self._encrypt()
            elif verb in ("MAIL", "RSET"):
                self._sender, self._recipient, self._has_sender = argument, "", verb == "MAIL"
            elif verb == "RCPT":
                self._recipient = argument
            elif verb == "DATA":
                self._read_message()

    def _is_in_order(self, verb: str) -> bool:
        return self._has_sender if verb == "RCPT" else bool(self._recipient)

    def _read_message(self) -> None:
        lines: list[bytes] = []
        while (line := self._reader.readline()) != b".\r\n":
            if not line:
                raise _ConnectionClosedError
            if not lines and (response := self._relay.scripted_response("CONTENT", line.decode("latin-1"))):
                self._perform(response)
            lines.append(line.removeprefix(b"."))
        if not self._recipient:
            self._perform("554 5.5.1 no valid recipients")
            return
        response = self._relay.scripted_response("DOT", self._recipient) or USUAL["DOT"]
        if _first_reply(response).startswith("250"):
            self._relay.kept.append(Kept(self._sender, self._recipient, b"".join(lines), self._number))
        self._recipient, self._has_sender = "", False
        self._perform(response)

    def _ehlo_reply(self) -> str:
        starttls = ("STARTTLS",) if self._relay.tls and not self._encrypted else ()
        words = ["scripted.test", *self._relay.extensions, *starttls]
        return "\r\n".join([*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}"])

    def _respond(self, step: str, line: str, usual: Response | None = None) -> str:
        """Respond as the script says, or in the usual way, and return the reply."""
        response = self._relay.scripted_response(step, line) or usual or USUAL[step]
        self._perform(response)
        return _first_reply(response)

    def _perform(self, response: Response) -> None:
        for action in _actions(response):
            self._perform_action(action)

    def _perform_action(self, action: Action) -> None:
        match action:
            case str():
                self._sock.sendall(action.encode() + b"\r\n")
            case Pieces(pieces, pause):
                for piece in pieces:
                    self._sock.sendall(piece.encode())
                    self._relay.stopping.wait(pause)
            case Hang():
                self._relay.hung.set()
                while not self._relay.stopping.wait(0.01) and not self._has_client_gone():
                    pass
                raise _ConnectionClosedError
            case Drop(reset):
                if reset:
                    self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise _ConnectionClosedError

    def _has_client_gone(self) -> bool:
        """Return whether the client has closed the connection, even if some of its data is still unread."""
        watch = select.poll()
        watch.register(self._sock, select.POLLRDHUP)
        return bool(watch.poll(0))

    def _encrypt(self) -> None:
        if self._relay.tls is None:
            raise _ConnectionClosedError
        self._reader.close()
        self._sock = self._relay.tls.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
        self._relay.close_at_end(self._sock)
        self._sock.do_handshake()
        self._reader = self._sock.makefile("rb")
        self._encrypted = True


def _actions(response: Response) -> tuple[Action, ...]:
    return response if isinstance(response, tuple) else (response,)


def _first_reply(response: Response) -> str:
    """Return the reply with which a response begins, or an empty text if it begins with another action."""
    match _actions(response)[0]:
        case str(reply):
            return reply
        case Pieces(pieces):
            return "".join(pieces)
    return ""
