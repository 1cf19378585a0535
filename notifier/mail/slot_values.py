"""Make the values for the slots of a mail, which differ from mail to mail: the address, and links to pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from typing import NamedTuple, TypeVar

from markupsafe import escape

from notifier.errors import ComposeError
from notifier.mail.headers import MailSettings, UnsubscribeLinks
from notifier.mail.quoted_printable import block, simple_blocks
from notifier.models import Digest
from notifier.signing import LinkSigner, unsubscribe_ids
from notifier.text.addresses import address_number, unsubscribe_mailto
from notifier.text.harmless import inert

T = TypeVar("T")

# The pages that end all mail to the subscriber, that open a session for them, that show the digest on the web, and on
# which they vote for a paper of it. The card adds a slash and the id of the paper to the last of them.
PAGES = ("unsubscribe_page", "manage_page", "digest_page", "vote_page")


class EncodedSlotValues(NamedTuple):
    """The slot values of one mail as blocks of the plain text and of the HTML, by the names of the slots."""

    text: dict[str, bytes]
    html: dict[str, bytes]
    links: UnsubscribeLinks


@cache
def section_page(number: int) -> str:
    """Return the name of the slot for the page of a section; sections are numbered from 0."""
    return f"section_page_{number}"


def slot_values(digests: Sequence[Digest], settings: MailSettings) -> list[dict[str, str] | ComposeError]:
    """Return for each digest the values of its slots by name, or the error that says why no mail can be sent.

    `unsubscribe_url` is a mailto URL. Each page in `PAGES` has a slot for its URL. For each section,
    the slot `section_page(number)` has the URL of the page that ends its subscription. A URL is empty if there is
    no such page.
    """
    found: list[dict[str, str] | ComposeError] = []
    pages_of_all = _pages(digests, settings.link_signer)
    for digest, pages, signed in zip(digests, pages_of_all, _signed_ids(digests, settings.key), strict=True):
        try:
            mailto = unsubscribe_mailto(settings.unsubscribe_mailbox, digest.recipient, signed)
        except ComposeError as error:
            found.append(error)
        else:
            found.append({"recipient": inert(digest.recipient), "unsubscribe_url": mailto, **pages})
    return found


def encoded_values(many: Sequence[Mapping[str, str]]) -> list[EncodedSlotValues]:
    """Return the encoded slot values of several mails.

    They are encoded together, which is faster, or one by one if any of them is not simple ASCII.
    """
    together = simple_blocks([value for values in many for value in values.values()])
    if together is None:
        in_text = [{slot: block(value) for slot, value in values.items()} for values in many]
        in_html = [{slot: block(escape(value)) for slot, value in values.items()} for values in many]
    else:
        blocks = iter(together)
        in_text = in_html = [dict(zip(values, islice(blocks, len(values)), strict=True)) for values in many]
    return [
        EncodedSlotValues(text, html, UnsubscribeLinks(values["unsubscribe_url"], values["unsubscribe_page"]))
        for values, text, html in zip(many, in_text, in_html, strict=True)
    ]


def _pages(digests: Sequence[Digest], signer: LinkSigner | None) -> Iterable[dict[str, str]]:
    """Return for each digest the URLs of its pages by slot.

    All links of one purpose are signed together, which takes half as long as signing them one by one.
    """
    if signer is None:
        return [dict.fromkeys(_page_slots(digest), "") for digest in digests]
    ids = [digest.subscriber_id for digest in digests]
    deliveries = [digest.delivery_id for digest in digests]
    # Nobody votes by the mail of an erased subscriber.
    voters = [digest.delivery_id if digest.subscriber_id is not None else None for digest in digests]
    mails = [
        None
        if digest.subscriber_id is None
        else (digest.subscriber_id, address_number(digest.recipient), int(digest.planned_at.timestamp()))
        for digest in digests
    ]
    whole = zip(
        _links(signer.unsubscribe_all_urls, ids),
        _links(signer.manage_urls, mails),
        _links(signer.digest_urls, deliveries),
        _links(signer.vote_urls, voters),
        strict=True,
    )
    subscriptions = [section.subscription_id for digest in digests for section in digest.sections]
    sections = iter(_links(signer.unsubscribe_one_urls, subscriptions))
    return [
        dict(zip(_page_slots(digest), [*urls, *islice(sections, len(digest.sections))], strict=True))
        for digest, urls in zip(digests, whole, strict=True)
    ]


def _signed_ids(digests: Sequence[Digest], key: bytes) -> Iterable[str]:
    """Return for each digest the signed id that ends all mail to its subscriber; empty if there is no subscriber."""
    if not key:
        return [""] * len(digests)
    return _links(partial(unsubscribe_ids, key), [digest.subscriber_id for digest in digests])


def _page_slots(digest: Digest) -> Iterable[str]:
    return [*PAGES, *map(section_page, range(len(digest.sections)))]


def _links(sign: Callable[[list[T]], list[str]], ids: Sequence[T | None]) -> list[str]:
    """Return a link for each id; it is empty if the id is None."""
    signed = iter(sign([each for each in ids if each is not None]))
    return ["" if each is None else next(signed) for each in ids]
