"""Addresses: which spellings are one subscriber's, and which are different addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.text.addresses import address_key, parse_address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@straße.example", "ann@strasse.example"),
        ("ann@βόλος.example", "ann@βόλοσ.example"),
        ("ann@faß.co.example", "ann@fass.co.example"),
        ("ann@bücher.example", "ann@bucher.example"),
        ("ann@example.org", "an@example.org"),
    ],
)
def test_domains_with_different_a_labels_are_different(one: str, other: str) -> None:
    assert address_key(parse_address(one)) != address_key(parse_address(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@straße.example", "Ann@xn--strae-oqa.example"),
        ("ann@BÜCHER.example", "ann@bu\u0308cher.example"),
        ("ann@bücher.example", "ann@XN--BCHER-KVA.Example"),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
        ("ANN@Example.ORG", "ann@example.org"),
    ],
)
def test_spellings_of_one_domain_are_one_address(one: str, other: str) -> None:
    assert (
        address_key(parse_address(one)) == address_key(parse_address(other)) == address_key(one) == address_key(other)
    )


@given(st.text(min_size=1, max_size=20).map(lambda text: f"ann@{text}"))
def test_every_text_has_a_key(address: str) -> None:
    assert address_key(address).startswith("ann@")
