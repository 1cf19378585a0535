"""A relay that keeps nothing and takes its time for each answer: python -m benchmarks.slow_sink SECONDS [CERTIFICATE].

It prints its port.
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
    """Answers what comes in one packet together, once the time has passed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._in_message = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)
        self._say(b"220 slow.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take all that is complete."""
        self._rest += data
        replies = b""
        while reply := self._next():
            replies += reply
        if replies:
            self._say(replies)

    def _say(self, replies: bytes) -> None:
        asyncio.get_running_loop().call_later(self._seconds, self._transport.write, replies)

    def _next(self) -> bytes | None:
        """The reply to the next command or message, if it is there as a whole."""
        if self._in_message:
            message, ended, rest = self._rest.partition(END)
            if not ended:
                self._rest = message
                return None
            self._rest, self._in_message = rest, False
            return b"250 2.0.0 kept\r\n"
        line, ended, rest = self._rest.partition(b"\r\n")
        if not ended:
            return None
        self._rest, self._in_message = rest, line[:4].upper() == b"DATA"
        return REPLIES.get(line[:4].upper(), b"250 2.0.0 ok\r\n")


async def main(seconds: float, certificate: str = "") -> None:
    """Listen on a free port, which is printed, until killed."""
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
