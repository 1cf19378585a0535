"""Define the exceptions that notifier raises for failures that its user can understand and correct.

All derive from NotifierError. Every message says in one sentence what happened, to what, and the cure.
"""

from __future__ import annotations

from datetime import datetime

# A reason, a reply or a log message is cut to this many characters, because it may quote long text of other programs.
REASON_LIMIT = 300


def shortened(text: str, limit: int = REASON_LIMIT) -> str:
    """Return `text`, or its beginning and an ellipsis if it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


class NotifierError(Exception):
    """A failure that notifier can explain to its user; the command line prints the message and exits with exit_code."""

    exit_code = 1


class UsageError(NotifierError):
    """A command, option, address or setting that the user has to correct."""

    exit_code = 2


class ConfigError(UsageError):
    """A config, or a file that the config names, that cannot be used.

    The message names the key or the file, and the cure. It never shows a password or a key for signing.
    """


class QueryError(UsageError):
    """A query that the query language refuses.

    `column` is the place of the error in the query as it was typed: its first code point is column 1.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.reason = message
        self.column = column


class DumpError(NotifierError):
    """A file that is not a dump or cannot be read as one; it is quarantined with this message as the reason."""

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))


class StoreError(NotifierError):
    """A database that cannot be opened or written, or that another version of notifier made."""


class ConflictError(StoreError):
    """A transaction that another process prevented by changing the same rows; it may succeed if it is run again."""


class DiskFullError(StoreError):
    """A database for which there is no more space on its disk."""


class DumpGoneError(DumpError):
    """A dump whose file does not exist any more; usually, another process has ingested it in the meantime."""


class DumpUnfinishedError(NotifierError):
    """A dump that is cut off, in a file that was changed recently; it is read again later.

    At `retry_at`, in seconds since 1970, it is ingested even if the rest is missing.
    """

    def __init__(self, retry_at: float) -> None:
        super().__init__("it is cut off, and the rest may still come; it is read again later")
        self.retry_at = retry_at


class FileError(NotifierError):
    """A file or folder that cannot be read now, or cannot be written."""


class FetchError(NotifierError):
    """A request that another server did not fulfil, or that must not be sent.

    `reason` says what happened and to what; the message is the reason with the cure. `status` is that of the reply, if
    there was one. `retry_after` is the time before which the server wants no request, if it has said so. `body` is what
    came in place of a document, if something did. `may_have_arrived` says that the connection was made, but no answer
    came: the server may have got the request.
    """

    may_have_arrived = False

    def __init__(
        self,
        reason: str,
        cure: str = "",
        *,
        status: int | None = None,
        retry_after: datetime | None = None,
        body: bytes = b"",
    ) -> None:
        self.reason = shortened(reason)
        self.cure = cure
        super().__init__(f"{self.reason}; {cure}" if cure else self.reason)
        self.status = status
        self.retry_after = retry_after
        self.body = body


class InboxError(NotifierError):
    """The mailbox of returned messages, if it cannot be read now."""


class RelayError(NotifierError):
    """A relay, or a Maildir, that takes no mail now, or has refused one."""


class ComposeError(NotifierError):
    """A message that cannot be composed; only this message fails, and its items are kept."""


class TemplateError(ComposeError):
    """A template that fails when a message is composed. When it is corrected, the message is composed again."""
