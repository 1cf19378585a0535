"""A relay as a process of its own, which outlives the senders that are killed: so many mails a second, and a log.

    python -m support.paced_relay LOG RATE      prints its port; RATE 0 is as fast as it can

The log has a line for each thing that happened: `MAIL`; `KEPT message-id digest`, once the final dot is there, whatever
becomes of the reply; `TOLD` once it is given; `CUT` for a connection that ended with a mail under way.
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
    """Answers each final dot when its turn has come, `rate` turns a second over all connections."""

    def __init__(self, log: Path, rate: float) -> None:
        self._log = log.open("a", buffering=1, encoding="ascii")
        self._step = 1 / rate if rate else 0
        self._next = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it goes."""
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
                    await self._take_message(await reader.readuntil(b"\r\n.\r\n"))
                    under_way = reader.at_eof()
                    if under_way:
                        return
                    print("TOLD", file=self._log)
                writer.write(
                    b"250-paced.test\r\n250-PIPELINING\r\n250 SIZE\r\n" if verb == b"EHLO" else b"250 2.0.0 ok\r\n"
                )
        except (OSError, asyncio.IncompleteReadError):
            under_way = True
        finally:
            if under_way:
                print("CUT", file=self._log)
            writer.close()

    async def _take_message(self, message: bytes) -> None:
        found = _MESSAGE_ID.search(message)
        print("KEPT", found[1].decode() if found else "none", sha256(message).hexdigest(), file=self._log)
        self._next = max(self._next + self._step, time.monotonic())
        await asyncio.sleep(self._next - time.monotonic() if self._step else 0)


async def main(log: Path, rate: float) -> None:
    """Listen on a free port, which is printed, until killed."""
    relay = PacedRelay(log, rate)
    server = await asyncio.start_server(relay.serve, HOST, 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
