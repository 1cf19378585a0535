"""The snippets for web servers: a real nginx with TLS takes them, forwards what notifier needs, and nothing private."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from support.paths import CHECKOUT
from support.service import free_ports, wait_until

PACKAGING = CHECKOUT / "packaging"
HOST = "papers.example.org"
SPOOFED = {"Host": HOST, "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="install nginx")
needs_caddy = pytest.mark.skipif(shutil.which("caddy") is None, reason="install Caddy")


@dataclass
class Site:
    """A running nginx: its two ports, and the certificate that it shows."""

    http: int
    https: int
    certificate: Path

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Send a request over TLS with headers that a liar would send; return the status and the body."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with socket.create_connection(("127.0.0.1", self.https)) as plain:
            secured = context.wrap_socket(plain, server_hostname=HOST)
            connection = http.client.HTTPConnection(HOST)
            connection.sock = secured
            connection.request(method, path, body, SPOOFED)
            response = connection.getresponse()
            text = response.read().decode()
            connection.close()
        return response.status, text


class Echo(BaseHTTPRequestHandler):
    """Answers with the path and the headers of the request."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {"path": self.path, **{name.lower(): value for name, value in self.headers.items()}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(seen).encode())

    do_POST = do_GET  # noqa: N815 - the name is Python's

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Run nginx with the snippet, before a server that answers with what it got."""
    backend = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=backend.serve_forever, daemon=True).start()
    ports = free_ports(2)
    certificate = make_certificate(tmp_path)
    config = nginx_config(tmp_path, ports, backend.server_port, certificate)
    command = ["nginx", "-p", str(tmp_path), "-e", "error.log", "-c", str(config)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    server = subprocess.Popen([*command, "-g", "daemon off;"])
    try:
        wait_until(lambda: is_open(ports[1]))
        yield Site(ports[0], ports[1], certificate)
    finally:
        server.terminate()
        server.wait()
        backend.shutdown()
        backend.server_close()


def make_certificate(folder: Path) -> Path:
    """Make a certificate for HOST and its key, key.pem, and return the certificate."""
    name = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", "key.pem", "-out", "certificate.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *name, *files]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"


def nginx_config(folder: Path, ports: list[int], backend: int, certificate: Path) -> Path:
    """Write a config that includes the snippet, with ports and files of this test in place of its own."""
    snippet = (PACKAGING / "nginx.conf").read_text(encoding="utf-8")
    live = f"/etc/letsencrypt/live/{HOST}"
    for own, other in (
        ("listen 80;", f"listen 127.0.0.1:{ports[0]};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{ports[1]} ssl"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        (f"{live}/fullchain.pem", str(certificate)),
        (f"{live}/privkey.pem", str(folder / "key.pem")),
        ("http://127.0.0.1:8000;\n", f"http://127.0.0.1:{backend};\n"),
    ):
        assert own in snippet
        snippet = snippet.replace(own, other)
    (folder / "papers.conf").write_text(snippet, encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""  # another could not write into the folder of this test
    whole = f"{user}pid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n{paths}include {folder}/papers.conf;\n}}\n"
    (folder / "nginx.conf").write_text(whole, encoding="utf-8")
    return folder / "nginx.conf"


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@needs_nginx
def test_nginx_forwards_who_asked_and_keeps_operators_pages_and_large_bodies_out(site: Site) -> None:
    status, body = site.ask("GET", "/feeds/private/x.atom?a=1")
    seen = json.loads(body)
    assert (status, seen["path"], seen["host"]) == (200, "/feeds/private/x.atom?a=1", HOST)
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "https")
    for private in (
        "/metrics",
        "/metrics/",
        "//metrics",
        "/a/../metrics",
        "/%6detrics",
    ):
        assert site.ask("GET", private)[0] == 404
    assert site.ask("POST", "/subscribe", b"x" * 60_000)[0] == 200
    assert site.ask("POST", "/subscribe", b"x" * 70_000)[0] == 413
    for large in ("/admin/subscribers/import", "/api/v1/dumps?name=papers.txt"):
        status, body = site.ask("POST", large, b"x" * 70_000)
        assert (status, json.loads(body)["x-forwarded-for"]) == (200, "127.0.0.1")
    assert site.ask("GET", "/admin/")[0] == 200, "only administrators get more than a 404 there"
    plain = http.client.HTTPConnection("127.0.0.1", site.http)
    plain.request("GET", "/papers?order=newest", headers={"Host": HOST})
    moved = plain.getresponse()
    assert (moved.status, moved.headers["Location"]) == (301, f"https://{HOST}/papers?order=newest")
    plain.close()


@needs_caddy
def test_caddy_accepts_its_file() -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(PACKAGING / "Caddyfile")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
