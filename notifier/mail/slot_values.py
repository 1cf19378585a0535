"""The values for the slots of a mail, which differ from mail to mail: address and unsubscribe links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import escape

from notifier.errors import ComposeError
from notifier.mail.headers import MailSettings, UnsubscribeLinks
from notifier.mail.quoted_printable import block, simple_blocks
from notifier.models import Digest
from notifier.signing import LinkSigner
from notifier.text.addresses import ascii_address, recipient_address
from notifier.text.harmless import inert

_UNRESERVED = re.compile(r"[A-Za-z0-9._~@-]+")  # the unreserved characters of RFC 3986, section 2.3, and `@`


class SlotValues(NamedTuple):
    """The values for the slots of one mail.

    `unsubscribe_url` is a mailto URL. `unsubscribe_page` is the URL of the page that ends all mail to the subscriber.
    `section_pages` holds, for each section, the URL of the page that ends its subscription. `manage_page` is the URL of
    the page that opens a session for the subscriber. A URL is empty if there is no such page.
    """

    recipient: str
    unsubscribe_url: str
    unsubscribe_page: str
    section_pages: Sequence[str]
    manage_page: str = ""


class EncodedSlotValues(NamedTuple):
    """The slot values of one mail as blocks of the plain text and of the HTML, by the names of the slots."""

    text: dict[str, bytes]
    html: dict[str, bytes]
    links: UnsubscribeLinks


@cache
def section_page(number: int) -> str:
    """Return the name of the slot for the page of a section; sections are numbered from 0."""
    return f"section_page_{number}"


def slot_values(digests: Sequence[Digest], settings: MailSettings) -> list[SlotValues | ComposeError]:
    """Return for each digest its slot values, or the error that says why no mail can go to its recipient."""
    found: list[SlotValues | ComposeError] = []
    pages = _pages(digests, settings.pages)
    for digest, (page, manage_page, *section_pages) in zip(digests, pages, strict=True):
        try:
            mailto = _unsubscribe_mailto(settings.unsubscribe, digest.recipient)
        except ComposeError as error:
            found.append(error)
        else:
            found.append(SlotValues(inert(digest.recipient), mailto, page, section_pages, manage_page))
    return found


def encoded_values(many: Sequence[SlotValues]) -> list[EncodedSlotValues]:
    """Return the encoded slot values of several mails.

    They are encoded together, which is faster, or one by one if any of them is not simple ASCII.
    """
    by_slot = [_by_slot(values) for values in many]
    together = simple_blocks([value for values in by_slot for value in values.values()])
    if together is None:
        in_text = [{slot: block(value) for slot, value in values.items()} for values in by_slot]
        in_html = [{slot: block(escape(value)) for slot, value in values.items()} for values in by_slot]
    else:
        blocks = iter(together)
        in_text = in_html = [dict(zip(values, islice(blocks, len(values)), strict=True)) for values in by_slot]
    return [
        EncodedSlotValues(text, html, UnsubscribeLinks(values.unsubscribe_url, values.unsubscribe_page))
        for values, text, html in zip(many, in_text, in_html, strict=True)
    ]


def _by_slot(values: SlotValues) -> dict[str, str]:
    """Return the values by the names of their slots."""
    by_slot = {section_page(number): page for number, page in enumerate(values.section_pages)}
    by_slot["recipient"] = values.recipient
    by_slot["unsubscribe_url"] = values.unsubscribe_url
    by_slot["unsubscribe_page"] = values.unsubscribe_page
    by_slot["manage_page"] = values.manage_page
    return by_slot


def _pages(digests: Sequence[Digest], signer: LinkSigner | None) -> Iterable[list[str]]:
    """Return for each digest the page that ends all mail, the page for signing in, and then the page of each section.

    All links are signed together, which takes half as long as signing them one by one.
    """
    if signer is None:
        return [[""] * (2 + len(digest.sections)) for digest in digests]
    ids = [digest.subscriber_id for digest in digests]
    subscribers = zip(_links(signer.unsubscribe_all_urls, ids), _links(signer.manage_urls, ids), strict=True)
    subscriptions = [section.subscription_id for digest in digests for section in digest.sections]
    sections = iter(_links(signer.unsubscribe_one_urls, subscriptions))
    return [
        [*pages, *islice(sections, len(digest.sections))] for pages, digest in zip(subscribers, digests, strict=True)
    ]


def _links(sign: Callable[[list[int]], list[str]], ids: Sequence[int | None]) -> list[str]:
    """Return a link for each id; it is empty if the id is None."""
    signed = iter(sign([each for each in ids if each is not None]))
    return ["" if each is None else next(signed) for each in ids]


def _unsubscribe_mailto(mailbox: str, recipient: str) -> str:
    """Return the mailto URL (RFC 6068) of a mail that asks to unsubscribe.

    The subject of that mail names the subscriber, because it may come from another address. Raises ComposeError for an
    address that no mail can go to.
    """
    address = recipient_address(recipient)
    encoded = address.replace("@", "%40") if _UNRESERVED.fullmatch(address) else quote(address, safe="")
    return _mailto_subject(mailbox) + encoded


@lru_cache(64)
def _mailto_subject(mailbox: str) -> str:
    return f"mailto:{quote(ascii_address(mailbox), safe='@+')}?subject={quote('unsubscribe ')}"
