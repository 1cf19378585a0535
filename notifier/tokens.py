"""Tokens: what a link in a mail carries, so that who holds the mail may follow it and nobody else can make one up.

A token is 24 characters of HMAC-SHA256 (RFC 2104), in the base64url of RFC 4648, then what they vouch for: a letter for
the purpose, and a row's id. Nothing in it depends on time or chance: the same row gives the same token, today and in a
repeat of the mail. It ends in a digit, so that no mail program takes its end for punctuation.
"""

from __future__ import annotations

import hmac
import re
from binascii import b2a_base64
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

MAC_BYTES = 18  # 144 bits: 24 base64url characters without padding
UNSUBSCRIBE_PATH = "/unsubscribe/"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}([as])([0-9]{1,18})")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SECURE = re.compile(r"https://|http://(localhost|127(\.\d+){3}|\[::1\])(?=[:/]|$)")


class Purpose(StrEnum):
    """What a token lets its holder do, and so what its row is."""

    LEAVE_ALL = "a"  # stop all mail to a subscriber
    LEAVE_ONE = "s"  # end one subscription


_ALL, _ONE = Purpose.LEAVE_ALL.value, Purpose.LEAVE_ONE.value


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: its purpose, for the row of this id."""

    purpose: Purpose
    row_id: int


@dataclass(frozen=True, slots=True)
class Pages:
    """Where this service's pages are (`base_url` has no final slash), and the key of the tokens in links to them."""

    base_url: str
    key: bytes = field(repr=False)

    @property
    def allow_one_click(self) -> bool:
        """Whether a mail provider may press the button: RFC 8058 wants HTTPS, which pages on loopback cannot have."""
        return _is_secure(self.base_url)

    def leave_all(self, subscriber_id: int) -> str:
        """The page where a subscriber leaves altogether."""
        return f"{self.base_url}{UNSUBSCRIBE_PATH}{_token(self.key, _ALL, subscriber_id)}"

    def leave_one(self, subscription_id: int) -> str:
        """The page where one subscription ends."""
        return f"{self.base_url}{UNSUBSCRIBE_PATH}{_token(self.key, _ONE, subscription_id)}"


@lru_cache(8)
def _is_secure(base_url: str) -> bool:
    return _SECURE.match(base_url) is not None


def mint(key: bytes, grant: Grant) -> str:
    """The token of a grant; always the same for the same key."""
    return _token(key, grant.purpose.value, grant.row_id)


def _token(key: bytes, purpose: str, row_id: int) -> str:
    claim = f"{purpose}{row_id}"
    mac = _keyed(key).copy()
    mac.update(claim.encode())
    return b2a_base64(mac.digest()[:MAC_BYTES], newline=False).translate(_URL_SAFE).decode() + claim


@lru_cache(8)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def verify(key: bytes, token: str) -> Grant | None:
    """What a token allows; None for one that `mint` did not make with this key, compared in constant time.

    The whole token is made again and compared, so that no other spelling of it passes.
    """
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        return None
    grant = Grant(Purpose(shape[1]), int(shape[2]))
    return grant if hmac.compare_digest(mint(key, grant), token) else None
