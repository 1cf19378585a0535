"""A scripted https server on loopback: it answers each path as the test says, and remembers what it was asked.

    with https_service({"/papers.json": Answer(body=b"[]")}) as service:
        ... fetch service.url("/papers.json") with `ca_file = AUTHORITY` and `allow_private = ["localhost"]` ...
    assert service.requests[0].headers["user-agent"].startswith("notifier/")

Its certificate is for localhost, 127.0.0.1, ::1, *.example.org, *.example.net and xn--bcher-kva.example.
"""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from support.paths import DATA

CERTIFICATES = DATA / "tls"
AUTHORITY = CERTIFICATES / "web-authority.pem"


@dataclass(frozen=True)
class Asked:
    """A request that came. Header names are in lower case. `came` is its time; `number` counts from 0."""

    method: str
    path: str  # without the query
    query: str
    headers: Mapping[str, str]
    body: bytes
    came: float  # on the monotonic clock
    number: int  # among the requests for this path


@dataclass(frozen=True)
class Answer:
    """What the server answers. With `raw`, these pieces are all that is sent, and then the connection is closed.

    Otherwise, the header Content-Length is added, unless `headers` have one or `pieces` are the body. A body in
    `pieces` ends with the connection.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] | None = None
    raw: Iterable[bytes] | None = None


Script = Answer | Callable[[Asked], Answer]
NOT_FOUND = Answer(b"not here", 404)


def zipped(body: bytes, **headers: str) -> Answer:
    """Return an answer that is packed with gzip."""
    return Answer(gzip.compress(body), headers={"Content-Encoding": "gzip", **headers})


def redirect(to: str, status: int = 302) -> Answer:
    """Return a redirect."""
    return Answer(status=status, headers={"Location": to})


def slowly(pieces: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """Yield pieces with a pause before each."""
    for piece in pieces:
        time.sleep(seconds)
        yield piece


class HttpsService:
    """The running server. `scripts` may be changed while it runs; "*" stands for every path that has no script."""

    def __init__(self, scripts: Mapping[str, Script], port: int, scheme: str) -> None:
        self.scripts: dict[str, Script] = dict(scripts)
        self.port = port
        self.scheme = scheme
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self._running = 0
        self._lock = Lock()

    def url(self, path: str = "/", host: str = "localhost") -> str:
        """Return the URL of a path at this server."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def asked_for(self, path: str) -> list[Asked]:
        """Return the requests for a path."""
        return [asked for asked in self.requests if asked.path == path]

    def _answer_to(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = target.partition("?")
        with self._lock:
            asked = Asked(method, path, query, headers, body, time.monotonic(), len(self.asked_for(path)))
            self.requests.append(asked)
        script = self.scripts.get(path, self.scripts.get("*", NOT_FOUND))
        return script if isinstance(script, Answer) else script(asked)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        self.close_connection = True
        service = self.server.service
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        with service._counted():  # without the sending: a client may ask again before this thread knows that it has all
            answer = service._answer_to(self.command, self.path, headers, body)
        with suppress(OSError):
            self._send(answer)

    do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815 - the names that http.server asks for

    def _send(self, answer: Answer) -> None:
        if answer.raw is None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.pieces is None and "Content-Length" not in answer.headers and answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
        for piece in answer.raw or answer.pieces or (answer.body,):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    service: HttpsService
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Make the handshake in the thread of the request, so that a client that fails it stops nobody."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def https_service(
    scripts: Mapping[str, Script] | None = None, *, certificate: str | None = "web", host: str = "127.0.0.1"
) -> Iterator[HttpsService]:
    """Run a server with a certificate of `data/tls`, or without TLS if `certificate` is None."""
    server = _Server((host, 0), _Handler)
    if certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    service = HttpsService(scripts or {}, server.server_port, "https" if certificate else "http")
    server.service = service
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
