"""Bytes are decoded if their encoding can be detected, and are refused with a reason otherwise."""

from __future__ import annotations

import codecs
import gzip

import pytest

from notifier.errors import DumpError
from notifier.sources.decoding import decode

TEXT = "Gödel Machines: a “survey”\nWe survey Gödel machines – in full.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_common_encodings_are_detected(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == TEXT


def test_big_endian_utf_16_with_a_byte_order_mark_is_read() -> None:
    assert decode(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")) == TEXT


def test_a_file_cut_off_inside_a_character_is_read_up_to_that_character() -> None:
    assert decode("Erdős".encode()[:-2]) == "Erd"
    assert decode("ab".encode("utf-16")[:-1]) == "a"


def test_utf_8_with_one_invalid_byte_is_read_as_utf_8() -> None:
    assert decode(TEXT.encode() * 9 + b"\xff") == TEXT * 9 + "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 ...", "this is a PDF"),
        (gzip.compress(b"text", mtime=0), "this is a gzip archive"),
        (b"PK\x03\x04rest", "this is a zip archive"),
        (b"\x89PNG\r\n\x1a\n", "this is a PNG image"),
        (b"Title\x00Abstract of the paper", "NUL bytes"),
        (bytes(range(1, 32)) * 9, "control characters"),
        ("Модели языка и памяти".encode("koi8-r"), "an encoding other than"),
        ("大规模语言模型的高效推理".encode("gb18030"), "an encoding other than"),
        (codecs.BOM_UTF16_LE + b"\x00\xdc\x00\xdc", "broken UTF-16"),
    ],
)
def test_bytes_that_are_not_text_are_refused_with_the_reason_and_the_cure(content: bytes, reason: str) -> None:
    with pytest.raises(DumpError, match=reason) as refused:
        decode(content)
    assert str(refused.value).endswith("; save the page as UTF-8 text")
