"""Signed ids in links: nobody can guess or change them, and a mail that is sent again has the same ones."""

from __future__ import annotations

import base64
import hmac
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.signing.links import (
    MAC_BYTES,
    PATHS,
    Grant,
    LinkPurpose,
    LinkSigner,
    grants_in,
    redact_links,
    sign,
    verify,
)

KEY = b"a secret key of thirty-two bytes"
LETTERS = string.ascii_letters + string.digits + "-_=.~ %"

keys = st.binary(min_size=32, max_size=32)

plain_grants = st.builds(Grant, st.sampled_from(LinkPurpose), st.integers(1, 10**12))
grants_of_mails = st.builds(
    Grant, st.just(LinkPurpose.MANAGE), st.integers(1, 10**12), st.integers(1, 2**32 - 1), st.integers(0, 2**34)
)
grants = plain_grants | grants_of_mails


@settings(deadline=None)
@given(keys, grants)
def test_a_signed_id_grants_what_it_was_made_for(key: bytes, grant: Grant) -> None:
    assert verify(key, sign(key, grant)) == grant


def test_a_row_has_the_same_signed_id_in_all_versions_of_notifier() -> None:
    assert sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ALL, 17)) == "M2pHNOHYsOEfVEclxb7Da_JYa17"
    assert sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ONE, 17)) == "eWAwcxYXujBLKmpZYRZjO_SUs17"


@settings(deadline=None)
@given(st.binary(max_size=200), grants)
def test_a_signed_id_is_hmac_sha256_of_its_payload(key: bytes, grant: Grant) -> None:
    payload = f"{grant.purpose}{grant.row_id}" + (f"-{grant.address}-{grant.mailed}" if grant.address else "")
    mac = hmac.digest(key, payload.encode(), "sha256")[:MAC_BYTES]
    assert sign(key, grant) == base64.urlsafe_b64encode(mac).decode() + payload


@settings(deadline=None, max_examples=examples(300))
@given(grants, st.data())
def test_a_signed_id_with_any_character_changed_is_refused(grant: Grant, data: st.DataObject) -> None:
    signed = sign(KEY, grant)
    index = data.draw(st.integers(0, len(signed) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    assume(letter != signed[index])
    assert verify(KEY, signed[:index] + letter + signed[index + 1 :]) is None


@settings(deadline=None)
@given(grants, st.data())
def test_a_signed_id_that_is_cut_or_extended_is_refused(grant: Grant, data: st.DataObject) -> None:
    signed = sign(KEY, grant)
    assert verify(KEY, signed[: data.draw(st.integers(0, len(signed) - 1))]) is None
    assert verify(KEY, signed + data.draw(st.text(min_size=1, max_size=5))) is None
    assert verify(KEY, data.draw(st.text(min_size=1, max_size=5)) + signed) is None


@settings(deadline=None)
@given(grants, grants)
def test_a_signed_id_is_bound_to_its_purpose_and_its_row(grant: Grant, other: Grant) -> None:
    assume(grant != other)
    signed, foreign = sign(KEY, grant), sign(KEY, other)
    assert signed != foreign
    assert verify(KEY, signed[:24] + foreign[24:]) is None


@settings(deadline=None)
@given(keys, keys, grants)
def test_a_signed_id_of_another_key_is_refused(key: bytes, other: bytes, grant: Grant) -> None:
    assume(key != other)
    assert verify(other, sign(key, grant)) is None


@settings(deadline=None, max_examples=examples(300))
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{24}[ascionmfd]\d{1,30}", fullmatch=True))
def test_texts_that_were_not_signed_are_refused_without_an_error(text: str) -> None:
    assert verify(KEY, text) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "{mac}a017",
        "{mac}a+17",
        "{mac}a1_7",
        "{mac}a\u0661\u0667",
        "{mac}A17",
        "{mac}a17\n",
        "{mac}a17-0",
        "{mac}a17-",
        "{mac}a17-1",
    ],
)
def test_no_other_spelling_of_a_signed_id_passes(spelling: str) -> None:
    signed = sign(KEY, Grant(LinkPurpose.UNSUBSCRIBE_ALL, 17))
    assert verify(KEY, spelling.format(mac=signed[:24])) is None


@settings(deadline=None)
@given(grants)
def test_a_signed_id_is_short_needs_no_encoding_in_a_url_and_ends_in_a_digit(grant: Grant) -> None:
    signed = sign(KEY, grant)
    assert set(signed) <= set(string.ascii_letters + string.digits + "-_")
    assert signed[-1].isdigit()
    of_mail = f"-{grant.address}-{grant.mailed}" if grant.address else ""
    assert len(signed) == 24 + 1 + len(f"{grant.row_id}{of_mail}")


def test_the_mac_has_at_least_128_bits() -> None:
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
def test_one_click_is_offered_only_over_https_and_on_this_machine(base_url: str, allowed: bool) -> None:
    assert LinkSigner(base_url, KEY).allows_one_click is allowed


def test_the_key_is_never_shown() -> None:
    assert repr(KEY) not in repr(LinkSigner("https://papers.example.org", KEY))


@pytest.mark.parametrize("purpose", LinkPurpose)
@pytest.mark.parametrize("line", ["GET {} HTTP/1.1", 'the mail holds "{}"', "{}?a=b", "<{}>"])
def test_links_of_every_purpose_are_redacted(purpose: LinkPurpose, line: str) -> None:
    assert purpose in PATHS
    for base_url in ("https://papers.example.org", "https://example.org/papers", ""):
        grant = Grant(purpose, 17)
        link = LinkSigner(base_url, KEY).url(grant)
        assert link == base_url + PATHS[purpose] + sign(KEY, grant)
        assert sign(KEY, grant)[:24] not in redact_links(line.format(link))
        assert base_url + PATHS[purpose] in redact_links(line.format(link))


def test_a_signed_id_is_found_after_many_copies_of_another_one() -> None:
    key = bytes(32)
    vote, leave = sign(key, Grant(LinkPurpose.VOTE, 42)), sign(key, Grant(LinkPurpose.UNSUBSCRIBE_ALL, 7))
    mail = " ".join([f"https://example.org/vote/{vote}/{paper}" for paper in range(200)])
    grants, has_wrong_id = grants_in(key, f"{mail} https://example.org/unsubscribe/{leave}")
    assert (grants, has_wrong_id) == ([Grant(LinkPurpose.VOTE, 42), Grant(LinkPurpose.UNSUBSCRIBE_ALL, 7)], False)
