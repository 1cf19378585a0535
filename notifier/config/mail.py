"""Declare the keys of `[mail]`, `[maildir]` and `[smtp]`, and the rules that they must satisfy."""

from __future__ import annotations

import re
from email.utils import getaddresses, parseaddr
from ipaddress import IPv6Address
from itertools import chain
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from notifier.address_form import check_local_part
from notifier.config.inbox import check_inbox
from notifier.config.table import ConfigTable
from notifier.config.values import ascii_address, ehlo_name, is_http_url, is_loopback

SLOWEST_RATE, FASTEST_RATE = 0.001, 1_000_000.0  # mails per second
LONGEST_SENDER = 320  # characters
LONGEST_POSTAL_ADDRESS = 300  # characters

_HOST = re.compile(r"[^\s@/\[\]\x00-\x20\x7f]{1,253}")


def _is_one_address(text: str) -> bool:
    """Return whether a text is one address, with or without a name, and parsing it changes and loses nothing."""
    found = getaddresses([text])
    read = "".join(chain.from_iterable(found))
    return (
        len(found) == 1
        and found[0][1] in text
        and sorted(filter(str.isalnum, text)) == sorted(filter(str.isalnum, read))
    )


def _is_ipv6_address(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


class MailConfig(ConfigTable):
    """The sender of all mail, how the mail is sent, and texts that each mail contains."""

    sender: str = "Daily Papers <papers@localhost>"
    envelope: str = ""  # if empty, bounces go to the sender's address
    transport: Literal["maildir", "smtp"] = "maildir"
    templates: Path | None = None
    postal_address: str = ""
    title_search: str = "https://arxiv.org/search/?searchtype=title&query="
    inbox: str = ""  # the mailbox with returned messages and replies; empty if notifier does not read them
    inbox_password: SecretStr = SecretStr("")
    inbox_password_file: Path | None = None
    inbox_ca_file: Path | None = None
    soft_bounces: int = Field(default=4, ge=1, le=1000)
    soft_days: int = Field(default=30, ge=1, le=365)

    @field_validator("inbox")
    @classmethod
    def _check_inbox(cls, inbox: str) -> str:
        check_inbox(inbox)
        return inbox

    @model_validator(mode="after")
    def _check_soft_bounces(self) -> Self:
        """Return the table. Raises ValueError if no subscriber could ever reach `soft_bounces`."""
        if self.soft_bounces > self.soft_days:
            raise ValueError("soft_bounces counts days, so it cannot be more than soft_days")
        return self

    @field_validator("title_search")
    @classmethod
    def _check_title_search(cls, url: str) -> str:
        if not is_http_url(url):
            raise ValueError("write the URL of a search, to which a title can be appended")
        return url

    @field_validator("postal_address")
    @classmethod
    def _check_postal_address(cls, address: str) -> str:
        if not address.isprintable() or len(address) > LONGEST_POSTAL_ADDRESS:
            raise ValueError(f"write it in one line of at most {LONGEST_POSTAL_ADDRESS} characters")
        return address

    @field_validator("sender")
    @classmethod
    def _check_sender(cls, sender: str) -> str:
        """Return the sender with its domain in ASCII. Raises ValueError if no mail could have this sender."""
        address = parseaddr(sender)[1]
        if "@" not in address or not sender.isprintable() or len(sender) > LONGEST_SENDER:
            raise ValueError(f"write it as Name <address@example.org>, at most {LONGEST_SENDER} characters")
        if not _is_one_address(sender):
            raise ValueError(
                "write one address; a name with a character such as a comma or a colon needs quotation marks, as in "
                """'"Papers, daily" <papers@example.org>'"""
            )
        domain = address.rpartition("@")[2]
        in_ascii = ascii_address(address)
        check_local_part(in_ascii)
        return in_ascii.rpartition("@")[2].join(sender.rsplit(domain, 1))

    @field_validator("envelope")
    @classmethod
    def _check_envelope(cls, envelope: str) -> str:
        """Return the bounce address with its domain in ASCII. Raises ValueError if it is not an address."""
        in_ascii = ascii_address(envelope) if envelope else envelope
        check_local_part(in_ascii)
        return in_ascii

    @property
    def address(self) -> str:
        """The address of the sender, without the name."""
        return parseaddr(self.sender)[1]

    @property
    def brand(self) -> str:
        """The sender's name, which mails and feeds also show; "Daily Papers" if the sender has no name."""
        return parseaddr(self.sender)[0] or "Daily Papers"

    @property
    def envelope_sender(self) -> str:
        """The address of MAIL FROM, to which bounces go."""
        return self.envelope or self.address


class MaildirConfig(ConfigTable):
    """The folder that mail is written to with `transport = "maildir"`."""

    folder: Path = Path("var/mail")


class SmtpConfig(ConfigTable):
    """The relay that mail is sent to with `transport = "smtp"`, and how fast."""

    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    ca_file: Path | None = None
    hello: str = ""  # if empty, the machine's full name or its address
    lanes: int = Field(default=4, ge=1, le=100)
    rate_per_second: float = 0  # 0 means no limit, for both rates
    rate_per_day: int = Field(default=0, ge=0, le=1_000_000_000)

    @field_validator("host")
    @classmethod
    def _check_host(cls, host: str) -> str:
        if not _HOST.fullmatch(host) or (":" in host and not _is_ipv6_address(host)):
            raise ValueError(
                "write the name or the address of the relay alone, without a port or brackets, such as "
                "mail.example.org or 2001:db8::1"
            )
        return host

    @field_validator("rate_per_second")
    @classmethod
    def _check_rate(cls, rate: float) -> float:
        if rate and not SLOWEST_RATE <= rate <= FASTEST_RATE:
            raise ValueError(f"use 0 for no limit, or a number from {SLOWEST_RATE} to {FASTEST_RATE:.0f}")
        return rate

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        """Return the table. Raises ValueError if a password would cross a network in clear text."""
        if self.tls == "none" and self.username and not is_loopback(self.host):
            raise ValueError(
                'with tls = "none", the password would be sent in clear text; use "starttls" or "tls", or no username'
            )
        return self

    @field_validator("hello")
    @classmethod
    def _check_hello(cls, hello: str) -> str:
        """Return the name for EHLO with its domain in ASCII. Raises ValueError if it is no name and no address."""
        return ehlo_name(hello) if hello else hello
