"""Return paths: the address of a bounce identifies its delivery, and nobody can forge one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifier.signing.return_paths import LONGEST_LOCAL_PART, ReturnPaths

BOUNCES = ReturnPaths("bounces@example.org", b"k" * 32)


@given(st.integers(1, 10**17))
def test_a_return_path_identifies_its_delivery_in_upper_and_lower_case_and_never_changes(delivery_id: int) -> None:
    path = BOUNCES.return_path(delivery_id)
    assert path == BOUNCES.return_path(delivery_id)
    assert len(path.rpartition("@")[0]) <= LONGEST_LOCAL_PART
    assert BOUNCES.delivery_of(path) == BOUNCES.delivery_of(path.upper()) == delivery_id


@given(st.integers(1, 10**17), st.integers(1, 10**17))
def test_a_tag_is_not_valid_for_another_delivery_or_key(one: int, other: int) -> None:
    path = BOUNCES.return_path(one)
    assert BOUNCES.delivery_of(path.replace(f"+b{one}-", f"+b{other}-")) == (one if one == other else None)
    assert ReturnPaths("bounces@example.org", b"K" * 32).delivery_of(path) is None


@given(st.text() | st.from_regex(r"bounces\+b\d{1,20}-[a-z2-7]{26}@example\.org", fullmatch=True))
def test_a_made_up_address_identifies_no_delivery(address: str) -> None:
    assert BOUNCES.delivery_of(address) is None


def test_a_mailbox_with_a_long_name_gets_no_tag() -> None:
    mailbox = f"{'b' * 40}@example.org"
    assert ReturnPaths(mailbox, b"k" * 32).return_path(1) == mailbox
