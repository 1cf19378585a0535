"""Declare the keys of `[fetching]`: how requests to other servers are made."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from notifier.address_form import ascii_domain
from notifier.config.table import ConfigTable
from notifier.config.values import has_usable_port

LONGEST_CONTACT = 200  # characters

_CONTACT = re.compile(r"[ !-'*-\[\]-~]*")  # no parentheses and no backslash: a header has the contact in parentheses
_HOST = re.compile(r"[a-z0-9._-]{1,253}")
_PROXY = re.compile(
    r"https?://(?:[^\s/?#@]{1,200}@)?(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?/?"
)


class FetchingConfig(ConfigTable):
    """The settings of requests to other servers, and of the folder for fetched documents."""

    contact: str = ""  # if empty, the base_url of the pages, or else the sender's address
    proxy: SecretStr = SecretStr("")  # it may hold a password
    proxy_file: Path | None = None
    allow_http: tuple[str, ...] = ()
    allow_private: tuple[str, ...] = ()
    ca_file: Path | None = None
    file_mb: int = Field(default=64, ge=1, le=4096)  # the largest response
    seconds: float = Field(default=120, ge=1, le=3600)  # the timeout of one request with its response
    folder: Path = Path("var/fetched")

    @field_validator("contact")
    @classmethod
    def _check_contact(cls, contact: str) -> str:
        if len(contact) > LONGEST_CONTACT or not _CONTACT.fullmatch(contact):
            raise ValueError(
                f"write a URL or an email address in ASCII, without parentheses, at most {LONGEST_CONTACT} characters"
            )
        return contact

    @field_validator("proxy")
    @classmethod
    def _check_proxy(cls, proxy: SecretStr) -> SecretStr:
        """Return the proxy. Raises ValueError if it is no URL; the message does not quote it."""
        url = proxy.get_secret_value()
        if url and not (_PROXY.fullmatch(url) and has_usable_port(url)):
            raise ValueError("write it like http://proxy.example.org:3128, or http://USER:PASSWORD@HOST:PORT")
        return proxy

    @field_validator("allow_http", "allow_private")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Return the hosts in lower case and ASCII. Raises ValueError if one is not a host."""
        return tuple(map(_host, hosts))

    @property
    def max_response_bytes(self) -> int:
        """The largest size that a response may have."""
        return self.file_mb << 20


def _host(written: str) -> str:
    """Return the canonical form of a host name or an IP address. Raises ValueError if it is neither."""
    host = ascii_domain(written.strip("[]").rstrip("."))
    with suppress(ValueError):
        return str(ip_address(host))
    if not _HOST.fullmatch(host):
        raise ValueError(
            "write only host names or IP addresses, such as papers.example.org or 192.0.2.1, without a port"
        )
    return host
