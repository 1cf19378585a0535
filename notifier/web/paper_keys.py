"""Make the paths of the pages of papers."""

from __future__ import annotations

from urllib.parse import quote

from notifier.models import Paper


def paper_path(paper: Paper) -> str:
    """Return the path of a paper's page, without the path of the base URL."""
    return f"/paper/{quote(paper.key)}"
