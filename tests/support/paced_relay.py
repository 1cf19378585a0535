"""A relay that accepts a fixed number of mails per second, in a process of its own, and writes a log.

    python -m support.paced_relay LOG RATE      prints its port; RATE 0 is as fast as possible

It keeps running while the senders in a test are killed. Each event is a line of the log:

- `MAIL`: a client has sent MAIL;
- `KEPT message-id sha256`: a message has arrived with its final dot, whether or not the client gets the reply;
- `REPLIED`: the reply to the final dot has been written;
- `CUT`: a connection has ended with a mail under way.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from hashlib import sha256
from pathlib import Path

HOST = "127.0.0.1"
_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE | re.IGNORECASE)


class PacedRelay:
    """Replies to `rate` final dots per second, over all connections together."""

    def __init__(self, log: Path, rate: float) -> None:
        self._log = log.open("a", buffering=1, encoding="ascii")
        self._step = 1 / rate if rate else 0
        self._next_reply = 0.0  # on the monotonic clock

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it closes the connection."""
        under_way = False
        try:
            writer.write(b"220 paced.test ESMTP\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                under_way = verb in (b"MAIL", b"RCPT", b"DATA")
                if verb == b"MAIL":
                    print("MAIL", file=self._log)
                elif verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await self._keep_message(await reader.readuntil(b"\r\n.\r\n"))
                    under_way = reader.at_eof()
                    if under_way:
                        return
                    print("REPLIED", file=self._log)
                writer.write(
                    b"250-paced.test\r\n250-PIPELINING\r\n250 SIZE\r\n" if verb == b"EHLO" else b"250 2.0.0 ok\r\n"
                )
        except (OSError, asyncio.IncompleteReadError):
            under_way = True
        finally:
            if under_way:
                print("CUT", file=self._log)
            writer.close()

    async def _keep_message(self, message: bytes) -> None:
        message_id = _MESSAGE_ID.search(message)
        print("KEPT", message_id[1].decode() if message_id else "none", sha256(message).hexdigest(), file=self._log)
        self._next_reply = max(self._next_reply + self._step, time.monotonic())
        await asyncio.sleep(self._next_reply - time.monotonic() if self._step else 0)


async def main(log: Path, rate: float) -> None:
    """Listen on a free port until killed, and print the port."""
    relay = PacedRelay(log, rate)
    server = await asyncio.start_server(relay.serve, HOST, 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
