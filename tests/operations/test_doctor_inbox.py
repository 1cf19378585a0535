"""The doctor checks the inbox: whether the service may read it, when it last did, and whether replies get there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from sqlalchemy import Engine
from support.outbox import plan_many
from support.service import MONDAY

from notifier.config import Config
from notifier.models import InboxState, ReturnedKind
from notifier.operations.doctor.findings import Finding, State
from notifier.operations.doctor.inbox import MANY_MAILS, check_inbox
from notifier.operations.doctor.modes import check_modes
from notifier.operations.doctor.replies import check_replies
from notifier.operations.doctor.setup import Setup
from notifier.store import returned
from notifier.store.engine import writing
from notifier.store.tables import delivery

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENDER, ENVELOPE = "papers@example.org", "bounces@example.org"


def setup_with(engine: Engine, folder: Path, inbox: str, **keys: object) -> Setup:
    mail = {"transport": "smtp", "sender": SENDER, "envelope": ENVELOPE, "inbox": inbox, **keys}
    store = {"url": engine.url.render_as_string(hide_password=False)}
    return Setup(Config.model_validate({"mail": mail, "store": store}).located_in(folder), None, MONDAY)


def found(setup: Setup) -> dict[str, Finding]:
    by_name = {each.about: each for each in check_inbox(setup)}
    setup.close()
    assert all(each.cure for each in by_name.values() if each.state is not State.OK)
    return by_name


def maildir(folder: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def come_back(engine: Engine, kind: ReturnedKind, days: int) -> None:
    with writing(engine) as connection:
        returned.add(connection, f"{kind} {days}", kind, MONDAY - days * DAY)


def test_a_maildir_that_is_read_and_gets_all_mail_is_well(engine: Engine, tmp_path: Path) -> None:
    maildir(tmp_path / "came")
    setup = setup_with(engine, tmp_path, "maildir:came")
    come_back(engine, ReturnedKind.UNSUBSCRIBE, 2)
    come_back(engine, ReturnedKind.SOFT, 1)
    with writing(engine) as connection:
        returned.set_inbox_state(connection, setup.config.inbox_name, InboxState(MONDAY - HOUR))
    by_name = found(setup)
    assert {name: each.state for name, each in by_name.items()} == dict.fromkeys(
        ("came", "[mail] inbox", SENDER, ENVELOPE), State.OK
    )
    assert "the newest message came at 2026-07-05 06:00 UTC" in by_name["[mail] inbox"].what
    assert "the newest reply came at 2026-07-04 06:00 UTC" in by_name[SENDER].what


@pytest.mark.parametrize(
    ("made", "said"), [("nothing", "there is no such folder"), ("folder", "it is no Maildir"), ("file", "no such")]
)
def test_a_path_that_is_no_maildir_is_a_fault(engine: Engine, tmp_path: Path, made: str, said: str) -> None:
    if made == "folder":
        (tmp_path / "came").mkdir()
    elif made == "file":
        (tmp_path / "came").touch()
    finding = found(setup_with(engine, tmp_path, "maildir:came"))["came"]
    assert finding.state is State.FAULT
    assert said in finding.what


@pytest.fixture
def given_away(engine: Engine) -> Iterator[Path]:
    """Return a folder that all users may enter, and give the database to another user, as whom the service runs."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(str(engine.url.database), 12345, 12345)
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("closed", ["new", "cur", "new/1.eml"])
def test_a_maildir_that_the_service_may_not_use_is_a_fault(engine: Engine, given_away: Path, closed: str) -> None:
    came = maildir(given_away / "came")
    (came / "new" / "1.eml").touch()
    setup = setup_with(engine, given_away, "maildir:came")
    for path in (came, *came.rglob("*")):
        os.chown(path, 12345, 12345)
        path.chmod(0o700)
    assert found(setup)["came"].state is State.OK
    os.chown(came / closed, 0, 0)
    finding = found(setup)["came"]
    assert finding.state is State.FAULT
    assert f"may not read {closed.rpartition('/')[2]}" in finding.what


def test_an_imap_server_that_is_away_is_a_fault_without_the_password(engine: Engine, tmp_path: Path) -> None:
    inbox = "imaps://papers@127.0.0.1:1/INBOX"
    finding = found(setup_with(engine, tmp_path, inbox, inbox_password="open-sesame"))[inbox]
    assert (finding.state, "Connection refused" in finding.what) == (State.FAULT, True)
    assert "check the host and port in [mail] inbox" in finding.cure
    assert "sesame" not in str(finding)
    missing = found(setup_with(engine, tmp_path, inbox, inbox_password_file="missing"))[inbox]
    assert (missing.state, missing.cure) == (State.FAULT, "correct its name")


def test_a_server_that_begins_in_clear_text_has_a_cure_of_its_own(engine: Engine, tmp_path: Path) -> None:
    def greet() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"* OK ready\r\n")
            connection.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        inbox = f"imaps://papers@127.0.0.1:{listener.getsockname()[1]}/INBOX"
        thread = Thread(target=greet)
        thread.start()
        finding = found(setup_with(engine, tmp_path, inbox))[inbox]
        thread.join()
    assert finding.state is State.FAULT
    assert finding.cure == "write imap:// in [mail] inbox (STARTTLS)"


def test_an_inbox_that_the_service_cannot_read_or_does_not_read_is_a_warning(engine: Engine, tmp_path: Path) -> None:
    maildir(tmp_path / "came")
    setup = setup_with(engine, tmp_path, "maildir:came")
    assert found(setup)["[mail] inbox"].what == "nothing has read it yet"
    states = {
        "could not read it since 2026-07-06 05:00 UTC: it is gone": InboxState(None, "it is gone", MONDAY - HOUR),
        "nothing has read it since 2026-07-04": InboxState(MONDAY - 2 * DAY),
    }
    for said, state in states.items():
        with writing(engine) as connection:
            returned.set_inbox_state(connection, setup.config.inbox_name, state)
        finding = found(setup)["[mail] inbox"]
        assert (finding.state, said in finding.what) == (State.WARNING, True)


def test_a_pipe_that_gave_nothing_says_how_to_try_it(engine: Engine, tmp_path: Path) -> None:
    finding = found(setup_with(engine, tmp_path, "pipe"))["[mail] inbox"]
    assert finding.state is State.SKIPPED
    assert finding.cure.startswith(f"to try it, send a mail to {SENDER}")
    come_back(engine, ReturnedKind.OTHER, 1)
    assert found(setup_with(engine, tmp_path, "pipe"))["[mail] inbox"].state is State.OK


def test_only_mail_to_the_user_of_the_mailbox_is_sure_to_come_to_the_inbox(engine: Engine, tmp_path: Path) -> None:
    place = "127.0.0.1:1/INBOX"
    for user, sender in (("Papers%40Example.ORG", State.OK), ("team%40example.org", State.SKIPPED)):
        by_name = found(setup_with(engine, tmp_path, f"imaps://{user}@{place}"))
        assert (by_name[SENDER].state, by_name[ENVELOPE].state) == (sender, State.SKIPPED)
    assert by_name[SENDER].what.endswith("comes to the inbox, which is the mailbox of team@example.org")
    assert ENVELOPE not in found(setup_with(engine, tmp_path, "pipe", envelope=""))


def test_much_mail_of_which_nothing_comes_back_is_a_hint(engine: Engine, tmp_path: Path) -> None:
    plan_many(engine, tmp_path, [f"reader{number}@example.org" for number in range(MANY_MAILS)])
    sent = {"state": "ACCEPTED", "next_try": None, "settled_at": MONDAY - DAY}
    with writing(engine) as connection:
        connection.execute(delivery.update().values(sent))
    setup = setup_with(engine, tmp_path, "pipe")
    assert found(setup)["returned mail"].state is State.SKIPPED
    come_back(engine, ReturnedKind.FORGED, 3)
    assert "returned mail" not in found(setup)


def test_replies_that_wait_for_a_person_are_a_warning(engine: Engine, tmp_path: Path) -> None:
    come_back(engine, ReturnedKind.UNCLEAR, 1)
    setup = setup_with(engine, tmp_path, "pipe")
    (finding,) = check_replies(setup)
    setup.close()
    assert (finding.state, finding.what) == (
        State.WARNING,
        "1 reply waits for a person; somebody may want to unsubscribe",
    )


def test_a_file_with_the_password_of_the_inbox_that_others_may_read_is_a_fault(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "inbox.password"
    file.write_text("open-sesame")
    setup = setup_with(engine, tmp_path, "pipe", inbox_password_file=str(file))
    for mode, is_fault in ((0o644, True), (0o600, False)):
        file.chmod(mode)
        assert any(each.about == "inbox.password" for each in check_modes(setup)) == is_fault
