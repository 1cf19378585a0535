"""Declare the keys of `[web]` and `[feeds]`, and the rules that they must satisfy."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, field_validator

from notifier.address_form import recipient_form
from notifier.config.table import ConfigTable
from notifier.config.values import has_usable_port, has_valid_host, is_http_url, is_loopback_url

LONGEST_BASE_URL = 200  # characters; so every link fits in one line of a mail header

_BASE_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


class FeedsConfig(ConfigTable):
    """The folder that feeds are written to, and the WebSub hub that is told when they change."""

    folder: Path = Path("var/feeds")
    hub: str = ""

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, url: str) -> str:
        if url and not is_http_url(url):
            raise ValueError("write the URL of a WebSub hub, such as https://pubsubhubbub.appspot.com/")
        return url


class WebConfig(ConfigTable):
    """The web pages: their public URL, and where the service listens."""

    base_url: str = ""  # if empty, mails contain no links to pages
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    trusted_proxies: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()
    curators: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    metrics_token_file: Path | None = None
    public_api: bool = False  # whether the API shows papers and topics without a token

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, base_url: str) -> str:
        if base_url and (len(base_url) > LONGEST_BASE_URL or not _BASE_URL.fullmatch(base_url)):
            raise ValueError(
                f"write it like https://papers.example.org, in ASCII, at most {LONGEST_BASE_URL} characters"
            )
        if base_url and not (has_usable_port(base_url) and has_valid_host(base_url)):
            raise ValueError("no link to this host and port can work; write it like https://papers.example.org:8443")
        return base_url.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _check_trusted_proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError("write IP addresses or networks, such as 127.0.0.1 or 10.0.0.0/8") from None
        return proxies

    @field_validator("embed")
    @classmethod
    def _check_embed(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("write origins without a path, such as https://group.example.org")
        return origins

    @field_validator("curators", "admins")
    @classmethod
    def _check_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Return each address once, with its domain in ASCII. Raises ValueError if one is no address."""
        try:
            return tuple(dict.fromkeys(map(recipient_form, addresses)))
        except ValueError:
            raise ValueError('write mail addresses, such as ["ann@example.org"]') from None

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the trusted proxies."""
        return tuple(map(ip_network, self.trusted_proxies))

    @property
    def is_public(self) -> bool:
        """Whether others than the users of this machine can reach the pages at their base URL."""
        return bool(self.base_url) and not is_loopback_url(self.base_url)

    @property
    def is_clear_text(self) -> bool:
        """Whether links, and with them sessions, travel unencrypted beyond this machine."""
        return self.base_url.startswith("http://") and not is_loopback_url(self.base_url)
