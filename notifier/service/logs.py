"""Write logs to stderr, as text or JSON, one line for each record, without email addresses or signed links."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from notifier.errors import REASON_LIMIT, shortened
from notifier.signing import redact_links
from notifier.text.harmless import inert

# The lookbehind lets a match begin only where a word begins. Without it, the search would begin again at each letter of
# a long word, which takes quadratic time.
ADDRESS = re.compile(r"(?<![^\s<>\"'(),:;@])[^\s<>\"'(),:;@]++@[^\s<>\"'(),:;]+")

# At most this many characters of a message are read, and at most a tenth of them are logged. More are read than logged,
# because each run of white space becomes one space.
_MESSAGE_READ = 10 * REASON_LIMIT
_TRACEBACK_LIMIT = 4_000  # characters; the end of a traceback is kept, because it names the error


def configure(form: Literal["text", "json"], level: int = logging.INFO) -> None:
    """Send all logs to stderr in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter(with_time=not _goes_to_journal()))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "aiosmtplib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # it warns of each malformed request
    logging.getLogger("uvicorn.error").addFilter(_is_no_bind_error)  # the web task says why it cannot listen
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns if a job is still running when it is due again


def _goes_to_journal() -> bool:
    """Return whether stderr is connected to systemd's journal, which stores the time of each line by itself."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _is_no_bind_error(record: logging.LogRecord) -> bool:
    return not isinstance(record.msg, OSError)


def redacted(text: str) -> str:
    """Return `text` on one line, without addresses, signed links or characters that control a terminal."""
    return redact_links(ADDRESS.sub("…@…", inert(" ".join(text.split()))))


def _message(record: logging.LogRecord) -> str:
    """Return the message, redacted and cut; it is also cut before the redaction, because it may quote a long text."""
    return shortened(redacted(record.getMessage()[:_MESSAGE_READ]))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _TextFormatter(logging.Formatter):
    def __init__(self, *, with_time: bool) -> None:
        super().__init__()
        self._with_time = with_time

    def format(self, record: logging.LogRecord) -> str:
        time = f"{_time(record)} " if self._with_time else ""
        line = f"{time}{record.levelname} {record.name}: {_message(record)}"
        if not record.exc_info:
            return line
        return f"{line} {redacted(self.formatException(record.exc_info)[-_TRACEBACK_LIMIT:])}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if record.exc_info and record.exc_info[1]:
            entry["error"] = shortened(redacted(repr(record.exc_info[1])[:_MESSAGE_READ]))
        return json.dumps(entry, ensure_ascii=False)
