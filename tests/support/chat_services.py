"""Slack, Discord, Matrix, Telegram, Mattermost and ntfy on loopback, as their documentation says that they speak.

The hosts of most are fixed, so requests reach them through a proxy that connects every host to one server, whose
certificate names them all:

    with chat_services(tmp_path) as chats:
        config = Config(fetching=chats.fetching)
        ... deliver ...
    assert chats.texts("hooks.slack.com") == [...]
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support.https_service import Answer, Asked, HttpsService, https_service

from notifier.config import FetchingConfig

SLACK, DISCORD, MATRIX = "hooks.slack.com", "discord.com", "matrix.example.org"
BOT = "bot.example.org"
HOSTS = (SLACK, "slack.com", DISCORD, MATRIX, BOT, "api.telegram.org", "chat.example.org", "ntfy.example.org")

SLACK_URL = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
SLACK_BOT_URL = "slack://xoxb-1234567890-1234567890123-abcdefghijklmnopqrstuvwx/%23papers"
DISCORD_TOKEN = "tokenABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyzXY"
DISCORD_URL = f"https://discord.com/api/webhooks/123456789012345678/{DISCORD_TOKEN}"
MATRIX_TOKEN = "syt_bm90aWZpZXI_abcdefghijkl"
MATRIX_URL = f"matrixs://{MATRIX_TOKEN}@matrix.example.org/!room123:example.org"
TELEGRAM_URL = "tgram://123456789:AAG0abcdefghijklmnopqrstuvwxyz12345/-1001234567"
MATTERMOST_URL = "mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4"
NTFY_URL = "ntfys://ntfy.example.org/papers"

_ROOM = re.compile(r"/_matrix/client/v3/rooms/([^/]+)/send/m\.room\.message/([^/]+)")

Handler = Callable[[Asked, "ChatServices"], Answer]


class ChatServices:
    """The services while they run. `instead` answers in the place of a host, if it returns an answer."""

    def __init__(self, service: HttpsService, fetching: FetchingConfig) -> None:
        self.service = service
        self.fetching = fetching
        self.instead: dict[str, Callable[[Asked], Answer | None]] = {}
        self.posted: list[tuple[str, dict[str, Any]]] = []  # the messages that were accepted, by host
        self._transactions: dict[tuple[str, str], str] = {}

    def texts(self, host: str) -> list[str]:
        """Return the texts of the messages that a host has accepted."""
        return [_text(message) for where, message in self.posted if where == host]

    def asked(self, host: str) -> list[Asked]:
        """Return all requests to a host."""
        return [each for each in self.service.requests if each.headers["host"] == host]

    def answer(self, asked: Asked) -> Answer:
        """Return the answer of the host that a request is for."""
        host = asked.headers["host"]
        scripted = self.instead.get(host)
        if scripted and (answer := scripted(asked)):
            return answer
        return _HANDLERS[host](asked, self)

    def post(self, asked: Asked, message: Mapping[str, Any]) -> None:
        """Keep a message that is accepted."""
        self.posted.append((asked.headers["host"], dict(message)))

    def matrix_event(self, asked: Asked, transaction: str) -> str:
        """Return the id of an event; the same transaction is the same event, which is kept once."""
        key = asked.headers.get("authorization", ""), transaction
        if key not in self._transactions:
            self._transactions[key] = f"$event{len(self._transactions)}"
            self.post(asked, json.loads(asked.body))
        return self._transactions[key]


def json_answer(status: int, **values: Any) -> Answer:
    """Return an answer in JSON."""
    return Answer(json.dumps(values).encode(), status, {"Content-Type": "application/json"})


def _text(message: Mapping[str, Any]) -> str:
    for attachment in message.get("attachments", []):
        return str(attachment["text"])
    for name in ("content", "formatted_body", "text", "message"):
        if name in message:
            return str(message[name])
    raise AssertionError(f"a message without a text: {message}")


def _json_of(asked: Asked) -> dict[str, Any] | None:
    try:
        value = json.loads(asked.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _slack_webhook(asked: Asked, chats: ChatServices) -> Answer:
    """Answer as https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks says."""
    message = _json_of(asked)
    if asked.path != SLACK_URL.removeprefix("https://hooks.slack.com"):
        return Answer(b"no_service", 404)
    if message is None:
        return Answer(b"invalid_payload", 400)
    if not (message.get("text") or message.get("attachments") or message.get("blocks")):
        return Answer(b"no_text", 400)
    if len(asked.body.decode()) > 100_000 or len(message.get("text") or _text(message)) > 40_000:
        return Answer(b"msg_too_long", 400)
    chats.post(asked, message)
    return Answer(b"ok", headers={"Content-Type": "text/html"})


def _slack_api(asked: Asked, chats: ChatServices) -> Answer:
    """Answer as https://docs.slack.dev/reference/methods/chat.postMessage says: 200 even if it is refused."""
    message = _json_of(asked) or {}
    if asked.headers.get("authorization") != "Bearer xoxb-1234567890-1234567890123-abcdefghijklmnopqrstuvwx":
        return json_answer(200, ok=False, error="invalid_auth")
    if message.get("channel") != "#papers":
        return json_answer(200, ok=False, error="channel_not_found")
    chats.post(asked, message)
    return json_answer(200, ok=True, channel="C123ABC456", ts="1503435956.000247", message={})


def _discord(asked: Asked, chats: ChatServices) -> Answer:
    """Answer as https://discord.com/developers/docs/resources/webhook#execute-webhook says."""
    message = _json_of(asked)
    if asked.path != DISCORD_URL.removeprefix("https://discord.com"):
        return json_answer(404, message="Unknown Webhook", code=10015)
    if message is None or not message.get("content"):
        return json_answer(400, message="Cannot send an empty message", code=50006)
    if len(message["content"].encode("utf-16-le")) // 2 > 2000:
        return json_answer(400, content=["Must be 2000 or fewer in length."], code=50035)
    chats.post(asked, message)
    return Answer(b"", 204, {"X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "1470173023"})


def _matrix(asked: Asked, chats: ChatServices) -> Answer:
    """Answer as https://spec.matrix.org/v1.16/client-server-api/ says."""
    if asked.path == "/.well-known/matrix/client":
        return Answer(b"", 404)
    if asked.headers.get("authorization") != f"Bearer {MATRIX_TOKEN}":
        return json_answer(401, errcode="M_UNKNOWN_TOKEN", error="Unrecognised access token", soft_logout=False)
    if asked.path.endswith("/account/whoami"):
        return json_answer(200, user_id="@notifier:example.org", device_id="ABC", is_guest=False)
    if asked.path.startswith("/_matrix/client/v3/join/"):
        if "room123" not in asked.path:
            return json_answer(403, errcode="M_FORBIDDEN", error="You are not invited to this room.")
        return json_answer(200, room_id="!room123:example.org")
    if asked.method == "PUT" and (found := _ROOM.fullmatch(asked.path)):
        if len(asked.body) > 65_536:
            return json_answer(413, errcode="M_TOO_LARGE", error="event too large")
        return json_answer(200, event_id=chats.matrix_event(asked, found[2]))
    return json_answer(404, errcode="M_UNRECOGNIZED", error="Unrecognized request")


def _telegram(asked: Asked, chats: ChatServices) -> Answer:
    """Answer as https://core.telegram.org/bots/api#sendmessage says."""
    message = _json_of(asked) or {}
    if not asked.path.startswith("/bot123456789:AAG0abcdefghijklmnopqrstuvwxyz12345/sendMessage"):
        return json_answer(404, ok=False, error_code=404, description="Not Found")
    if message.get("chat_id") != -1001234567:
        return json_answer(400, ok=False, error_code=400, description="Bad Request: chat not found")
    if len(re.sub("<[^>]*>", "", message["text"])) > 4096:
        return json_answer(400, ok=False, error_code=400, description="Bad Request: message is too long")
    chats.post(asked, message)
    return json_answer(200, ok=True, result={"message_id": 1})


def _mattermost(asked: Asked, chats: ChatServices) -> Answer:
    message = _json_of(asked) or {}
    if len(message["text"]) > 16_383:
        return json_answer(400, id="web.incoming_webhook.text.length.app_error", status_code=400)
    chats.post(asked, message)
    return Answer(b"ok")


def _ntfy(asked: Asked, chats: ChatServices) -> Answer:
    message = _json_of(asked) or {}
    if len(message["message"].encode()) > 4096:
        return json_answer(413, code=41301, http=413, error="payload too large")
    chats.post(asked, message)
    return json_answer(200, id="abc", event="message", topic=message["topic"])


def _webhook(asked: Asked, chats: ChatServices) -> Answer:
    chats.post(asked, {**(_json_of(asked) or {}), "path": asked.path})
    return Answer(b"", 204)


_HANDLERS: Mapping[str, Handler] = {
    SLACK: _slack_webhook,
    "slack.com": _slack_api,
    DISCORD: _discord,
    MATRIX: _matrix,
    "api.telegram.org": _telegram,
    "chat.example.org": _mattermost,
    "ntfy.example.org": _ntfy,
    BOT: _webhook,
}


@contextmanager
def chat_services(folder: Path) -> Iterator[ChatServices]:
    """Run all services, and the proxy to them; the certificates are in `folder`."""
    authority = _make_certificates(folder)
    with https_service(certificate=str(folder / "chats")) as service, _proxy_to(service.port) as proxy_port:
        fetching = FetchingConfig.model_validate({"proxy": f"http://127.0.0.1:{proxy_port}", "ca_file": authority})
        chats = ChatServices(service, fetching)
        service.scripts["*"] = chats.answer
        yield chats


def _make_certificates(folder: Path) -> Path:
    """Write a new certificate for all hosts, with its key, to chats.pem; return the file of the authority's."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Chats of tests", HOSTS[0])]

    def certificate(number: int, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
        builder = x509.CertificateBuilder(names[0], names[number], keys[number].public_key(), number + 1)
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(keys[0], hashes.SHA256())

    authority = certificate(0, (x509.BasicConstraints(ca=True, path_length=0), True))
    of_hosts = certificate(1, (x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), False))
    key = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "chats.pem").write_bytes(key + of_hosts.public_bytes(Encoding.PEM))
    (folder / "chats-authority.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    return folder / "chats-authority.pem"


@contextmanager
def _proxy_to(port: int) -> Iterator[int]:
    """Run a proxy that answers CONNECT for any host with a connection to one port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_accept, args=(server, port), daemon=True).start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, port: int) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            Thread(target=_connect, args=(client, port), daemon=True).start()


def _connect(client: socket.socket, port: int) -> None:
    with suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as target:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (piece := client.recv(4096)):
                return
            request += piece
        assert request.startswith(b"CONNECT "), request
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = Thread(target=_pump, args=(target, client), daemon=True)
        back.start()
        _pump(client, target)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
