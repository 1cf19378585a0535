"""Messages of errors become sentences, and what begins with an address or a name keeps its first letter."""

from __future__ import annotations

import pytest

from notifier.web.fields import sentence


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("give a topic or a query", "Give a topic or a query."),
        ("well-known, but wrong", "Well-known, but wrong."),
        ("did you mean this?", "Did you mean this?"),
        ("ann@example.org is PENDING", "ann@example.org is PENDING."),
        ("like: needs the key of a paper", "like: needs the key of a paper."),
        ("base_url is missing", "base_url is missing."),
        ("arXiv answered with an error", "arXiv answered with an error."),
        ("'x' is not an email address", "'x' is not an email address."),
        ("", "."),
    ],
)
def test_only_a_common_word_at_the_beginning_gets_a_capital(message: str, shown: str) -> None:
    assert sentence(message) == shown
