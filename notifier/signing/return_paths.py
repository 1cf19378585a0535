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

from notifier.address_form import LONGEST_LOCAL_PART

TAG_BYTES = 16

_RETURN_PATH = re.compile(r"\+b([0-9]{1,18})-([a-z2-7]{26})@", re.IGNORECASE)
_MOST_TRIED = 20  # return paths in one text


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """Makes return paths, from the mailbox for bounces and the key of the tags."""

    mailbox: str
    key: bytes = field(repr=False)

    def return_path(self, delivery_id: int) -> str:
        """Return the bounce address of a delivery.

        If the mailbox's name is so long that id and tag do not fit, this is the mailbox itself.
        """
        local, _, domain = self.mailbox.rpartition("@")
        tagged = f"{local}+b{delivery_id}-{self._tag(delivery_id)}"
        return f"{tagged if len(tagged) <= LONGEST_LOCAL_PART else local}@{domain}"

    def _tag(self, delivery_id: int) -> str:
        return _tag(self.key, delivery_id)


def returned_deliveries(key: bytes, text: str) -> tuple[list[int], bool]:
    """Return the deliveries whose return paths a text holds, and whether it also holds one with a wrong tag.

    The mailbox does not matter, because the config may have named another one when the mail was sent.
    """
    tried = [found.groups() for _, found in zip(range(_MOST_TRIED), _RETURN_PATH.finditer(text), strict=False)]
    valid = [
        int(number)
        for number, tag in tried
        if str(int(number)) == number and hmac.compare_digest(_tag(key, int(number)), tag.lower())
    ]
    return list(dict.fromkeys(valid)), len(valid) < len(tried)


def _tag(key: bytes, delivery_id: int) -> str:
    mac = hmac.digest(key, f"bounce {delivery_id}".encode(), "sha256")[:TAG_BYTES]
    return b32encode(mac).decode().rstrip("=").lower()
