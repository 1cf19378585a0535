"""The Maildir: each mail is written once, completely or not at all, and mail programs can read it."""

from __future__ import annotations

import asyncio
import mailbox
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.smtp import a_mail

from notifier.delivery.maildir import Maildir, file_name
from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState, Mail


def send_to(folder: Path, *mails: Mail) -> list[Outcome]:
    async def one_by_one() -> list[Outcome]:
        async with Maildir(folder) as maildir:
            return [await maildir.send(mail) for mail in mails]

    return asyncio.run(one_by_one())


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_does_not_exist_is_created_and_its_mails_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "mail"
    outcomes = send_to(folder, a_mail(1), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    read = mailbox.Maildir(folder, create=False)
    assert sorted(str(message["Message-ID"]) for message in read) == [a_mail(1).message_id, a_mail(2).message_id]


def test_lines_end_with_lf(tmp_path: Path) -> None:
    send_to(tmp_path, a_mail(1))
    assert files(tmp_path)[0].read_bytes() == a_mail(1).content.replace(b"\r\n", b"\n")


def test_a_mail_that_is_written_again_replaces_the_first_copy(tmp_path: Path) -> None:
    send_to(tmp_path, a_mail(1), a_mail(1, content=b"Subject: again\r\n\r\n"))
    assert [path.read_bytes() for path in files(tmp_path)] == [b"Subject: again\n\n"]


@pytest.mark.parametrize("flags", ["", ":2,", ":2,RS"])
def test_a_mail_that_a_mail_program_has_already_read_is_not_written_again(tmp_path: Path, flags: str) -> None:
    send_to(tmp_path, a_mail(1))
    (written,) = files(tmp_path)
    seen = written.rename(tmp_path / "cur" / (written.name + flags))
    (outcome,) = send_to(tmp_path, a_mail(1))
    assert outcome.state is DeliveryState.ACCEPTED
    assert files(tmp_path) == [seen]


def test_only_complete_mails_are_visible_and_only_to_their_owner(tmp_path: Path) -> None:
    send_to(tmp_path, *(a_mail(number) for number in range(20)))
    assert {path.parent.name for path in files(tmp_path)} == {"new"}
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "new").parent.iterdir()} == {0}


def test_a_full_disk_defers_the_mail_with_the_reason_and_leaves_no_file(tmp_path: Path) -> None:
    with file_size_limit(100):
        (full,) = send_to(tmp_path, a_mail(1, content=b"x" * 10_000))
    assert (full.state, full.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)
    assert full.reply == f"cannot write to the Maildir {tmp_path}: File too large"
    assert files(tmp_path) == []
    assert send_to(tmp_path, a_mail(1))[0].state is DeliveryState.ACCEPTED


def test_a_full_disk_leaves_an_earlier_copy_of_the_mail_as_it_was(tmp_path: Path) -> None:
    send_to(tmp_path, a_mail(1))
    with file_size_limit(100):
        send_to(tmp_path, a_mail(1, content=b"x" * 10_000))
    assert [path.parent.name for path in files(tmp_path)] == ["new"]
    assert b"Number 1." in files(tmp_path)[0].read_bytes()


def test_if_a_file_is_in_the_place_of_the_folder_the_mail_is_deferred_with_the_reason(tmp_path: Path) -> None:
    file_in_the_way = tmp_path / "mail"
    file_in_the_way.write_text("not a folder")
    (outcome,) = send_to(file_in_the_way, a_mail(1))
    assert outcome.is_relay_fault
    assert str(file_in_the_way) in outcome.reply


def test_a_mail_that_is_no_longer_wanted_is_not_written(tmp_path: Path) -> None:
    async def no() -> bool:
        return False

    outcome = asyncio.run(Maildir(tmp_path).send(a_mail(1), no))
    assert outcome.state is DeliveryState.CANCELLED
    assert files(tmp_path) == []


@given(st.text(), st.text())
@settings(deadline=None)
def test_a_file_name_is_safe_and_belongs_to_one_message_id(one: str, other: str) -> None:
    name = file_name(f"<{one}>")
    assert name == file_name(f"<{one}>")
    assert not set(name) & set("/:\x00\n ")
    assert name[0] != "."
    assert len(name) < 200
    assume(one.strip().strip("<>") != other.strip().strip("<>"))
    assert name != file_name(f"<{other}>")
