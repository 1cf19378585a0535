"""Tokens: what nobody can guess, bend or turn to another purpose, and what every repeat of a mail has the same."""

from __future__ import annotations

import base64
import hmac
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from notifier.signing.links import MAC_BYTES, Grant, LinkPurpose, LinkSigner, sign, verify

KEY = b"a secret key of thirty-two bytes"
LETTERS = string.ascii_letters + string.digits + "-_=.~ %"

keys = st.binary(min_size=32, max_size=32)
grants = st.builds(Grant, st.sampled_from(LinkPurpose), st.integers(1, 10**12))


@settings(deadline=None)
@given(keys, grants)
def test_a_token_allows_what_it_was_made_for(key: bytes, grant: Grant) -> None:
    assert verify(key, sign(key, grant)) == grant


def test_the_same_row_gives_the_same_token_today_and_in_every_later_version() -> None:
    assert sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ALL, 17)) == "M2pHNOHYsOEfVEclxb7Da_JYa17"
    assert sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ONE, 17)) == "eWAwcxYXujBLKmpZYRZjO_SUs17"


@settings(deadline=None)
@given(st.binary(max_size=200), grants)
def test_a_token_is_hmac_sha256_of_what_it_vouches_for(key: bytes, grant: Grant) -> None:
    claim = f"{grant.purpose}{grant.row_id}"
    mac = hmac.digest(key, claim.encode(), "sha256")[:MAC_BYTES]
    assert sign(key, grant) == base64.urlsafe_b64encode(mac).decode() + claim


@settings(deadline=None, max_examples=300)
@given(grants, st.data())
def test_any_letter_changed_anywhere_makes_it_worthless(grant: Grant, data: st.DataObject) -> None:
    token = sign(KEY, grant)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    assume(letter != token[place])
    assert verify(KEY, token[:place] + letter + token[place + 1 :]) is None


@settings(deadline=None)
@given(grants, st.data())
def test_a_token_cut_short_or_with_something_added_is_worthless(grant: Grant, data: st.DataObject) -> None:
    token = sign(KEY, grant)
    assert verify(KEY, token[: data.draw(st.integers(0, len(token) - 1))]) is None
    assert verify(KEY, token + data.draw(st.text(min_size=1, max_size=5))) is None
    assert verify(KEY, data.draw(st.text(min_size=1, max_size=5)) + token) is None


@settings(deadline=None)
@given(grants, grants)
def test_a_token_is_bound_to_its_purpose_and_to_its_row(grant: Grant, other: Grant) -> None:
    assume(grant != other)
    token, foreign = sign(KEY, grant), sign(KEY, other)
    assert token != foreign
    assert verify(KEY, token[:24] + foreign[24:]) is None


@settings(deadline=None)
@given(keys, keys, grants)
def test_a_token_of_another_key_is_worthless(key: bytes, other: bytes, grant: Grant) -> None:
    assume(key != other)
    assert verify(other, sign(key, grant)) is None


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{24}[as]\d{1,30}", fullmatch=True))
def test_no_text_that_was_not_minted_passes_or_fails_with_an_error(text: str) -> None:
    assert verify(KEY, text) is None


@pytest.mark.parametrize(
    "spelling", ["{mac}a017", "{mac}a+17", "{mac}a1_7", "{mac}a\u0661\u0667", "{mac}A17", "{mac}a17\n"]
)
def test_no_other_spelling_of_a_token_passes(spelling: str) -> None:
    token = sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ALL, 17))
    assert verify(KEY, spelling.format(mac=token[:24])) is None


@settings(deadline=None)
@given(grants)
def test_a_token_is_short_needs_no_encoding_in_a_url_and_ends_in_a_digit(grant: Grant) -> None:
    token = sign(KEY, grant)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert token[-1].isdigit()
    assert len(token) == 24 + 1 + len(str(grant.row_id))


def test_what_is_to_be_guessed_has_more_than_128_bits() -> None:
    assert MAC_BYTES * 8 >= 128


@pytest.mark.parametrize(
    ("base_url", "allowed"),
    [
        ("https://papers.example.org", True),
        ("https://example.org/papers", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://127.3.2.1", True),
        ("http://[::1]:8000/papers", True),
        ("http://papers.example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://192.168.0.1", False),
    ],
)
def test_rfc_8058_one_click_is_for_https_and_for_this_machine(base_url: str, allowed: bool) -> None:
    assert LinkSigner(base_url, KEY).allow_one_click is allowed


def test_the_key_is_never_shown() -> None:
    assert repr(KEY) not in repr(LinkSigner("https://papers.example.org", KEY))
