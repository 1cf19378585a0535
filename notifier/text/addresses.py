"""Check and normalise email addresses before they are stored, and convert them to the forms of SMTP and links."""

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from unicodedata import normalize
from urllib.parse import quote

from notifier.address_form import ascii_domain, ascii_form, check_local_part, recipient_form
from notifier.errors import ComposeError, UsageError
from notifier.models import CHANNEL_PREFIX
from notifier.text.harmless import inert

_IN_TEXT = re.compile(r"[^\s@<>\"'(),;:\[\]]{1,64}@[^\s@<>\"'(),;:\[\]]{1,255}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~@-]+")  # the unreserved characters of RFC 3986, section 2.3, and `@`
_CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
CHANNEL_NAME_RULE = "write 1 to 40 small letters, digits and hyphens, such as lab or reading-group"
UNREADABLE = "\ufffd"  # what decoders put in the place of bytes that are no character


def parse_address(text: str) -> str:
    """Return the address in its normal form, with the domain in lower case. Raises UsageError if it is not valid.

    Domains of a local network (`localhost`, `.test`) are valid, because the service may serve a single machine. So are
    letters beyond ASCII before the @ (SMTPUTF8), because the relay may support them.
    """
    from email_validator import EmailNotValidError, validate_email

    if UNREADABLE in text:
        raise UsageError(f"{text!r} is not an email address: a character of it could not be read; type it again")
    try:
        checked = validate_email(
            text.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is not an email address: {error}") from None
    return checked.normalized


def parse_new_address(text: str) -> str:
    """Return the normal form of an address that is not stored yet. Raises UsageError if it is not valid or too long.

    `parse_address` is for addresses that are looked up: an older version may have stored one that is too long.
    """
    address = parse_address(text)
    try:
        check_local_part(address)
    except ValueError as error:
        raise UsageError(f"{text!r} is not an email address: {error}") from None
    return address


def is_channel_name(text: str) -> bool:
    """Return whether a channel can have this name."""
    return _CHANNEL_NAME.fullmatch(text) is not None


def parse_recipient(text: str, parse: Callable[[str], str] = parse_address) -> str:
    """Return `channel:` and the name of a channel in its normal form, or else an address as `parse` returns it.

    Only operators may name channels. Raises UsageError if the text is neither.
    """
    start, name = text.strip()[: len(CHANNEL_PREFIX)], text.strip()[len(CHANNEL_PREFIX) :]
    if start.lower() != CHANNEL_PREFIX:
        return parse(text)
    if not is_channel_name(name.lower()):
        raise UsageError(f"{text!r} does not name a channel; {CHANNEL_NAME_RULE}")
    return f"{CHANNEL_PREFIX}{name.lower()}"


def address_key(address: str) -> str:
    """Return a key that all spellings of one subscriber's address share, and that no other address has.

    RFC 5321 section 2.4 allows a server to distinguish `Ann` from `ann`; in practice no server does. Two domains are
    the same if their A-labels are (RFC 5890, section 2.3.2.4): `straße.example` and `strasse.example` differ.
    """
    return address.lower() if address.isascii() else _international_key(address)


def address_number(address: str) -> int:
    """Return a number that all spellings of one address share; the chance that another address has it is 1 in 2**32."""
    return int.from_bytes(sha256(address_key(address).encode()).digest()[:4], "big") or 1


def _international_key(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        domain = ascii_domain(domain)
    except ValueError:  # an address that an older version stored, and to which no mail can go
        domain = domain.lower()
    return f"{normalize('NFC', local.lower())}@{domain}"


@lru_cache(64)  # every mail needs the sender's address, and its recipient's address three times
def ascii_address(address: str) -> str:
    """Return an address with its domain in ASCII (IDNA 2008). Raises ComposeError if it has no such form."""
    return _converted(address, ascii_form)


@lru_cache(64)
def recipient_address(address: str) -> str:
    """Return the address of a recipient with its domain in ASCII; before the @ it may have letters beyond ASCII.

    Raises ComposeError if it has no such form.
    """
    return _converted(address, recipient_form)


def _converted(address: str, form: Callable[[str], str]) -> str:
    if address != inert(address):
        raise ComposeError(f"the address {inert(address)!r} holds control characters; remove them")
    try:
        return form(address)
    except ValueError as error:
        raise ComposeError(f"no mail can go to or from {address!r}: {error}") from None


def unsubscribe_mailto(mailbox: str, recipient: str, signed_id: str = "") -> str:
    """Return the mailto URL (RFC 6068) of a mail that asks to unsubscribe.

    The subject of that mail names the subscriber, because the mail may come from another address. If a signed id is
    given, the subject holds it too. It proves that the sender has a mail that went to the subscriber.

    Raises ComposeError for an address that no mail can go to.
    """
    address = recipient_address(recipient)
    encoded = address.replace("@", "%40") if _UNRESERVED.fullmatch(address) else quote(address, safe="")
    return f"{_mailto_subject(mailbox)}{encoded}%20{signed_id}" if signed_id else _mailto_subject(mailbox) + encoded


@lru_cache(64)
def _mailto_subject(mailbox: str) -> str:
    return f"mailto:{quote(ascii_address(mailbox), safe='@+')}?subject={quote('unsubscribe ')}"


def without_addresses(text: str) -> str:
    """Return a text in which each address is replaced by `...`."""
    return _IN_TEXT.sub("...", text)
