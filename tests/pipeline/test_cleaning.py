"""A dump is decoded from any usual encoding, and its text is cleaned."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.errors import DumpError
from notifier.sources.cleaning import clean
from notifier.sources.decoding import decode

TEXT = "Poincaré ResNet\nWe study “hyperbolic” layers – in depth.\n"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"by around 24\% i.e.", "by around 24% i.e."),
        (r"\textbf{Bold} and \emph{soft}", "Bold and soft"),
        (r"a 2$\times$ speedup", "a 2× speedup"),
        (r"the $\alpha$-divergence", "the α-divergence"),
        (r"K\"onig's lemma", "König's lemma"),
        (r"Erd\H{o}s and caf\'e", "Erdős and café"),
        ("costs $5 and $10 a month", "costs $5 and $10 a month"),
        ("if x < y and a<b hold", "if x < y and a<b hold"),
        ("a <b>bold</b> claim &amp; more", "a bold claim & more"),
        ("two  spaces\tand\na line", "two spaces and a line"),
        ("e\u0301 composed", "é composed"),
        ("hidden\u202etxt\u0007", "hiddentxt"),
        (r"\unknown{x} stays", r"\unknown{x} stays"),
    ],
)
def test_text_is_made_plain(written: str, plain: str) -> None:
    assert clean(written) == plain


@settings(deadline=None, max_examples=examples(300))
@given(st.text(max_size=200))
def test_clean_text_has_no_control_characters_and_is_not_changed_by_cleaning_it_again(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(character) == "Cc" for character in once)


@pytest.mark.parametrize("piece", ["$", "\\", "{", "<", "&", "\\textbf{", "$x", "<b", "&#"])
def test_a_long_hostile_text_is_cleaned_quickly(piece: str) -> None:
    assert len(clean(piece * (300_000 // len(piece)))) <= 300_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)).splitlines() == TEXT.splitlines()


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02\x03" * 50, bytes(range(256)) * 4, b"\x89PNG\r\n\x1a\n" + b"\x00" * 40]
)
def test_bytes_that_are_not_text_are_refused(content: bytes) -> None:
    with pytest.raises(DumpError):
        decode(content)
