"""Write addresses as SMTP and headers need them.

An international domain is written in Punycode (RFC 5890). Before the @, only the address of a recipient may have
characters beyond ASCII. Mail to such an address needs a relay that supports SMTPUTF8 (RFC 6531).
"""

from __future__ import annotations

import re

LONGEST_LOCAL_PART = 64  # octets before the @ (RFC 5321, section 4.5.3.1.1)
LONGEST_ADDRESS = 254  # octets, not counting the angle brackets (RFC 5321, section 4.5.3.1.3)

# Before the @ of an address with characters beyond ASCII (RFC 6531, section 3.3). Surrogates have no UTF-8.
_UTF8_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\ud7ff\ue000-\U0010ffff-]+")
_ASCII_ADDRESS = re.compile(r"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9.-]+|\[[A-Za-z0-9.:]+\])")


def ascii_form(address: str) -> str:
    """Return an address in ASCII, with its domain converted by IDNA 2008.

    Raises ValueError with the reason if the address has no such form, for example because of a letter before the @.
    """
    return address if _ASCII_ADDRESS.fullmatch(address) else _encoded(address)


def recipient_form(address: str) -> str:
    """Return an address with its domain in ASCII; before the @ it may have printable characters beyond ASCII.

    Raises ValueError with the reason if the address has no such form.
    """
    local, _, domain = address.rpartition("@")
    if local.isascii() or not (local.isprintable() and _UTF8_LOCAL_PART.fullmatch(local)):
        return ascii_form(address)
    return f"{local}@{ascii_form(f'x@{domain}').removeprefix('x@')}"


def check_local_part(address: str) -> None:
    """Raise ValueError if an address has more before the @ than SMTP can carry."""
    octets = len(address.rpartition("@")[0].encode(errors="surrogatepass"))
    if octets > LONGEST_LOCAL_PART:
        raise ValueError(
            f"before the @ it has {octets} bytes, and mail carries at most {LONGEST_LOCAL_PART}; use a shorter address"
        )


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII and lower case, with A-labels by IDNA 2008. Raises ValueError if it has no such form."""
    if domain.isascii():
        return domain.lower()
    import idna  # noqa: PLC0415 - most addresses are ASCII, and do not need it

    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError(f"its domain is not valid ({error})") from None


def _encoded(address: str) -> str:
    local, _, domain = address.rpartition("@")
    encoded = f"{local}@{domain if domain.isascii() else ascii_domain(domain)}"
    if not _ASCII_ADDRESS.fullmatch(encoded):
        raise ValueError("write an address such as name@example.org")
    return encoded
