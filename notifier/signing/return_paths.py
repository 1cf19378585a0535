"""Bounces: each mail has a return path of its own, so that a returned one says which it was (VERP).

The return path is the mailbox for bounces with a tag, `bounces+b7-TAG@example.org` for delivery 7: mail systems put
what follows the plus sign into the mailbox before it (RFC 5233). The tag is 128 bits of HMAC-SHA256 over the delivery's
id, in lower-case base32, for a mail system on the way may change the case of an address; nobody can make one up.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass, field

TAG_BYTES = 16
LONGEST_LOCAL_PART = 64  # octets: RFC 5321, section 4.5.3.1.1

_TAGGED = re.compile(r".*\+b([0-9]{1,18})-[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """The mailbox for bounces, and the key that tags are made with."""

    mailbox: str
    key: bytes = field(repr=False)

    def return_path(self, delivery_id: int) -> str:
        """The address that a delivery's bounce goes to; always the same. Untagged where the mailbox's name is long."""
        local, _, domain = self.mailbox.rpartition("@")
        tagged = f"{local}+b{delivery_id}-{self._tag(delivery_id)}"
        return f"{tagged if len(tagged) <= LONGEST_LOCAL_PART else local}@{domain}"

    def delivery_of(self, address: str) -> int | None:
        """The delivery whose return path this is; None for one that `return_path` did not make with this key."""
        written = address.lower()
        found = _TAGGED.match(written.rpartition("@")[0])
        if found is None:
            return None
        own = self.return_path(int(found[1])).lower()
        return int(found[1]) if hmac.compare_digest(own.encode(), written.encode()) else None

    def _tag(self, delivery_id: int) -> str:
        mac = hmac.digest(self.key, f"bounce {delivery_id}".encode(), "sha256")[:TAG_BYTES]
        return b32encode(mac).decode().rstrip("=").lower()
