"""Return paths: the address of a bounce identifies its delivery, and nobody can forge one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifier.address_form import LONGEST_LOCAL_PART
from notifier.signing.return_paths import ReturnPaths

BOUNCES = ReturnPaths("bounces@example.org", b"k" * 32)


@given(st.integers(1, 10**17))
def test_a_return_path_contains_the_id_of_its_delivery_and_never_changes(delivery_id: int) -> None:
    path = BOUNCES.return_path(delivery_id)
    assert path == BOUNCES.return_path(delivery_id) == path.lower()
    assert path.startswith(f"bounces+b{delivery_id}-") and path.endswith("@example.org")
    assert len(path.rpartition("@")[0]) <= LONGEST_LOCAL_PART


@given(st.integers(1, 10**17), st.integers(1, 10**17))
def test_a_tag_depends_on_the_delivery_and_the_key(one: int, other: int) -> None:
    def tag(paths: ReturnPaths, delivery_id: int) -> str:
        return paths.return_path(delivery_id).rpartition("-")[2]

    assert (tag(BOUNCES, one) == tag(BOUNCES, other)) == (one == other)
    assert tag(ReturnPaths("bounces@example.org", b"K" * 32), one) != tag(BOUNCES, one)


def test_a_mailbox_with_a_long_name_gets_no_tag() -> None:
    mailbox = f"{'b' * 40}@example.org"
    assert ReturnPaths(mailbox, b"k" * 32).return_path(1) == mailbox
