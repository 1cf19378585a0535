"""The mailbox that returned messages and replies come to: its place, as the config writes it, and its password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from notifier.config.values import has_usable_port
from notifier.errors import ConfigError

if TYPE_CHECKING:
    from notifier.config.keys import Config

PIPE = "pipe"
PORTS = {"imaps": 993, "imap": 143}
LONGEST_PASSWORD_FILE = 4096  # bytes; a device such as /dev/zero has no end

_MAILDIR = "maildir:"
_FORMS = "write maildir:FOLDER, imaps://USER@HOST/MAILBOX or pipe"


class ImapPlace(NamedTuple):
    """A mailbox on an IMAP server. TLS begins with the first byte, or with STARTTLS if `starttls` is set."""

    host: str
    port: int
    username: str
    mailbox: str
    starttls: bool


def check_inbox(inbox: str) -> None:
    """Raise ValueError if a text names no mailbox in one of the forms that the config takes."""
    if inbox in ("", PIPE) or inbox.removeprefix(_MAILDIR).strip() not in ("", inbox):
        return
    scheme, mark, rest = inbox.partition("://")
    if scheme not in PORTS or not mark or "@" not in rest:
        raise ValueError(_FORMS)
    login, _, place = rest.partition("/")[0].rpartition("@")
    if ":" in login:
        raise ValueError("write the password in inbox_password or inbox_password_file, and not into the URL")
    if not login or not urlsplit(f"{scheme}://{place}").hostname or not has_usable_port(f"{scheme}://{place}"):
        raise ValueError(_FORMS)


def maildir_of(inbox: str) -> Path | None:
    """Return the folder of a Maildir; None if the config names another kind of inbox."""
    return Path(inbox.removeprefix(_MAILDIR)) if inbox.startswith(_MAILDIR) else None


def imap_of(inbox: str) -> ImapPlace | None:
    """Return the place of an IMAP mailbox, or None for another kind of inbox.

    The mailbox is INBOX unless the URL names one.
    The user's name may contain an @, because only the last @ before the mailbox separates the name from the host.
    """
    scheme, _, rest = inbox.partition("://")
    if scheme not in PORTS:
        return None
    authority, _, mailbox = rest.partition("/")
    login, _, place = authority.rpartition("@")
    server = urlsplit(f"{scheme}://{place}")
    name = unquote(mailbox.rstrip("/")) or "INBOX"
    return ImapPlace(server.hostname or "", server.port or PORTS[scheme], unquote(login), name, scheme == "imap")


def inbox_password(config: Config) -> str:
    """Return the password of the mailbox, from its file if one is named.

    Raises ConfigError if the file cannot be read, or is empty or too long.
    """
    named = config.mail.inbox_password_file
    if named is None:
        return config.mail.inbox_password.get_secret_value()
    file = config.path(named)
    try:
        with file.open("rb") as opened:
            password = opened.read(LONGEST_PASSWORD_FILE + 1).strip(b"\r\n").decode()
    except OSError as error:
        raise ConfigError(f"mail.inbox_password_file: cannot read {file}: {error.strerror}; correct its name") from None
    except UnicodeDecodeError:
        raise ConfigError(f"mail.inbox_password_file: {file} is no UTF-8 text; name another file") from None
    if not password or len(password) > LONGEST_PASSWORD_FILE or "\n" in password:
        raise ConfigError(f"mail.inbox_password_file: {file} does not hold one line; write the password alone into it")
    return password
