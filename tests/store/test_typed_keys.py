"""The key of a paper is found in all that people type or copy for it."""

from __future__ import annotations

import pytest

from notifier.store.paper_pages import typed_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2601.12345", "2601.12345"),
        (" 2601.12345v2 ", "2601.12345"),
        ("arXiv:2601.12345V12", "2601.12345"),
        ("HTTPS://ARXIV.ORG/ABS/2601.12345V2", "2601.12345"),
        ("http://www.arxiv.org/pdf/2601.12345v1.pdf", "2601.12345"),
        ("https://arxiv.org/abs/2601.12345/", "2601.12345"),
        ("https://huggingface.co/papers/2601.12345?from=mail", "2601.12345"),
        ("math.GT/0309136", "math/0309136"),
        ("T-0123456789ABCDEF", "t-0123456789abcdef"),
        ("https://papers.example/group/paper/t-0123456789abcdef?done=pin#curate", "t-0123456789abcdef"),
        ("https://papers.example/paper/math/0309136", "math/0309136"),
        ("https://papers.example/", ""),
        ("\0", ""),
        ("\ud800", ""),
        ("", ""),
        ("a" * 65, ""),
    ],
)
def test_a_key_is_found_in_what_was_typed(text: str, key: str) -> None:
    assert typed_key(text) == key
