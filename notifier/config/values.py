"""Check addresses and time zones, for the rules of the keys, and hide passwords."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from notifier.address_form import LONGEST_ADDRESS, ascii_form

LONGEST_LABEL = 63  # letters between two dots of a domain (RFC 1035, section 2.3.4)

_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&]*+", re.IGNORECASE)


def ascii_address(address: str) -> str:
    """Return an address with its domain in ASCII. Raises ValueError if it has no such form or is too long."""
    try:
        encoded = ascii_form(address)
        _check_dots(encoded)
    except ValueError as error:
        raise ValueError(f"no mail can be sent from this address: {error}") from None
    if len(encoded) > LONGEST_ADDRESS:
        raise ValueError(f"this address is longer than {LONGEST_ADDRESS} letters")
    return encoded


def _check_dots(address: str) -> None:
    """Raise ValueError if a dot in an address has nothing before or after it, or a part of the domain is no name."""
    local, _, domain = address.rpartition("@")
    if "" in local.split("."):
        raise ValueError("before the @, a dot must stand between two other characters")
    if domain.startswith("["):
        return
    labels = domain.split(".")
    if "" in labels:
        raise ValueError("its domain begins or ends with a dot, or has two dots in a row; remove a dot")
    if any(len(label) > LONGEST_LABEL or label.startswith("-") or label.endswith("-") for label in labels):
        raise ValueError(f"a part of its domain begins or ends with -, or has more than {LONGEST_LABEL} letters")


def is_time_zone(name: str) -> bool:
    """Return whether `zoneinfo.available_timezones` lists the name, without reading all of the zones."""
    if name.startswith(("posix/", "right/")) or name == "posixrules":
        return False  # other forms of the same zones
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def without_password(url: str) -> str:
    """Return a URL with `***` in place of the password.

    A password may hold `@` and other characters that should have been encoded, so it ends at the last `@`.
    """
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    return _PASSWORD_PARAMETER.sub(r"\1***", f"{scheme}://{user}{':***' if colon else ''}{at}{place}")
