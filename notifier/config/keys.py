"""Declare the keys of the config: their tables, their defaults, and the rules that single values must satisfy.

Every key has a default and is documented in `config.example.toml`.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from notifier.config.alerts import AlertsConfig
from notifier.config.fetching import FetchingConfig
from notifier.config.inbox import ImapPlace, imap_of, maildir_of
from notifier.config.keep import KeepConfig
from notifier.config.mail import MailConfig, MaildirConfig, SmtpConfig
from notifier.config.sources import SourceConfig, check_sources
from notifier.config.table import ConfigTable
from notifier.config.values import (
    SQLITE,
    check_database_url,
    is_loopback,
    without_password,
    zone_names,
)
from notifier.config.web import FeedsConfig, WebConfig
from notifier.models import Cadence

LONGEST_SUBJECT = 200  # characters
SUBJECT_FIELDS = ("papers", "title", "period")


class StoreConfig(ConfigTable):
    """The database."""

    url: str = "sqlite:///var/notifier.db"
    url_file: Path | None = None
    connections: int = Field(default=15, ge=5, le=1000)

    @field_validator("url")
    @classmethod
    def _check_database(cls, url: str) -> str:
        check_database_url(url)
        return url


class IngestConfig(ConfigTable):
    """The folder in which dumps arrive."""

    folder: Path = Path("var/dumps")


class Limits(ConfigTable):
    """The largest dump, and the largest parts of one.

    A record that is too large is skipped, and so is a line of JSON lines that is too long. A dump that exceeds any
    other limit is refused.
    """

    file_mb: int = Field(default=64, ge=1, le=4096)
    unpacked_mb: int = Field(default=256, ge=1, le=4096)
    records: int = Field(default=250_000, ge=1, le=100_000_000)
    record_kb: int = Field(default=1024, ge=1, le=4096 << 10)  # in units of 1024 characters
    line_kb: int = Field(default=1024, ge=1, le=4096 << 10)  # in units of 1024 characters
    entities: int = Field(default=300, ge=0, le=100_000)  # that the DOCTYPE of a dump in XML declares

    @property
    def max_file_bytes(self) -> int:
        """The largest size that the file of a dump may have."""
        return self.file_mb << 20

    @property
    def max_unpacked_bytes(self) -> int:
        """The largest size that the content of a compressed dump may have."""
        return self.unpacked_mb << 20

    @property
    def max_record_length(self) -> int:
        """The largest length that a record may have, in characters."""
        return self.record_kb << 10

    @property
    def max_line_length(self) -> int:
        """The largest length that a line of page text or JSON lines may have, in characters."""
        return self.line_kb << 10


DEFAULT_LIMITS = Limits()


class DigestConfig(ConfigTable):
    """The schedule of new subscribers, and the length of digests."""

    cadence: Cadence = Cadence.DAILY
    hour: str = "08:00"  # a time of day, HH:MM
    timezone: str = "UTC"
    papers: int = Field(default=30, ge=1, le=200)
    cards: int = Field(default=8, ge=0, le=200)
    subject: str = "{papers}: {title}"

    @field_validator("hour")
    @classmethod
    def _check_hour(cls, hour: str) -> str:
        """Return the hour. Raises ValueError if it is no time of day in the form HH:MM."""
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
            fields = [["", "", None]]  # not a field of SUBJECT_FIELDS, so the error below is raised
        if any(name not in SUBJECT_FIELDS or spec or conversion for name, spec, conversion in fields):
            raise ValueError("use no other braces than {papers}, {title} and {period}; write {{ for a brace")
        return subject

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        if timezone not in zone_names().values():
            raise ValueError("use an IANA name such as Europe/Berlin")
        return timezone


class LogConfig(ConfigTable):
    """The format of the service's log."""

    format: Literal["text", "json"] = "text"


class TopicConfig(ConfigTable):
    """A change to some keys of a built-in topic, or a new topic."""

    title: str | None = None
    description: str | None = None
    query: str | None = None
    terms: tuple[str, ...] | None = None
    removed: bool = False


class Config(ConfigTable):
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
    keep: KeepConfig = KeepConfig()
    built_in_topics: bool = True
    topics: dict[str, TopicConfig] = Field(default_factory=dict)
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    secret_file: Path = Path("var/secret.key")
    _base: Path = PrivateAttr(default_factory=Path.cwd)

    @field_validator("sources")
    @classmethod
    def _check_sources(cls, sources: dict[str, SourceConfig], others: ValidationInfo) -> dict[str, SourceConfig]:
        """Return the sources. Raises ValueError for a wrong name, an unknown `compare_with` or a URL without TLS."""
        fetching = others.data.get("fetching") or FetchingConfig()
        check_sources(sources, fetching.allow_http)
        return sources

    def located_in(self, folder: Path) -> Config:
        """Return a copy of this config whose relative paths are relative to `folder`."""
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
        """The absolute path of the SQLite file; None if the store is on a server."""
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
        """Whether the config itself has a password: of the relay or inbox, or in the URL of the database or proxy.

        One that is in a file of its own does not count.
        """
        relay = not self.smtp.password_file and self.smtp.password.get_secret_value()
        proxy = not self.fetching.proxy_file and "@" in self.fetching.proxy.get_secret_value()
        database = not self.store.url_file and self.store_name != self.store_url
        return bool(relay or self.mail.inbox_password.get_secret_value()) or proxy or database

    @property
    def secret_files(self) -> dict[str, Path]:
        """The path of each file that holds a secret, by the name of that secret; the secret key is not among them."""
        named = {
            "the URL of the database": self.store.url_file,
            "the password of the relay": self.smtp.password_file,
            "the URL of the proxy": self.fetching.proxy_file,
            "the password of the inbox": self.mail.inbox_password_file,
        }
        return {what: self.path(file) for what, file in named.items() if file is not None}

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
    def inbox_folder(self) -> Path | None:
        """The absolute path of the Maildir that returned messages come to; None if they come in another way."""
        folder = maildir_of(self.mail.inbox)
        return folder and self._base / folder

    @property
    def imap_inbox(self) -> ImapPlace | None:
        """The IMAP mailbox that returned messages come to; None if they come in another way."""
        return imap_of(self.mail.inbox)

    @property
    def inbox_name(self) -> str:
        """A name for the place that returned messages come to, without a password; empty if there is none."""
        return f"maildir {self.inbox_folder}" if self.inbox_folder else self.mail.inbox

    @property
    def owners_folder(self) -> Path:
        """The folder of the lock files of running processes: beside a SQLite file, otherwise in `var`."""
        file = self.database_file
        return file.with_name(f"{file.name}-owners") if file else self._base / "var" / "owners"
