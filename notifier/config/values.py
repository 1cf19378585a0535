"""Check email addresses, URLs, database URLs and time zones of the config, and hide passwords."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from notifier.address_form import LONGEST_ADDRESS, ascii_form

SQLITE = "sqlite:///"
POSTGRESQL = "postgresql+psycopg://"
MAX_PORT = 65535
MAX_LABEL_LENGTH = 63  # characters between two dots of a domain (RFC 1035, section 2.3.4)

_LOOPBACK = re.compile(r"https?://(localhost|127(\.\d+){3}|\[::1\])(?=[:/]|$)", re.IGNORECASE)
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&]*+", re.IGNORECASE)
_HTTP_URL = re.compile(r"https?://[!-~]{1,300}")


def ascii_address(address: str) -> str:
    """Return an email address with its domain in ASCII. Raises ValueError if it has no such form or is too long."""
    try:
        encoded = ascii_form(address)
        _check_dots(encoded)
    except ValueError as error:
        raise ValueError(f"no mail can be sent from this address: {error}") from None
    if len(encoded) > LONGEST_ADDRESS:
        raise ValueError(f"this address is longer than {LONGEST_ADDRESS} characters")
    return encoded


def _check_dots(address: str) -> None:
    """Raise ValueError if an address has an empty part between dots, or a part of its domain is invalid."""
    local, _, domain = address.rpartition("@")
    if "" in local.split("."):
        raise ValueError("before the @, a dot must stand between two other characters")
    if domain.startswith("["):
        return
    labels = domain.split(".")
    if "" in labels:
        raise ValueError("its domain begins or ends with a dot, or has two dots in a row; remove a dot")
    if any(len(label) > MAX_LABEL_LENGTH or label.startswith("-") or label.endswith("-") for label in labels):
        raise ValueError(f"a part of its domain begins or ends with -, or has more than {MAX_LABEL_LENGTH} characters")


def is_http_url(url: str) -> bool:
    """Return whether a text looks like an http or https URL, in ASCII and not too long."""
    return _HTTP_URL.fullmatch(url) is not None


def ehlo_name(name: str) -> str:
    """Return a name for EHLO: a domain in ASCII, or an address literal. Raises ValueError if it is neither."""
    try:
        if not name.startswith("["):
            return ascii_address(f"x@{name}").removeprefix("x@")
        kind, address = (IPv6Address, name[6:-1]) if name.lower().startswith("[ipv6:") else (IPv4Address, name[1:-1])
        kind(address)
        if name.endswith("]") and "%" not in name:
            return name
    except ValueError:
        pass
    raise ValueError("write the full name of this machine, such as mail.example.org, or its address as [192.0.2.1]")


def check_database_url(url: str) -> None:
    """Raise ValueError if notifier cannot use the URL of a database."""
    if url.startswith(SQLITE):
        # SQLAlchemy reads options after a question mark in the name of the file. A question mark in the name of a
        # folder is allowed.
        name, _, options = url.removeprefix(SQLITE).rpartition("/")[2].partition("?")
        if not name or "=" in options:
            raise ValueError("write the name of a file after sqlite:///, without options")
    elif not url.startswith(POSTGRESQL):
        raise ValueError("use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE")
    elif url.partition("?")[0].count("@") > 1:
        # SQLAlchemy would take the rest of the password for the host.
        raise ValueError("write an @ of the password as %40")
    elif not _has_usable_database_ports(url):
        # The message does not quote the port: if the host is missing in the URL, the password stands in its place.
        raise ValueError(
            "its port is no number from 1 to 65535; write USER:PASSWORD@HOST:PORT, "
            "and in a password %40 for @, %3A for :, %2F for / and %25 for %"
        )


def _has_usable_database_ports(url: str) -> bool:
    """Return whether SQLAlchemy can read the URL of a database, and whether all ports in it are valid.

    A URL may name several hosts, each with its port, in the parameters `host` and `port`.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parts = make_url(url)
        given = parts.query.get("port") or ()
        further = [given] if isinstance(given, str) else given
        ports = [int(port) for each in further for port in each.split(",")]
    except (ValueError, ArgumentError):
        return False
    return all(1 <= port <= MAX_PORT for port in [*ports, 1 if parts.port is None else parts.port])


def has_usable_port(url: str) -> bool:
    """Return whether a URL has a valid port, or none."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def has_valid_host(url: str) -> bool:
    """Return whether the host of a URL is an IPv6 address, or all its parts between dots may be in a host name."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    labels = host.split(".")
    return ":" in host or all(
        label and len(label) <= MAX_LABEL_LENGTH and not label.startswith("-") and not label.endswith("-")
        for label in labels
    )


def is_loopback(host: str) -> bool:
    """Return whether a host name or IP address is that of this machine, without resolving it."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def without_password(url: str) -> str:
    """Return a URL with `***` in place of the password.

    A password may hold `@` and other characters that should have been encoded, so it ends at the last `@`.
    """
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    return _PASSWORD_PARAMETER.sub(r"\1***", f"{scheme}://{user}{':***' if colon else ''}{at}{place}")


def is_storable(text: str) -> bool:
    """Return whether a text is free of NUL characters and of bytes that are not UTF-8."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


@cache
def zone_names() -> dict[str, str]:
    """Return IANA's names of time zones by their case-folded forms.

    The names are read from IANA's list, because a system's folder of zones holds other files too, such as `localtime`
    and `posixrules`.
    """
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.casefold(): name for name in names if name != "Factory"}  # Factory means an unset zone


def is_loopback_url(url: str) -> bool:
    """Return whether the host of an http or https URL is this machine."""
    return _LOOPBACK.match(url) is not None
