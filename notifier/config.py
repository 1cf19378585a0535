"""The config: a TOML file, whose keys the environment can override.

Every key has a default and is documented in `config.example.toml`. A config that was read never changes.
"""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from email.utils import parseaddr
from pathlib import Path
from string import Formatter
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator

from notifier.address_form import LONGEST_ADDRESS, ascii_form
from notifier.errors import ConfigError
from notifier.models import Cadence

DEFAULT_FILE = "config.toml"
FILE_VARIABLE = "NOTIFIER_CONFIG"
PREFIX = "NOTIFIER_"  # environment variables that override keys begin with this
NESTING = "__"  # in an environment variable, separates the name of a table from the name of a key
LONGEST_BASE_URL = 200  # characters; so every link fits in one line of a mail header
LONGEST_SENDER = 320  # characters
LONGEST_SUBJECT = 200  # characters
LONGEST_POSTAL_ADDRESS = 300  # characters
SUBJECT_FIELDS = ("papers", "title", "period")
LONGEST_LABEL = 63  # letters between two dots of a domain (RFC 1035, section 2.3.4)
SHORTEST_SECRET = 32  # bytes; an HMAC key should be at least as long as a hash, here SHA-256 (RFC 2104, section 3)

_BASE_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&]*+", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"https?://[!-~]{1,300}")


class Part(BaseModel):
    """One table of the config. It refuses unknown keys, so that a mistyped key does not silently leave the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreConfig(Part):
    """The database."""

    url: str = "sqlite:///var/notifier.db"

    @field_validator("url")
    @classmethod
    def _check_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE")
        if not url.startswith("sqlite:") and url.partition("?")[0].count("@") > 1:
            raise ValueError("write an @ of the password as %40")  # what follows it would be taken for the host
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
    records: int = Field(default=250_000, ge=1)
    record_kb: int = Field(default=1024, ge=1)
    line_kb: int = Field(default=1024, ge=1)
    entities: int = Field(default=300, ge=0)

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
            raise ValueError("write the web address of a search, to which a title can be appended")
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
        domain = address.rpartition("@")[2]
        return _ascii_address(address).rpartition("@")[2].join(sender.rsplit(domain, 1))

    @field_validator("envelope")
    @classmethod
    def _check_envelope(cls, envelope: str) -> str:
        """Return the bounce address with its domain in ASCII. Raises ValueError if it is not an address."""
        return _ascii_address(envelope) if envelope else envelope

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
    lanes: int = Field(default=4, ge=1, le=100)
    rate_per_second: float = Field(default=0, ge=0)  # 0 means no limit, for both rates
    rate_per_day: int = Field(default=0, ge=0)


class DigestConfig(Part):
    """The schedule of new subscribers, and the length of digests."""

    cadence: Cadence = Cadence.DAILY
    hour: str = Field(default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    timezone: str = "UTC"
    papers: int = Field(default=30, ge=1, le=200)
    cards: int = Field(default=8, ge=0, le=200)
    subject: str = "{papers}: {title}"

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
        if not _is_time_zone(timezone):
            raise ValueError("use an IANA name such as Europe/Berlin")
        return timezone


class FeedsConfig(Part):
    """The folder that feeds are written to."""

    folder: Path = Path("var/feeds")


class LogConfig(Part):
    """The format of the service's log."""

    format: Literal["text", "json"] = "text"


class WebConfig(Part):
    """The web pages: their public address, and where the service listens."""

    base_url: str = ""  # if empty, mails contain no links to pages
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, base_url: str) -> str:
        if base_url and (len(base_url) > LONGEST_BASE_URL or not _BASE_URL.fullmatch(base_url)):
            raise ValueError(f"write it like https://papers.example.org, in ASCII, at most {LONGEST_BASE_URL} letters")
        return base_url.rstrip("/")


class TopicConfig(Part):
    """A change to some keys of a built-in topic, or a new topic."""

    title: str | None = None
    description: str | None = None
    query: str | None = None
    terms: tuple[str, ...] | None = None
    removed: bool = False


class Config(BaseModel):
    """The whole config. Relative paths are relative to `base`, the folder of the config file."""

    model_config = Part.model_config

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

    @property
    def base(self) -> Path:
        """The folder that relative paths are relative to."""
        return self._base

    def path(self, path: Path) -> Path:
        """Return `path` as an absolute path."""
        return self._base / path

    @property
    def store_url(self) -> str:
        """The URL of the database; a SQLite file has an absolute path in it."""
        scheme, _, file = self.store.url.partition(":///")
        return f"sqlite:///{self._base / file}" if scheme == "sqlite" else self.store.url

    @property
    def store_name(self) -> str:
        """The URL of the database without its password, for messages."""
        return self.store_url if self.uses_sqlite else _without_password(self.store_url)

    @property
    def holds_password(self) -> bool:
        """Whether the config has a password: for the relay, or in the URL of the database."""
        return bool(self.smtp.password.get_secret_value()) or self.store_name != self.store_url

    @property
    def uses_sqlite(self) -> bool:
        """Whether the store is a SQLite file."""
        return self.store.url.startswith("sqlite:")

    @property
    def relay_name(self) -> str:
        """A name for the place that mail is sent to: the relay with its port, or the maildir."""
        if self.mail.transport == "maildir":
            return f"maildir {self.path(self.maildir.folder)}"
        return f"smtp {self.smtp.host}:{self.smtp.port} ({self.smtp.tls})"

    @property
    def owners_folder(self) -> Path:
        """The folder of the lock files of running senders: beside a SQLite file, otherwise in `var`."""
        scheme, _, file = self.store.url.partition(":///")
        return self._base / f"{file}-owners" if scheme == "sqlite" else self._base / "var" / "owners"


def load(file: Path | None) -> Config:
    """Read the config from `file`, else from the file that NOTIFIER_CONFIG names, else from ./config.toml.

    Without a file all keys have their defaults. Environment variables override the keys of the file. Raises ConfigError
    if the file cannot be read or a value is wrong; the message says what is wrong.
    """
    found = chosen(file)
    tables = _read(found) if found else {}
    try:
        config = Config(**_merged(tables, _overrides()))
    except ValidationError as error:
        raise ConfigError(_explain(error, found)) from None
    config._base = found.resolve().parent if found else Path.cwd()
    _check_ingest_folder(config, found)
    return config


def _check_ingest_folder(config: Config, file: Path | None) -> None:
    """Raise ConfigError if ingesting would move files that are not dumps: those that notifier itself reads or writes.

    These files and folders must not be the dumps folder, nor be in it. The files of dumps that were read go to `done`
    and `quarantine` beside the dumps folder, so the dumps folder cannot be one of these two.
    """
    folder = config.path(config.ingest.folder)
    if folder.name in ("done", "quarantine"):
        raise ConfigError(
            f"ingest.folder: {folder.name} takes the files that were read; use another, such as var/dumps"
        )
    mail = config.path(config.maildir.folder)
    database = Path(config.store_url.removeprefix("sqlite:///").partition("?")[0]) if config.uses_sqlite else None
    own = {
        "the config": file,
        "the database": database,
        "the secret key": config.path(config.secret_file),
        "the feeds": config.path(config.feeds.folder),
        "the Maildir": mail,
        "new mail of the Maildir": mail / "new",
        "read mail of the Maildir": mail / "cur",
        "unfinished mail of the Maildir": mail / "tmp",
        "the locks of running senders": config.owners_folder,
        "the templates": config.mail.templates and config.path(config.mail.templates),
        "the certificates": config.smtp.ca_file and config.path(config.smtp.ca_file),
    }
    held = [name for name, path in own.items() if path is not None and _holds(folder, path)]
    if held:
        raise ConfigError(
            f"ingest.folder: this folder also holds {held[0]}, which ingesting would move away; "
            "use a folder for dumps alone, such as var/dumps"
        )


def _holds(folder: Path, path: Path) -> bool:
    """Return whether the path is the folder, or is in it at any depth, with or without following symbolic links."""
    return any(Path(clean(path)).is_relative_to(clean(folder)) for clean in (os.path.abspath, os.path.realpath))


def chosen(file: Path | None) -> Path | None:
    """Return the config file that `load` reads, or None if there is none and the defaults apply."""
    return file or _named_by_environment() or _default_file()


def secret_key(config: Config) -> bytes:
    """Read the key that signs the links in mails. Raises ConfigError if the key is missing or too short."""
    file = config.path(config.secret_file)
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"cannot read the secret key {file}: {error.strerror}; `notifier init` makes it") from None
    if len(key) < SHORTEST_SECRET:
        raise ConfigError(f"the secret key {file} is too short; remove it, and `notifier init` makes a good one")
    return key


def _without_password(url: str) -> str:
    """Return a URL with `***` in place of the password.

    A password may hold `@` and other characters that should have been encoded, so it ends at the last `@`.
    """
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    return _PASSWORD_PARAMETER.sub(r"\1***", f"{scheme}://{user}{':***' if colon else ''}{at}{place}")


def _ascii_address(address: str) -> str:
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


def _overrides() -> dict[str, Any]:
    """Return the tables and keys that environment variables set; `NOTIFIER_SMTP__HOST` sets `host` in `[smtp]`."""
    if not any(_overrides_key(variable) for variable in os.environ):
        return {}
    from pydantic_settings import EnvSettingsSource

    source = EnvSettingsSource(cast(Any, Config), env_prefix=PREFIX, env_nested_delimiter=NESTING)
    return source()


def _overrides_key(variable: str) -> bool:
    name = variable.upper()
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).lower().split(NESTING)[0] in Config.model_fields


def _merged(tables: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the tables with the overrides in them; an override of one key leaves the other keys of its table."""
    merged = dict(tables)
    for key, value in overrides.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _is_time_zone(name: str) -> bool:
    """Return whether `zoneinfo.available_timezones` lists the name, without reading all of the zones."""
    if name.startswith(("posix/", "right/")) or name == "posixrules":
        return False  # other forms of the same zones
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _explain(error: ValidationError, file: Path | None) -> str:
    """Return one sentence for each wrong key. Pydantic's copy of the value is left out: it may be a password."""
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
