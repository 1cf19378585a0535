"""Email addresses: the one entrance where they are checked, and their form in ASCII."""

import re
from functools import lru_cache

import idna
from email_validator import EmailNotValidError, validate_email

from notifier.errors import ComposeError, UsageError
from notifier.text.harmless import inert

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9.-]+|\[[A-Za-z0-9.:]+\])")


def parse_address(text: str) -> str:
    """The address in its normal form (domain in lower case); raises UsageError where it is none.

    Domains of one's own network (`localhost`, `.test`) are addresses too: the service may serve one machine.
    """
    try:
        checked = validate_email(
            text.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
            allow_smtputf8=False,
        )
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is not an email address: {error}") from None
    return checked.normalized


def address_key(address: str) -> str:
    """What two spellings of one reader's address share; servers that tell `Ann` from `ann` apart are a theory."""
    return address.casefold()


@lru_cache(64)  # a mail needs its recipient's three times, and every mail its sender's
def ascii_address(address: str) -> str:
    """Return an address in ASCII, an international domain by IDNA 2008. Raises ComposeError if it has no such form."""
    return address if _ADDRESS.fullmatch(address) else _encoded_address(address)


def _encoded_address(address: str) -> str:
    if address != inert(address):
        raise ComposeError(f"the address {inert(address)!r} holds control characters; remove them")
    local, _, domain = address.rpartition("@")
    try:
        encoded = f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise ComposeError(f"no mail can go to or from {address!r}: its domain is none ({error})") from None
    if not _ADDRESS.fullmatch(encoded):
        raise ComposeError(f"no mail can go to or from {address!r}: write an address such as name@example.org")
    return encoded
