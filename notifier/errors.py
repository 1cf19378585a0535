"""One root exception. A message says what happened, to what, and the cure, in one sentence."""


class NotifierError(Exception):
    """Anything that notifier can explain to the person who ran it; the command line prints it and exits."""

    exit_code = 1


class UsageError(NotifierError):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


class ConfigError(UsageError):
    """The config cannot be used; the message names the key and the cure, never a value."""


class QueryError(UsageError):
    """A query that the language refuses.

    `column` is where, counted in code points from 1, in the text as it was typed.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.reason = message
        self.column = column


class DumpError(NotifierError):
    """Bytes that are not a dump, or not one that can be read; the dump is set aside with this reason."""


class StoreError(NotifierError):
    """The database cannot be opened, is of another version, or is full."""


class DumpGoneError(DumpError):
    """A dump that another process has taken in meanwhile."""


class FileError(NotifierError):
    """A file that cannot be written."""


class ComposeError(NotifierError):
    """A message that cannot be made; it fails alone, and its items are kept."""


class TemplateError(ComposeError):
    """A template that fails on a message: the operator mends it, and the message is made then."""
