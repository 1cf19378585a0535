"""Logs on stderr, as text or JSON, one line each, without email addresses and signed links."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from notifier.signing import redact_links
from notifier.text.harmless import inert

ADDRESS = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")


def configure(form: Literal["text", "json"], level: int = logging.INFO) -> None:
    """Send all logs to stderr in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "uvicorn", "aiosmtplib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that comes while a job still runs is normal


def redacted(text: str) -> str:
    """Return `text` on one line, without addresses, signed links and characters that control a terminal."""
    return redact_links(ADDRESS.sub("…@…", inert(" ".join(text.split()))))


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if record.exc_info and record.exc_info[1]:
            entry["error"] = redacted(repr(record.exc_info[1]))
        return json.dumps(entry, ensure_ascii=False)
