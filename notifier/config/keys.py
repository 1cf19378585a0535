"""The keys of the config: their tables, their defaults, and the rules that single values must satisfy.

Every key has a default and is documented in `config.example.toml`.
"""

from __future__ import annotations

import re
from email.utils import getaddresses, parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain
from pathlib import Path
from string import Formatter
from typing import Literal, Self

from pydantic import Field, PrivateAttr, SecretStr, ValidationInfo, field_validator, model_validator

from notifier.address_form import check_local_part
from notifier.config.alerts import AlertsConfig
from notifier.config.fetching import FetchingConfig
from notifier.config.part import Part
from notifier.config.sources import SourceConfig, check_sources
from notifier.config.values import (
    SQLITE,
    ascii_address,
    check_database_url,
    has_usable_port,
    has_valid_host,
    hello_form,
    is_loopback,
    is_loopback_url,
    without_password,
    zone_names,
)
from notifier.models import Cadence

SLOWEST_RATE, FASTEST_RATE = 0.001, 1_000_000.0  # mails per second
LONGEST_BASE_URL = 200  # characters; so every link fits in one line of a mail header
LONGEST_SENDER = 320  # characters
LONGEST_SUBJECT = 200  # characters
LONGEST_POSTAL_ADDRESS = 300  # characters
SUBJECT_FIELDS = ("papers", "title", "period")

_BASE_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_HOST = re.compile(r"[^\s@/\x00-\x20\x7f]{1,253}")
_WEB_ADDRESS = re.compile(r"https?://[!-~]{1,300}")


class StoreConfig(Part):
    """The database."""

    url: str = "sqlite:///var/notifier.db"

    @field_validator("url")
    @classmethod
    def _check_database(cls, url: str) -> str:
        check_database_url(url)
        return url


class IngestConfig(Part):
    """The folder in which dumps arrive."""

    folder: Path = Path("var/dumps")


class Limits(Part):
    """The largest dump, and the largest parts of one.

    A record, or a line of JSON lines, that is too large is skipped. A dump that exceeds any other limit is refused.
    """

    file_mb: int = Field(default=64, ge=1, le=4096)
    unpacked_mb: int = Field(default=256, ge=1, le=4096)
    records: int = Field(default=250_000, ge=1, le=100_000_000)
    record_kb: int = Field(default=1024, ge=1, le=4096 << 10)
    line_kb: int = Field(default=1024, ge=1, le=4096 << 10)
    entities: int = Field(default=300, ge=0, le=100_000)

    @property
    def file(self) -> int:
        """The largest file of a dump, in bytes."""
        return self.file_mb << 20

    @property
    def unpacked(self) -> int:
        """The largest content of a compressed dump, in bytes."""
        return self.unpacked_mb << 20

    @property
    def record(self) -> int:
        """The longest record, in characters."""
        return self.record_kb << 10

    @property
    def line(self) -> int:
        """The longest line of page text or JSON lines, in characters."""
        return self.line_kb << 10


DEFAULT_LIMITS = Limits()


def _is_one_address(text: str) -> bool:
    """Return whether a text is one address, with or without a name, and parsing it changes and loses nothing."""
    found = getaddresses([text])
    read = "".join(chain.from_iterable(found))
    return (
        len(found) == 1
        and found[0][1] in text
        and sorted(filter(str.isalnum, text)) == sorted(filter(str.isalnum, read))
    )


class MailConfig(Part):
    """The sender of all mail, how the mail is sent, and what all mails say."""

    sender: str = "Daily Papers <papers@localhost>"
    envelope: str = ""  # if empty, bounces go to the sender's address
    transport: Literal["maildir", "smtp"] = "maildir"
    templates: Path | None = None
    postal_address: str = ""
    title_search: str = "https://arxiv.org/search/?searchtype=title&query="

    @field_validator("title_search")
    @classmethod
    def _check_title_search(cls, url: str) -> str:
        if not _WEB_ADDRESS.fullmatch(url):
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
            raise ValueError(f"write it as Name <address@example.org>, at most {LONGEST_SENDER} letters")
        if not _is_one_address(sender):
            raise ValueError(
                "write one address; a name with signs such as a comma or a colon needs quotation marks, as in "
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


class MaildirConfig(Part):
    """The folder that mail is written to with `transport = "maildir"`."""

    folder: Path = Path("var/mail")


class SmtpConfig(Part):
    """The relay that mail is sent to with `transport = "smtp"`, and how fast."""

    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    hello: str = ""  # if empty, the machine's full name or its address
    lanes: int = Field(default=4, ge=1, le=100)
    rate_per_second: float = 0  # 0 means no limit, for both rates
    rate_per_day: int = Field(default=0, ge=0, le=1_000_000_000)

    @field_validator("host")
    @classmethod
    def _check_host(cls, host: str) -> str:
        if not _HOST.fullmatch(host):
            raise ValueError("write the name or the address of the relay alone, such as mail.example.org")
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
        return hello_form(hello) if hello else hello


class DigestConfig(Part):
    """The schedule of new subscribers, and the length of digests."""

    cadence: Cadence = Cadence.DAILY
    hour: str = "08:00"
    timezone: str = "UTC"
    papers: int = Field(default=30, ge=1, le=200)
    cards: int = Field(default=8, ge=0, le=200)
    subject: str = "{papers}: {title}"

    @field_validator("hour")
    @classmethod
    def _check_hour(cls, hour: str) -> str:
        """Return the hour. Raises ValueError if it is no time of day with two digits each."""
        if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", hour):
            raise ValueError("this is not a time of day; write it as HH:MM, from 00:00 to 23:59")
        return hour

    @field_validator("subject")
    @classmethod
    def _check_subject(cls, subject: str) -> str:
        """Return the pattern. Raises ValueError if it is not one line, or names other fields than SUBJECT_FIELDS."""
        if not subject.strip() or not subject.isprintable() or len(subject) > LONGEST_SUBJECT:
            raise ValueError(f"write one line of at most {LONGEST_SUBJECT} characters")
        try:
            fields = [field for _, *field in Formatter().parse(subject) if field[0] is not None]
        except ValueError:
            fields = [["", "", None]]
        if any(name not in SUBJECT_FIELDS or spec or conversion for name, spec, conversion in fields):
            raise ValueError("use no other braces than {papers}, {title} and {period}; write {{ for a brace")
        return subject

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        if timezone not in zone_names().values():
            raise ValueError("use an IANA name such as Europe/Berlin")
        return timezone


class FeedsConfig(Part):
    """The folder that feeds are written to, and the WebSub hub that is told when they change."""

    folder: Path = Path("var/feeds")
    hub: str = ""

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, url: str) -> str:
        if url and not _WEB_ADDRESS.fullmatch(url):
            raise ValueError("write the address of a WebSub hub, such as https://pubsubhubbub.appspot.com/")
        return url


class LogConfig(Part):
    """The format of the service's log."""

    format: Literal["text", "json"] = "text"


class WebConfig(Part):
    """The web pages: their public address, and where the service listens."""

    base_url: str = ""  # if empty, mails contain no links to pages
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    trusted_proxies: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, base_url: str) -> str:
        if base_url and (len(base_url) > LONGEST_BASE_URL or not _BASE_URL.fullmatch(base_url)):
            raise ValueError(f"write it like https://papers.example.org, in ASCII, at most {LONGEST_BASE_URL} letters")
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

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the trusted proxies."""
        return tuple(map(ip_network, self.trusted_proxies))

    @property
    def is_clear_text(self) -> bool:
        """Whether links, and with them sessions, travel unencrypted beyond this machine."""
        return self.base_url.startswith("http://") and not is_loopback_url(self.base_url)


class TopicConfig(Part):
    """A change to some keys of a built-in topic, or a new topic."""

    title: str | None = None
    description: str | None = None
    query: str | None = None
    terms: tuple[str, ...] | None = None
    removed: bool = False


class Config(Part):
    """The whole config. Relative paths are relative to `base`, the folder of the config file."""

    store: StoreConfig = StoreConfig()
    ingest: IngestConfig = IngestConfig()
    limits: Limits = DEFAULT_LIMITS
    mail: MailConfig = MailConfig()
    maildir: MaildirConfig = MaildirConfig()
    smtp: SmtpConfig = SmtpConfig()
    digest: DigestConfig = DigestConfig()
    feeds: FeedsConfig = FeedsConfig()
    web: WebConfig = WebConfig()
    log: LogConfig = LogConfig()
    fetching: FetchingConfig = FetchingConfig()
    alerts: AlertsConfig = AlertsConfig()
    built_in_topics: bool = True
    topics: dict[str, TopicConfig] = Field(default_factory=dict)
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    secret_file: Path = Path("var/secret.key")
    _base: Path = PrivateAttr(default_factory=Path.cwd)

    @field_validator("sources")
    @classmethod
    def _check_sources(cls, sources: dict[str, SourceConfig], others: ValidationInfo) -> dict[str, SourceConfig]:
        """Return the sources. Raises ValueError for a wrong name, an unknown partner or an address without TLS."""
        fetching = others.data.get("fetching") or FetchingConfig()
        check_sources(sources, fetching.allow_http)
        return sources

    def located_in(self, folder: Path) -> Config:
        """Return this config with relative paths that are relative to `folder`."""
        located = self.model_copy()
        located._base = folder
        return located

    @property
    def base(self) -> Path:
        """The folder that relative paths are relative to."""
        return self._base

    def path(self, path: Path) -> Path:
        """Return `path` as an absolute path."""
        return self._base / path

    @property
    def database_file(self) -> Path | None:
        """The absolute path of the SQLite file; None if the store is not one."""
        return self._base / self.store.url.removeprefix(SQLITE) if self.store.url.startswith(SQLITE) else None

    @property
    def store_url(self) -> str:
        """The URL of the database, as `open_store` takes it; a SQLite file has an absolute path in it."""
        return f"{SQLITE}{self.database_file}" if self.uses_sqlite else self.store.url

    @property
    def store_name(self) -> str:
        """The URL of the database without its password, for messages."""
        return self.store_url if self.uses_sqlite else without_password(self.store_url)

    @property
    def holds_password(self) -> bool:
        """Whether the config has a password: for the relay, in the URL of the database, or in that of the proxy."""
        has_proxy_password = "@" in self.fetching.proxy.get_secret_value()
        return bool(self.smtp.password.get_secret_value()) or self.store_name != self.store_url or has_proxy_password

    @property
    def fetching_settings(self) -> FetchingConfig:
        """The table [fetching] as requests need it: with a contact, if there is one, and with absolute paths."""
        table = self.fetching
        return table.model_copy(
            update={
                "contact": table.contact or self.web.base_url or self._sender_as_contact,
                "ca_file": table.ca_file and self.path(table.ca_file),
                "folder": self.path(table.folder),
            }
        )

    @property
    def _sender_as_contact(self) -> str:
        """The address of the sender; empty if nobody elsewhere can write to it."""
        address = self.mail.address
        return address if address.isascii() and not is_loopback(address.rpartition("@")[2]) else ""

    @property
    def uses_sqlite(self) -> bool:
        """Whether the store is a SQLite file."""
        return self.database_file is not None

    @property
    def relay_name(self) -> str:
        """A name for the place that mail is sent to: the relay with its port, or the maildir."""
        if self.mail.transport == "maildir":
            return f"maildir {self.path(self.maildir.folder)}"
        return f"smtp {self.smtp.host}:{self.smtp.port} ({self.smtp.tls})"

    @property
    def owners_folder(self) -> Path:
        """The folder of the lock files of running senders: beside a SQLite file, otherwise in `var`."""
        file = self.database_file
        return file.with_name(f"{file.name}-owners") if file else self._base / "var" / "owners"
