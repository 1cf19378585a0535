"""The ways in which messages come back to notifier: given by a mail server on stdin, and read from a Maildir."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select
from support.disks import mounted
from support.outbox import AT_EIGHT
from support.planned_papers import stored_subscriber
from support.returned_messages import KEY, message, return_path, token
from support.service import (
    add_subscriber,
    clean_environment,
    ingest_page,
    open_simulated_store,
    run_notifier,
    wait_until,
)

from notifier.config import load
from notifier.errors import InboxError
from notifier.operations import WatchedInbox, service_status
from notifier.pipeline.planning import plan
from notifier.returned import InboxReport, read_inbox
from notifier.store import open_store, reading
from notifier.store.tables import delivery, returned
from notifier.subscribers import SignUp

NOW = "2026-07-06T09:00:00+00:00"
SETTINGS = (
    'secret_file = "secret.key"\n[mail]\nsender = "Papers <papers@example.org>"\nenvelope = "bounces@example.org"\n'
)


def service(folder: Path, mail: str = "", subscribers: int = 1) -> list[str]:
    """Make a service in a folder with a planned digest for each subscriber, and return their return paths."""
    (folder / "config.toml").write_text(SETTINGS + mail, encoding="utf-8")
    (folder / "secret.key").write_bytes(KEY)
    (folder / "secret.key").chmod(0o600)
    engine = open_simulated_store(load(folder / "config.toml").store_url)
    for number in range(subscribers):
        add_subscriber(engine, SignUp(address(number), topics=("all",), confirmed=True))
    ingest_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, load(folder / "config.toml"), AT_EIGHT)
    with reading(engine) as connection:
        ids = dict(connection.execute(select(delivery.c.recipient, delivery.c.id)).all())
    engine.dispose()
    return [return_path(ids[address(number)]) for number in range(subscribers)]


def address(number: int) -> str:
    return f"ann{number}@example.net"


def bounced(number: int, path: str) -> bytes:
    return message("postfix-unknown", path, "", recipient=address(number)).replace(b"<postfix", f"<{number}".encode())


def states(folder: Path, subscribers: int = 1) -> list[str]:
    engine = open_store(load(folder / "config.toml").store_url)
    try:
        return [stored_subscriber(engine, address(number)).state for number in range(subscribers)]
    finally:
        engine.dispose()


def count(folder: Path) -> int:
    engine = open_store(load(folder / "config.toml").store_url)
    with reading(engine) as connection:
        number = len(connection.execute(select(returned.c.id)).all())
    engine.dispose()
    return number


def pipe(folder: Path, content: bytes, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Give a message to `notifier bounce`, as a mail server does."""
    return subprocess.run(
        [sys.executable, "-m", "notifier", "bounce", "--now", NOW, *arguments],
        cwd=folder,
        env=clean_environment() | variables,
        input=content,
        capture_output=True,
        timeout=100,
        check=False,
    )


def maildir(folder: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (folder / "inbox" / part).mkdir(parents=True, exist_ok=True)
    return folder / "inbox"


def deliver(folder: Path, name: str, content: bytes) -> None:
    (maildir(folder) / "new" / name).write_bytes(content)


@pytest.mark.slow
def test_a_message_on_stdin_acts_once_even_if_it_is_given_twice_at_the_same_moment(tmp_path: Path) -> None:
    (path,) = service(tmp_path)
    content = bounced(0, path)
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda _: pipe(tmp_path, content), range(2)))
    assert [each.returncode for each in done] == [0, 0], done[0].stderr
    copy, first = sorted(each.stdout.decode() for each in done)
    assert copy == "hard (it was read before)\n"
    assert first.startswith("hard for ann0@example.net (SUPPRESSED: returned: ")
    assert states(tmp_path) == ["SUPPRESSED"]


@pytest.mark.slow
def test_the_mail_server_may_tell_the_recipient_that_the_message_does_not_name(tmp_path: Path) -> None:
    paths = service(tmp_path, subscribers=3)
    messages = [bounced(number, "undisclosed") for number in range(3)]
    pipe(tmp_path, messages[0], "--recipient", paths[0])
    pipe(tmp_path, messages[1], ORIGINAL_RECIPIENT=paths[1], RECIPIENT="bounces@example.org")
    pipe(tmp_path, messages[2], RECIPIENT=paths[2])
    assert states(tmp_path, 3) == ["SUPPRESSED"] * 3


@pytest.mark.slow
def test_a_message_that_nobody_can_read_is_set_aside_with_exit_code_0(tmp_path: Path) -> None:
    service(tmp_path)
    for content in (b"", b"\xff\x00\xfe" * 1000, b"x" * 50_000_000):
        done = pipe(tmp_path, content)
        assert (done.returncode, done.stdout[:7]) == (0, b"broken "), done.stderr
    status = run_notifier("status", "--now", NOW, cwd=tmp_path).stdout
    assert "came back    3 broken in 30 days\n" in status


@pytest.mark.slow
def test_the_message_is_given_again_later_if_it_cannot_be_stored(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=3m") as disk:
        (path,) = service(disk)
        content = bounced(0, path)
        away = pipe(disk, content, NOTIFIER_STORE__URL=f"sqlite:///{disk}/config.toml/no.db")
        assert (away.returncode, away.stdout) == (os.EX_TEMPFAIL, b"")
        assert away.stderr.startswith(b"notifier: ") and away.stderr.count(b"\n") == 1
        assert pipe(disk, content, "--config", "missing.toml").returncode == os.EX_TEMPFAIL
        filling = disk / "filling"
        with pytest.raises(OSError, match="No space"), filling.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        assert pipe(disk, content).returncode == os.EX_TEMPFAIL
        filling.unlink()
        assert pipe(disk, content).returncode == 0
        assert states(disk) == ["SUPPRESSED"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        ("bounce < message >&-", 0),
        ("bounce < message > /dev/full", 0),
        ("bounce < message > /dev/full 2> /dev/full", 0),
        ("bounce < message >&- 2>&-", 0),
        ("bounce <&-", os.EX_TEMPFAIL),
        ("bounce <&- >&- 2>&-", os.EX_TEMPFAIL),
        ("bounce --recipients a@example.org < message", os.EX_TEMPFAIL),
        ("bounce a@example.org < message", os.EX_TEMPFAIL),
        ("--config missing.toml bounce < message 2> /dev/full", os.EX_TEMPFAIL),
        ("bounce --help", 0),
    ],
)
def test_a_stored_message_is_not_refused_for_its_output_and_one_that_was_not_read_is_given_again(
    tmp_path: Path, words: str, exit_code: int
) -> None:
    service(tmp_path)
    (tmp_path / "message").write_bytes(message("spam"))
    command = f"{sys.executable} -m notifier {words}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=clean_environment(), capture_output=True, check=False
    )
    assert (done.returncode, b"bug" in done.stderr) == (exit_code, False), done.stderr
    assert count(tmp_path) == (1 if exit_code == 0 and "help" not in words else 0)


@pytest.mark.slow
def test_once_reads_the_maildir_before_it_plans_and_leaves_unread_what_needs_a_person(tmp_path: Path) -> None:
    service(tmp_path, 'inbox = "maildir:inbox"\n', subscribers=2)
    engine = open_store(load(tmp_path / "config.toml").store_url)
    subscriber_id = stored_subscriber(engine, address(0)).id
    ingest_page(engine, tmp_path, ["A Paper of the Next Day", "And Another"], now=AT_EIGHT)
    engine.dispose()
    deliver(tmp_path, "1.request", message("mailto-signed", signed=token(subscriber_id)))
    deliver(tmp_path, "2.question", message("mailto-unsigned", recipient="eve@example.com"))
    deliver(tmp_path, "3.copy", message("mailto-signed", signed=token(subscriber_id)))
    done = run_notifier("once", "--now", "2026-07-07T08:00:00+00:00", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "returned mail: 1 unclear, 1 unsubscribe\nsubscribers due: 1;" in done.stdout
    assert states(tmp_path, 2) == ["UNSUBSCRIBED", "ACTIVE"]
    assert sorted(path.name for path in (tmp_path / "inbox").glob("*/*")) == [
        "1.request:2,S",
        "2.question:2,",
        "3.copy:2,S",
    ]
    status = run_notifier("status", "--now", "2026-07-07T09:00:00+00:00", cwd=tmp_path).stdout
    assert f"inbox        maildir {tmp_path}/inbox, read at 2026-07-07 08:00 UTC\n" in status
    assert "must be read" not in status
    listed = run_notifier("replies", cwd=tmp_path).stdout
    assert "eve@example.com  unsubscribe eve@example.com\n" in listed
    assert run_notifier("replies", "drop", "--all", cwd=tmp_path).stdout == "1 reply dropped\n"
    assert run_notifier("replies", cwd=tmp_path).stdout == "no replies wait for you\n"


def read(folder: Path) -> InboxReport:
    """Read the inbox of a service once, in this process."""
    config = load(folder / "config.toml")
    engine = open_store(config.store_url)
    try:
        report = read_inbox(engine, config, lambda: AT_EIGHT)
    finally:
        engine.dispose()
    assert report is not None
    return report


def inbox_of(folder: Path) -> WatchedInbox:
    config = load(folder / "config.toml")
    engine = open_store(config.store_url)
    found = service_status(engine, config, AT_EIGHT).inbox
    engine.dispose()
    assert found is not None
    return found


def test_an_inbox_that_cannot_be_read_is_said_in_the_status_until_it_can(tmp_path: Path) -> None:
    service(tmp_path, 'inbox = "maildir:missing"\n')
    sentence = f"cannot read the Maildir {tmp_path}/missing: No such file or directory; check [mail] inbox"
    for _ in range(2):
        with pytest.raises(InboxError, match="No such file"):
            read(tmp_path)
    found = inbox_of(tmp_path)
    assert (found.error.startswith(sentence), found.failing_since, found.read_at) == (True, AT_EIGHT, None)
    maildir(tmp_path).rename(tmp_path / "missing")
    read(tmp_path)
    found = inbox_of(tmp_path)
    assert (found.error, found.failing_since, found.read_at) == ("", None, AT_EIGHT)


@pytest.mark.slow
def test_an_inbox_that_cannot_be_read_stops_no_other_step(tmp_path: Path) -> None:
    service(tmp_path, 'inbox = "maildir:missing"\n')
    done = run_notifier("once", "--now", NOW, cwd=tmp_path)
    assert done.returncode == 1
    assert "mail: 1 accepted" in done.stdout
    assert done.stderr.startswith("notifier: cannot read the Maildir ") and done.stderr.count("\n") == 1
    status = run_notifier("status", "--now", NOW, cwd=tmp_path).stdout
    assert "inbox        not read since 2026-07-06 09:00 UTC: cannot read the Maildir " in status


def test_folders_links_and_files_of_others_in_the_maildir_do_no_harm(tmp_path: Path) -> None:
    (path,) = service(tmp_path, 'inbox = "maildir:inbox"\n')
    new = maildir(tmp_path) / "new"
    deliver(tmp_path, "9.bounce", bounced(0, path))
    (new / "0.folder").mkdir()
    (new / ".hidden").write_bytes(b"x")
    os.mkfifo(new / "1.pipe")
    (new / "2.link").symlink_to("/etc/passwd")
    read(tmp_path)
    assert states(tmp_path) == ["SUPPRESSED"]


READ = """
import sys
from datetime import datetime
from pathlib import Path
from notifier.config import load
from notifier.errors import InboxError
from notifier.operations import WatchedInbox, service_status
from notifier.returned import read_inbox
from notifier.store import open_store
config = load(Path("config.toml"))
read_inbox(open_store(config.store_url), config, lambda: datetime.fromisoformat(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_kill_while_the_maildir_is_read_loses_and_repeats_nothing(tmp_path: Path) -> None:
    number = 60
    paths = service(tmp_path, 'inbox = "maildir:inbox"\n', subscribers=number)
    for each, path in enumerate(paths):
        deliver(tmp_path, f"{each:03}.bounce", bounced(each, path))
    cur = tmp_path / "inbox" / "cur"
    command = [sys.executable, "-c", READ, NOW]
    for seen in (1, 25):
        with subprocess.Popen(command, cwd=tmp_path, env=clean_environment()) as run:
            wait_until(lambda seen=seen: len(list(cur.iterdir())) >= seen)  # type: ignore[misc]
            run.send_signal(signal.SIGKILL)
    assert len(list(cur.iterdir())) < number
    both = [subprocess.Popen(command, cwd=tmp_path, env=clean_environment()) for _ in range(2)]
    assert [each.wait(100) for each in both] == [0, 0]
    assert states(tmp_path, number) == ["SUPPRESSED"] * number
    assert (count(tmp_path), len(list(cur.iterdir()))) == (number, number)
