"""The config: TOML, read once, frozen. Every key has a default and is documented in `config.example.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from notifier.errors import ConfigError
from notifier.models import Cadence

DEFAULT_FILE = "config.toml"
FILE_VARIABLE = "NOTIFIER_CONFIG"
LONGEST_BASE_URL = 200  # so that every link fits in a line of a header
SHORTEST_SECRET = 32  # bytes: as long as what it makes, SHA-256 (RFC 2104, section 3)

_BASE_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")


class Part(BaseModel):
    """One table of the config: unknown keys are refused, so that a typo is never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreConfig(Part):
    url: str = "sqlite:///var/notifier.db"

    @field_validator("url")
    @classmethod
    def _one_of_two_databases(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE")
        return url


class IngestConfig(Part):
    folder: Path = Path("var/dumps")


class Limits(Part):
    """What a dump may take of the machine; what is larger is refused, or skipped alone, with the reason."""

    file_mb: int = Field(default=64, ge=1, le=4096)
    unpacked_mb: int = Field(default=256, ge=1, le=4096)
    records: int = Field(default=250_000, ge=1)
    record_kb: int = Field(default=1024, ge=1)
    line_kb: int = Field(default=1024, ge=1)
    entities: int = Field(default=300, ge=0)

    @property
    def file(self) -> int:
        """Bytes of a file as it lies there."""
        return self.file_mb << 20

    @property
    def unpacked(self) -> int:
        """Bytes of what an archive holds."""
        return self.unpacked_mb << 20

    @property
    def record(self) -> int:
        """Characters of one record."""
        return self.record_kb << 10

    @property
    def line(self) -> int:
        """Characters of one line of page text or JSON lines."""
        return self.line_kb << 10


DEFAULT_LIMITS = Limits()


class MailConfig(Part):
    sender: str = "Daily Papers <papers@localhost>"
    envelope: str = ""  # the sender's own address where empty
    transport: Literal["maildir", "smtp"] = "maildir"
    templates: Path | None = None

    @field_validator("sender")
    @classmethod
    def _has_an_address(cls, sender: str) -> str:
        if "@" not in parseaddr(sender)[1]:
            raise ValueError("write it as Name <address@example.org>")
        return sender

    @property
    def address(self) -> str:
        """The sender's bare address."""
        return parseaddr(self.sender)[1]

    @property
    def brand(self) -> str:
        """The sender's name: what the mails and feeds are called."""
        return parseaddr(self.sender)[0] or "Daily Papers"

    @property
    def envelope_sender(self) -> str:
        """Where bounces go: the address of MAIL FROM."""
        return self.envelope or self.address


class MaildirConfig(Part):
    folder: Path = Path("var/mail")


class SmtpConfig(Part):
    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    lanes: int = Field(default=4, ge=1, le=100)
    rate_per_second: float = Field(default=0, ge=0)  # 0 is no limit, here and below
    rate_per_day: int = Field(default=0, ge=0)


class DigestConfig(Part):
    cadence: Cadence = Cadence.DAILY
    hour: str = Field(default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    timezone: str = "UTC"
    papers: int = Field(default=30, ge=1, le=200)

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            raise ValueError("use an IANA name such as Europe/Berlin")
        return timezone


class FeedsConfig(Part):
    folder: Path = Path("var/feeds")


class LogConfig(Part):
    format: Literal["text", "json"] = "text"


class WebConfig(Part):
    base_url: str = ""  # no links to pages where empty
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)

    @field_validator("base_url")
    @classmethod
    def _is_an_address_of_pages(cls, base_url: str) -> str:
        if base_url and (len(base_url) > LONGEST_BASE_URL or not _BASE_URL.fullmatch(base_url)):
            raise ValueError(f"write it like https://papers.example.org, in ASCII, at most {LONGEST_BASE_URL} letters")
        return base_url.rstrip("/")


class TopicConfig(Part):
    """A change to a built-in topic, key by key, or a topic of the operator's own."""

    title: str | None = None
    description: str | None = None
    query: str | None = None
    removed: bool = False


class Config(BaseSettings):
    """Every setting; relative paths are relative to `base`, the config file's folder."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="NOTIFIER_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

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
    built_in_topics: bool = True
    topics: dict[str, TopicConfig] = {}
    secret_file: Path = Path("var/secret.key")
    _base: Path = PrivateAttr(default_factory=Path.cwd)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose tables arrive as arguments."""
        return env_settings, init_settings

    @property
    def base(self) -> Path:
        """The folder that relative paths start from."""
        return self._base

    def path(self, path: Path) -> Path:
        """`path` made absolute."""
        return self._base / path

    @property
    def store_url(self) -> str:
        """The store's URL, with an absolute path where it is a file."""
        scheme, _, file = self.store.url.partition(":///")
        return f"sqlite:///{self._base / file}" if scheme == "sqlite" else self.store.url

    @property
    def relay_name(self) -> str:
        """Where mail goes, in a few words."""
        if self.mail.transport == "maildir":
            return f"maildir {self.path(self.maildir.folder)}"
        return f"smtp {self.smtp.host}:{self.smtp.port} ({self.smtp.tls})"

    @property
    def owners_folder(self) -> Path:
        """Where running senders hold their locks: beside the database file, else under `var`."""
        scheme, _, file = self.store.url.partition(":///")
        return self._base / f"{file}-owners" if scheme == "sqlite" else self._base / "var" / "owners"


def load(file: Path | None) -> Config:
    """Read the config from `file`, else from the one that the environment names, else from ./config.toml.

    Without any of them the defaults serve. Raises ConfigError naming the key and the cure.
    """
    found = chosen(file)
    tables = _read(found) if found else {}
    try:
        config = Config(**tables)
    except ValidationError as error:
        raise ConfigError(_explain(error, found)) from None
    config._base = found.resolve().parent if found else Path.cwd()
    return config


def chosen(file: Path | None) -> Path | None:
    """The config file that `load` would read; None where the defaults serve."""
    return file or _named_by_environment() or _default_file()


def secret_key(config: Config) -> bytes:
    """The key that links in mails are made with. Raises ConfigError where it is missing or too short to be secret."""
    file = config.path(config.secret_file)
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"cannot read the secret key {file}: {error.strerror}; `notifier init` makes it") from None
    if len(key) < SHORTEST_SECRET:
        raise ConfigError(f"the secret key {file} is too short; remove it, and `notifier init` makes a good one")
    return key


def _named_by_environment() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else None


def _default_file() -> Path | None:
    here = Path(DEFAULT_FILE)
    return here if here.exists() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the config {file}: {error.strerror}; name another with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None


def _explain(error: ValidationError, file: Path | None) -> str:
    """Every wrong key in one sentence each, never with the value: it may be a password."""
    complaints = [
        _complaint(detail["loc"], detail["type"], detail["msg"]) for detail in error.errors(include_input=False)
    ]
    return f"{file or 'the environment'}: " + "; ".join(complaints)


def _complaint(place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in place)
    if kind != "extra_forbidden":
        return f"{key}: {message.removeprefix('Value error, ')}"
    near = get_close_matches(str(place[-1]), _known_names(place), n=1)
    return f"{key} is not a key that notifier knows" + (
        f"; did you mean {near[0]}?" if near else "; see config.example.toml"
    )


def _known_names(place: tuple[int | str, ...]) -> list[str]:
    if len(place) == 1:
        return list(Config.model_fields)
    table = Config.model_fields.get(str(place[0]))
    part = table.annotation if table else None
    return list(part.model_fields) if isinstance(part, type) and issubclass(part, BaseModel) else []
