"""Papers to cite, and texts that try to break out of their place in a citation."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from notifier.citations import Citation, citation_of
from notifier.models import Paper

ARXIV_ID = "2509.01234"


def paper(**values: Any) -> Paper:
    """Return a paper with these values."""
    usual: dict[str, Any] = {
        "id": 1,
        "key": ARXIV_ID,
        "arxiv_id": ARXIV_ID,
        "title": "A Title",
        "abstract": "An abstract.",
        "sequence": 1,
        "first_seen": datetime(2025, 9, 11, 8, tzinfo=UTC),
        "listed_on": date(2025, 9, 11),
    }
    return Paper(**(usual | values))


def cited(**values: Any) -> Citation:
    """Return the citation of a paper with these values."""
    return citation_of(paper(**values))


def hostile_text() -> st.SearchStrategy[str]:
    """Return texts with the signs that mean something to BibTeX, RIS or HTML, and any other character."""
    parts = [
        *'{}\\"#$%&_~^@,;<>=()',
        " and ",
        "\n",
        "\r\nER  - \r\nTY  - JOUR",
        "</title>",
        "others",
        "a",
        "B",
        "é",
        "张",
    ]
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
    return st.lists(st.sampled_from(parts) | text, min_size=1, max_size=12).map("".join)
