"""The keys of papers in URLs, and the paths of their pages."""

from __future__ import annotations

import re
from urllib.parse import quote

from notifier.models import Paper

_KEY = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9./-]{0,63}")


def is_key(text: str) -> bool:
    """Return whether a text may be the key of a paper. Other texts, such as one with NUL, never reach the database."""
    return bool(_KEY.fullmatch(text))


def paper_path(paper: Paper) -> str:
    """Return the path of a paper's page, without the path of the base URL."""
    return f"/paper/{quote(paper.key)}"
