"""Return paths (VERP): every mail has its own bounce address, so that a returned mail identifies its delivery.

The return path is the mailbox for bounces, with the delivery's id and a tag added to its name. For delivery 7, it is
`bounces+b7-TAG@example.org`. Mail systems with subaddressing (RFC 5233) deliver such a mail to `bounces@example.org`.
The tag is 128 bits of HMAC-SHA256 over the delivery's id. It is written in lower-case base32, because a mail system on
the way may change the case of an address.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass, field

TAG_BYTES = 16
LONGEST_LOCAL_PART = 64  # octets: RFC 5321, section 4.5.3.1.1

_TAGGED = re.compile(r"\A.*\+b([0-9]{1,18})-[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """Makes and recognises return paths, from the mailbox for bounces and the key of the tags."""

    mailbox: str
    key: bytes = field(repr=False)

    def return_path(self, delivery_id: int) -> str:
        """Return the bounce address of a delivery.

        If the mailbox's name is so long that id and tag do not fit, this is the mailbox itself.
        """
        local, _, domain = self.mailbox.rpartition("@")
        tagged = f"{local}+b{delivery_id}-{self._tag(delivery_id)}"
        return f"{tagged if len(tagged) <= LONGEST_LOCAL_PART else local}@{domain}"

    def delivery_of(self, address: str) -> int | None:
        """Return the id of the delivery with this return path; None if `return_path` did not make the address."""
        written = address.lower()
        found = _TAGGED.match(written.rpartition("@")[0])
        if found is None:
            return None
        expected = self.return_path(int(found[1])).lower()
        return int(found[1]) if hmac.compare_digest(expected.encode(), written.encode()) else None

    def _tag(self, delivery_id: int) -> str:
        mac = hmac.digest(self.key, f"bounce {delivery_id}".encode(), "sha256")[:TAG_BYTES]
        return b32encode(mac).decode().rstrip("=").lower()
