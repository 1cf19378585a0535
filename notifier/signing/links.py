"""Tokens: what a link in a mail carries, so that who holds the mail may follow it and nobody else can make one up.

A token is 24 characters of HMAC-SHA256 (RFC 2104), in the base64url of RFC 4648, then what they vouch for: a letter for
the purpose, and a row's id. Nothing in it depends on time or chance: the same row gives the same token, today and in a
repeat of the mail. It ends in a digit, so that no mail program takes its end for punctuation.
"""

from __future__ import annotations

import hmac
import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

MAC_BYTES = 18  # 144 bits
MAC_LENGTH = 24  # in base64url, which needs no padding then
UNSUBSCRIBE_PATH = "/unsubscribe/"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}([as])([0-9]{1,18})")
_BLOCK = 64  # bytes that SHA-256 takes at once
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SECURE = re.compile(r"https://|http://(localhost|127(\.\d+){3}|\[::1\])(?=[:/]|$)")


class LinkPurpose(StrEnum):
    """What a token lets its holder do, and so what its row is."""

    LEAVE_ALL = "a"  # stop all mail to a subscriber
    LEAVE_ONE = "s"  # end one subscription


_ALL, _ONE = LinkPurpose.LEAVE_ALL.value, LinkPurpose.LEAVE_ONE.value


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: its purpose, for the row of this id."""

    purpose: LinkPurpose
    row_id: int


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Where this service's pages are (`base_url` has no final slash), and the key of the tokens in links to them."""

    base_url: str
    key: bytes = field(repr=False)

    @property
    def allow_one_click(self) -> bool:
        """Whether a mail provider may press the button: RFC 8058 wants HTTPS, which pages on loopback cannot have."""
        return _is_secure(self.base_url)

    def unsubscribe_from_all(self, subscriber_ids: Iterable[int]) -> list[str]:
        """The pages where these subscribers leave altogether."""
        return self._links(_ALL, subscriber_ids)

    def unsubscribe_from_one(self, subscription_ids: Iterable[int]) -> list[str]:
        """The pages where these subscriptions end."""
        return self._links(_ONE, subscription_ids)

    def _links(self, purpose: str, row_ids: Iterable[int]) -> list[str]:
        base = self.base_url + UNSUBSCRIBE_PATH
        return [base + token for token in _tokens(self.key, [f"{purpose}{row_id}" for row_id in row_ids])]


@lru_cache(8)
def _is_secure(base_url: str) -> bool:
    return _SECURE.match(base_url) is not None


def sign(key: bytes, grant: Grant) -> str:
    """The token of a grant; always the same for the same key."""
    (token,) = _tokens(key, [f"{grant.purpose}{grant.row_id}"])
    return token


def _tokens(key: bytes, claims: Sequence[str]) -> list[str]:
    """The tokens of claims; MAC_BYTES is a multiple of three, so that all can be encoded as one."""
    macs = b2a_base64(b"".join(_macs(key, claims)), newline=False).translate(_URL_SAFE).decode()
    return [macs[place * MAC_LENGTH : (place + 1) * MAC_LENGTH] + claim for place, claim in enumerate(claims)]


def _macs(key: bytes, claims: Iterable[str]) -> Iterator[bytes]:
    """HMAC-SHA256 as `hmac` makes it, in less than half of its time: a digest holds several, and a day a million."""
    inner_begun, outer_begun = _begun(key)
    for claim in claims:
        inner, outer = inner_begun.copy(), outer_begun.copy()
        inner.update(claim.encode())
        outer.update(inner.digest())
        yield outer.digest()[:MAC_BYTES]


@lru_cache(8)
def _begun(key: bytes) -> tuple[_Hash, _Hash]:
    """The inner and the outer hash, as far as they depend on the key alone (RFC 2104, section 4)."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    return sha256(block.translate(_INNER_PAD)), sha256(block.translate(_OUTER_PAD))


def verify(key: bytes, token: str) -> Grant | None:
    """What a token allows; None for one that `mint` did not make with this key, compared in constant time.

    The whole token is made again and compared, so that no other spelling of it passes.
    """
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        return None
    grant = Grant(LinkPurpose(shape[1]), int(shape[2]))
    return grant if hmac.compare_digest(sign(key, grant), token) else None
