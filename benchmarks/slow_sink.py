"""An SMTP relay that discards every message and delays every reply, like a relay that is far away.

`python -m benchmarks.slow_sink SECONDS [CERTIFICATE]` prints its port and runs until it is killed.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import cast

END = b"\r\n.\r\n"
REPLIES = {
    b"EHLO": b"250-slow.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


class SlowSink(asyncio.Protocol):
    """One connection to the relay. The commands of one packet are answered together, after the delay."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._in_message = False
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the greeting."""
        self._transport = cast(asyncio.Transport, transport)
        self._send(b"220 slow.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every command and message that has arrived completely."""
        self._unread += data
        replies = b""
        while reply := self._next_reply():
            replies += reply
        if replies:
            self._send(replies)

    def _send(self, replies: bytes) -> None:
        asyncio.get_running_loop().call_later(self._seconds, self._transport.write, replies)

    def _next_reply(self) -> bytes | None:
        """Return the reply to the next command or message, or None if it has not arrived completely."""
        if self._in_message:
            message, end, rest = self._unread.partition(END)
            if not end:
                self._unread = message
                return None
            self._unread, self._in_message = rest, False
            return b"250 2.0.0 kept\r\n"
        line, end, rest = self._unread.partition(b"\r\n")
        if not end:
            return None
        self._unread, self._in_message = rest, line[:4].upper() == b"DATA"
        return REPLIES.get(line[:4].upper(), b"250 2.0.0 ok\r\n")


async def main(seconds: float, certificate: str = "") -> None:
    """Print a free port, and serve it until the process is killed; with TLS if there is a certificate."""
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SlowSink(seconds), "127.0.0.1", 0, ssl=tls, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), *sys.argv[2:]))
