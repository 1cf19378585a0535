"""Sign links in mails: whoever has the mail can follow them, and only the holder of the key can make them.

A link ends in a signed id, which is a MAC and then a payload. The MAC is 24 characters: HMAC-SHA256 (RFC 2104) of the
payload, cut to 18 bytes, in base64url (RFC 4648). The payload is one letter for the purpose, and the id of a row. In
the link that opens a session from a digest, two numbers follow: one that stands for the address, and the time of the
mail. In the links for voting, a slash and the id of a paper follow the signed id; the page checks that the digest holds
this paper. A signed id depends only on its payload and the key, so a mail that is sent again has the same links. A link
ends in a digit, so that no mail program takes its last character for punctuation.
"""

from __future__ import annotations

import hmac
import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

MAC_BYTES = 18  # 144 bits
MAC_LENGTH = 24  # characters of a MAC in base64url; 18 bytes need no padding
UNSUBSCRIBE_PATH = "/unsubscribe/"
CONFIRM_PATH = "/confirm/"
SIGN_IN_PATH = "/sign-in/"
MANAGE_PATH = "/manage/"
PRIVATE_FEED_PATH = "/feeds/private/"
DIGEST_PATH = "/digests/view/"
VOTE_PATH = "/vote/"

_BLOCK = 64  # bytes in a block of SHA-256
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SECURE = re.compile(r"https://|http://(localhost|127(\.\d+){3}|\[::1\])(?=[:/]|$)")


class LinkPurpose(StrEnum):
    """The action that a signed link allows; each purpose also decides the table that the id belongs to."""

    UNSUBSCRIBE_ALL = "a"  # end all mail to a subscriber
    UNSUBSCRIBE_ONE = "s"  # end one subscription
    CONFIRM = "c"  # confirm a sign-up
    SIGN_IN = "i"  # open a session that was asked for
    ADDRESS_OLD = "o"  # confirm a change of address, at the old address
    ADDRESS_NEW = "n"  # confirm a change of address, at the new address
    MANAGE = "m"  # open a session for a subscriber
    FEED = "f"  # read a private feed
    DIGEST = "d"  # read the web copy of a digest or welcome mail
    VOTE = "v"  # vote for the papers of a digest or welcome mail, and give feedback on them


# The path that links of each purpose start with. `redact_links` uses these paths, so every purpose must have one.
PATHS: Mapping[LinkPurpose, str] = {
    LinkPurpose.UNSUBSCRIBE_ALL: UNSUBSCRIBE_PATH,
    LinkPurpose.UNSUBSCRIBE_ONE: UNSUBSCRIBE_PATH,
    LinkPurpose.CONFIRM: CONFIRM_PATH,
    LinkPurpose.SIGN_IN: SIGN_IN_PATH,
    LinkPurpose.ADDRESS_OLD: CONFIRM_PATH,
    LinkPurpose.ADDRESS_NEW: CONFIRM_PATH,
    LinkPurpose.MANAGE: MANAGE_PATH,
    LinkPurpose.FEED: PRIVATE_FEED_PATH,
    LinkPurpose.DIGEST: DIGEST_PATH,
    LinkPurpose.VOTE: VOTE_PATH,
}

_SIGNED_ID = re.compile(
    rf"[A-Za-z0-9_-]{{{MAC_LENGTH}}}([{''.join(LinkPurpose)}])([0-9]{{1,18}})(?:-([0-9]{{1,18}})-([0-9]{{1,18}}))?"
)
_SIGNED_ID_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9_-]){_SIGNED_ID.pattern}(?![A-Za-z0-9_-])")
_MOST_TRIED = 50  # different signed ids in one text
_LINKS = re.compile(rf"({'|'.join(map(re.escape, sorted(set(PATHS.values()))))})[^\s/?#]+")


@dataclass(frozen=True, slots=True)
class Grant:
    """The content of a signed id: a purpose, and the id of the row that it applies to.

    `address` is a number that stands for the address to which the link was mailed, and `mailed` the time of the mail in
    seconds since 1970; both are 0 if the link does not depend on them.
    """

    purpose: LinkPurpose
    row_id: int
    address: int = 0
    mailed: int = 0

    @property
    def payload(self) -> str:
        """The grant as text."""
        mail = f"-{self.address}-{self.mailed}" if self.address or self.mailed else ""
        return f"{self.purpose}{self.row_id}{mail}"


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Makes the signed links to this service's pages; `base_url` has no final slash."""

    base_url: str
    key: bytes = field(repr=False)

    @property
    def allows_one_click(self) -> bool:
        """Whether mail may offer one-click unsubscribing (RFC 8058): only with HTTPS, or with pages on loopback."""
        return _is_secure(self.base_url)

    def unsubscribe_all_urls(self, subscriber_ids: Iterable[int]) -> list[str]:
        """Return, for each subscriber, the URL of the page that ends all mail to them."""
        return self._urls(LinkPurpose.UNSUBSCRIBE_ALL, subscriber_ids)

    def unsubscribe_one_urls(self, subscription_ids: Iterable[int]) -> list[str]:
        """Return, for each subscription, the URL of the page that ends it."""
        return self._urls(LinkPurpose.UNSUBSCRIBE_ONE, subscription_ids)

    def manage_urls(self, mails: Iterable[tuple[int, int, int]]) -> list[str]:
        """Return, for each mail, the URL of the page that opens a session.

        A mail is given by the id of the subscriber, the number of the address, and the time, as in a Grant.
        """
        return self._signed([Grant(LinkPurpose.MANAGE, *mail) for mail in mails])

    def digest_urls(self, delivery_ids: Iterable[int]) -> list[str]:
        """Return, for each delivery, the URL of the web copy of its digest."""
        return self._urls(LinkPurpose.DIGEST, delivery_ids)

    def vote_urls(self, delivery_ids: Iterable[int]) -> list[str]:
        """Return, for each delivery, the URL of the page for voting, without its end: a slash and the id of a paper.

        All papers of a mail share one signed id, so that a card can be cached together with the end of its URL.
        """
        return self._urls(LinkPurpose.VOTE, delivery_ids)

    def url(self, grant: Grant) -> str:
        """Return the URL of the page that does what a grant allows."""
        (url,) = self._signed([grant])
        return url

    def _signed(self, grants: Sequence[Grant]) -> list[str]:
        signed_ids = _signed_ids(self.key, [grant.payload for grant in grants])
        return [self.base_url + PATHS[grant.purpose] + signed for grant, signed in zip(grants, signed_ids, strict=True)]

    def _urls(self, purpose: LinkPurpose, row_ids: Iterable[int]) -> list[str]:
        base, letter = self.base_url + PATHS[purpose], purpose.value
        return [base + signed for signed in _signed_ids(self.key, [f"{letter}{row_id}" for row_id in row_ids])]


def unsubscribe_ids(key: bytes, subscriber_ids: Iterable[int]) -> list[str]:
    """Return, for each subscriber, the signed id that ends all mail to them, as in their unsubscribe link."""
    return _signed_ids(key, [f"{LinkPurpose.UNSUBSCRIBE_ALL}{subscriber_id}" for subscriber_id in subscriber_ids])


def sign(key: bytes, grant: Grant) -> str:
    """Return the signed id of a grant; the same key and grant always give the same id."""
    (signed,) = _signed_ids(key, [grant.payload])
    return signed


def verify(key: bytes, signed_id: str) -> Grant | None:
    """Return the grant of a signed id; None if `sign` did not make the id with this key.

    The grant is signed again, and the whole ids are compared in constant time. So no other spelling of an id passes,
    such as one with leading zeros.
    """
    found = _SIGNED_ID.fullmatch(signed_id)
    if found is None:
        return None
    grant = Grant(LinkPurpose(found[1]), int(found[2]), int(found[3] or 0), int(found[4] or 0))
    return grant if hmac.compare_digest(sign(key, grant), signed_id) else None


def grants_in(key: bytes, text: str) -> tuple[list[Grant], bool]:
    """Return the grants whose signed ids a text holds, and whether it also holds an id that `sign` did not make."""
    different = dict.fromkeys(found[0] for found in _SIGNED_ID_IN_TEXT.finditer(text))
    found = [verify(key, each) for each in islice(different, _MOST_TRIED)]
    return [grant for grant in found if grant], None in found


def redact_links(text: str) -> str:
    """Return `text` with the signed id of every link replaced by an ellipsis."""
    return _LINKS.sub(r"\1…", text)


@lru_cache(8)
def _is_secure(base_url: str) -> bool:
    return _SECURE.match(base_url) is not None


def _signed_ids(key: bytes, payloads: Sequence[str]) -> list[str]:
    """Return the signed id of each payload.

    MAC_BYTES is a multiple of three, so base64 needs no padding, and all MACs can be encoded in one call.
    """
    macs = b2a_base64(b"".join(_macs(key, payloads)), newline=False).translate(_URL_SAFE).decode()
    return [macs[index * MAC_LENGTH : (index + 1) * MAC_LENGTH] + payload for index, payload in enumerate(payloads)]


def _macs(key: bytes, payloads: Iterable[str]) -> Iterator[bytes]:
    """Yield the HMAC-SHA256 of each payload, cut to MAC_BYTES.

    The values equal those of the `hmac` module. This function takes less than half the time of that module, which
    matters because each digest holds several links.
    """
    inner_start, outer_start = _keyed_hashes(key)
    for payload in payloads:
        inner, outer = inner_start.copy(), outer_start.copy()
        inner.update(payload.encode())
        outer.update(inner.digest())
        yield outer.digest()[:MAC_BYTES]


@lru_cache(8)
def _keyed_hashes(key: bytes) -> tuple[_Hash, _Hash]:
    """Return the inner and the outer hash, fed with the key but with no message yet (RFC 2104, section 4)."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    return sha256(block.translate(_INNER_PAD)), sha256(block.translate(_OUTER_PAD))
