"""What mails hold of their readers alone, worked out for many at once: no two mails share it, so each pays for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import escape

from notifier.errors import ComposeError
from notifier.mail.headers import MailSettings, WaysOut, ascii_address
from notifier.mail.quoted_printable import block, usual_blocks
from notifier.models import Digest
from notifier.signing import LinkSigner
from notifier.text.harmless import inert

# What is a reader's own in a letter, by its numbers; then comes the unsubscribe_page of each group.
OWN = ("recipient", "unsubscribe_url", "unsubscribe_page")

_UNRESERVED = re.compile(r"[A-Za-z0-9._~@-]+")  # of RFC 3986, section 2.3, and what parts an address

Values = tuple[str, ...]


class Own(NamedTuple):
    """What a mail holds of its reader alone: values as OWN numbers them, and as blocks, for HTML escaped."""

    values: Values
    blocks: list[bytes]
    escaped: list[bytes]

    @property
    def out(self) -> WaysOut:
        """How the reader leaves."""
        return WaysOut(self.values[1], self.values[2])


def own_of(digest: Digest, sender: MailSettings) -> Own:
    """What the mail of a digest holds of its reader alone. Raises ComposeError for an address that is none."""
    (own,) = owns_of([digest], sender)
    if isinstance(own, ComposeError):
        raise own
    return own


def owns_of(digests: Sequence[Digest], sender: MailSettings) -> list[Own | ComposeError]:
    """As `own_of`, for each of these."""
    found = [
        _values(digest, pages, sender) for digest, pages in zip(digests, _pages(digests, sender.pages), strict=True)
    ]
    owns = iter(owned([each for each in found if not isinstance(each, ComposeError)]))
    return [each if isinstance(each, ComposeError) else next(owns) for each in found]


def owned(values: Sequence[Values]) -> list[Own]:
    """The values of each mail, and their blocks."""
    usual = usual_blocks(list(chain.from_iterable(values)))
    if usual is not None:
        blocks = iter(usual)
        return [_same_in_both(each, list(islice(blocks, len(each)))) for each in values]
    if len(values) > 1:
        return [own for each in values for own in owned([each])]
    return [Own(each, [block(value) for value in each], [block(escape(value)) for value in each]) for each in values]


def _same_in_both(values: Values, blocks: list[bytes]) -> Own:
    return Own(values, blocks, blocks)


def _values(digest: Digest, pages: Iterable[str], sender: MailSettings) -> Values | ComposeError:
    try:
        return inert(digest.recipient), _mailto(sender.unsubscribe, digest.recipient), *pages
    except ComposeError as error:
        return error


def _pages(digests: Sequence[Digest], pages: LinkSigner | None) -> Iterator[tuple[str, ...]]:
    """For each digest where its reader leaves altogether, then where each of its subscriptions ends; empty: nowhere."""
    subscriptions = [section.subscription_id for each in digests for section in each.sections]
    of_readers = _links(pages.unsubscribe_all_urls if pages else _nowhere, [each.subscriber_id for each in digests])
    of_sections = iter(_links(pages.unsubscribe_one_urls if pages else _nowhere, subscriptions))
    for digest, page in zip(digests, of_readers, strict=True):
        yield page, *islice(of_sections, len(digest.sections))


def _links(pages: Callable[[list[int]], list[str]], ids: list[int | None]) -> list[str]:
    made = iter(pages([each for each in ids if each is not None]))
    return ["" if each is None else next(made) for each in ids]


def _nowhere(ids: list[int]) -> list[str]:
    return [""] * len(ids)


def _mailto(mailbox: str, recipient: str) -> str:
    """The mailto that asks to be left alone (RFC 6068); its subject names the reader, who may write from elsewhere."""
    address = ascii_address(recipient)
    encoded = address.replace("@", "%40") if _UNRESERVED.fullmatch(address) else quote(address, safe="")
    return _mailto_unsubscribe(mailbox) + encoded


@lru_cache(64)
def _mailto_unsubscribe(mailbox: str) -> str:
    return f"mailto:{quote(ascii_address(mailbox), safe='@+')}?subject={quote('unsubscribe ')}"
