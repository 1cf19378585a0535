"""Part `web`: the CPU time of feeds that a reader has already (304), and the size of the page for signing up."""

from __future__ import annotations

import gzip
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.measuring import interleaved, print_comparison
from notifier.config import load
from notifier.pipeline import ingest, publish
from notifier.resources import resource
from notifier.store import open_store
from notifier.web import make_app

BARE, FEED, SEARCH = "a bare ASGI reply", "a feed that the reader has (304)", "the feed of a search, the same (304)"
CONTENDERS = {BARE: ["bare"], FEED: ["feed"], SEARCH: ["search"]}
PATHS = {"bare": "/", "search": "/feeds/search.atom?q=learning"}
REQUESTS = 3_000
WARM_UP = 300
MICROSECONDS = 1e6
NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)
CONFIG = 'secret_file = "secret.key"\n[web]\nbase_url = "https://papers.example.org"\n'
LOADED = re.compile(r'(?:src|rel="stylesheet" href)="(/[^"]+)"')


def run() -> None:
    """Print the CPU microseconds of the server for a request, and the gzipped bytes of the page for signing up."""
    figures = interleaved("benchmarks.web", CONTENDERS)
    print_comparison("web: CPU microseconds of the server for each request", figures, BARE)
    size = int(subprocess.check_output([sys.executable, "-m", "benchmarks.web", "size"], text=True))
    print(f"  the page for signing up and all that it loads, gzipped: {size:,} bytes")
    print(json.dumps({"web: bytes of the page for signing up": size}))


def main(arguments: list[str]) -> None:
    """Measure one contender or the size of the page, or act as the client; each runs in its own process."""
    if arguments[0] == "client":
        _ask_often(int(arguments[1]), arguments[2])
        return
    with tempfile.TemporaryDirectory() as folder:
        pages = _bare if arguments[0] == "bare" else _service(Path(folder))
        with _served(pages) as port:
            path = PATHS.get(arguments[0], "/feeds/all.atom")
            print(_size(port) if arguments[0] == "size" else json.dumps(_cpu_of_requests(port, path)))


async def _bare(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer every request with two letters."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def _service(folder: Path) -> ASGIApp:
    """Return the pages of a service with the sample papers, whose feeds are published."""
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "secret.key").write_text("5" * 64, encoding="utf-8")
    config = load(folder / "config.toml")
    engine = open_store(f"sqlite:///{folder}/notifier.db")
    for seed in sorted(resource("seeds").iterdir()):
        ingest(engine, seed, None, NOW)
    publish(engine, config)
    return make_app(engine, config, lambda: NOW)


@contextmanager
def _served(pages: ASGIApp) -> Iterator[int]:
    """Serve the pages with uvicorn in a thread, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(pages, log_config=None, access_log=False, lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def _cpu_of_requests(port: int, path: str) -> float:
    """Return the CPU microseconds of this process for each request of a client in another process."""
    command = [sys.executable, "-m", "benchmarks.web", "client", str(port), path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin and client.stdout
        client.stdout.readline()  # the client has warmed the server up
        before = time.process_time()
        client.stdin.write("\n")
        client.stdin.flush()
        client.stdout.readline()
        spent = time.process_time() - before
    return spent / REQUESTS * MICROSECONDS


def _ask_often(port: int, path: str) -> None:
    """Ask for a path again and again over one connection, with the ETag that the first answer had."""
    connection = HTTPConnection("127.0.0.1", port)

    def ask() -> str:
        connection.request("GET", path, headers=known)
        answer = connection.getresponse()
        answer.read()
        return answer.headers.get("ETag", "")

    known: dict[str, str] = {}
    if etag := ask():
        known["If-None-Match"] = etag
    _repeat(ask, WARM_UP)
    print("ready", flush=True)
    sys.stdin.readline()
    _repeat(ask, REQUESTS)
    print("done", flush=True)


def _repeat(ask: Callable[[], object], count: int) -> None:
    for _ in range(count):
        ask()


def _size(port: int) -> int:
    """Return the gzipped bytes of the page for signing up, its stylesheet and its scripts."""
    connection = HTTPConnection("127.0.0.1", port)

    def content(path: str) -> bytes:
        connection.request("GET", path)
        return connection.getresponse().read()

    page = content("/subscribe")
    loaded = dict.fromkeys(LOADED.findall(page.decode()))
    return sum(len(gzip.compress(each, 6)) for each in [page, *map(content, loaded)])


if __name__ == "__main__":
    main(sys.argv[1:])
