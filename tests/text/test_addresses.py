"""Addresses: which spellings are one subscriber's, and which are different addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import UsageError
from notifier.text.addresses import address_key, parse_address, parse_new_address


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


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Jürgen@Example.org", "Jürgen@example.org"),
        ("ju\u0308rgen@example.org", "jürgen@example.org"),
        ("用户@例え.jp", "用户@例え.jp"),
    ],
)
def test_letters_beyond_ascii_before_the_at_sign_are_accepted_and_composed(typed: str, stored: str) -> None:
    assert parse_address(typed) == stored
    assert address_key(stored) == address_key(stored.swapcase())


def test_two_local_parts_that_only_folding_joins_are_two_addresses() -> None:
    assert address_key("strauß@example.org") != address_key("strauss@example.org")


@pytest.mark.parametrize(
    "typed", ["ann\u202e@example.org", "ann\u00a0b@example.org", "ann\u0000@example.org", "\ud800@a.b"]
)
def test_controls_and_spaces_beyond_ascii_are_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="is not an email address"):
        parse_address(typed)


@pytest.mark.parametrize("text", ["\ufffd@example.org", "ann\ufffd@example.org", "ann@b\ufffdcher.example"])
def test_an_address_that_was_decoded_wrongly_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="could not be read"):
        parse_address(text)


@pytest.mark.parametrize("local", ["a" * 64, "a.b" * 21, "ä" * 32, "用" * 21])
def test_a_new_address_has_at_most_64_bytes_before_the_at_sign(local: str) -> None:
    assert parse_new_address(f"{local}@example.org") == f"{local}@example.org"
    longer = f"{local}bc@example.org"
    with pytest.raises(UsageError, match=r"before the @ it has 6[5-9] bytes, and mail carries at most 64"):
        parse_new_address(longer)
    assert parse_address(longer) == longer, "an older version may have stored it"
