"""`notifier digest`, and what `notifier subscribe` says about the next digest."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.scripted_relay import ScriptedRelay
from support.service import SEEDS, run_notifier, write_smtp_config

ANN = "ann@example.org"
LATER = "2026-07-06T02:00Z"
OPENER = "open" if sys.platform == "darwin" else "xdg-open"


pytestmark = pytest.mark.sqlite  # each test copies a folder with its SQLite file


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with papers, and with Ann, whose first digest is due at 08:00 in Berlin."""
    folder = tmp_path_factory.mktemp("prepared")
    run(folder, "ingest", str(SEEDS[0]), "--now", "2026-07-06T01:00Z")
    run(folder, "subscribe", ANN, "--query", "quantization", "--timezone", "Europe/Berlin", "--confirmed")
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """Return a copy of the prepared folder."""
    return shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)


def run(folder: Path, *arguments: str, exit_code: int = 0) -> CompletedProcess[str]:
    """Run `notifier` on the morning of the first digest."""
    dated = () if "--now" in arguments else ("--now", LATER)
    done = run_notifier(*arguments, *dated, cwd=folder)
    assert done.returncode == exit_code, done.stderr
    return done


def inbox(folder: Path) -> list[EmailMessage]:
    files = (folder / "var" / "mail" / "new").glob("*")
    return [message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default) for file in files]


def test_the_text_of_the_mail_is_printed_with_its_subject(folder: Path) -> None:
    shown = run(folder, "digest", "Ann@Example.org")
    assert shown.stdout.startswith("Subject: 1 new paper: A Survey on Inference")
    assert "quantization (1)\n---" in shown.stdout
    assert "due Mon 6 Jul 2026, 08:00 (Europe/Berlin)" in shown.stderr
    assert not inbox(folder)


def test_the_html_is_written_to_a_file_and_the_command_that_opens_it_is_printed(folder: Path) -> None:
    printed = run(folder, "digest", ANN, "--html", "digest.html").stdout
    assert printed.endswith(f": {OPENER} digest.html\n")
    assert "<h1" in (folder / "digest.html").read_text(encoding="utf-8")
    assert f"{OPENER} 'new folder/a page.html'" in run(folder, "digest", ANN, "--html", "new folder/a page.html").stdout
    assert (folder / "new folder" / "a page.html").exists()


def test_a_hyphen_stands_for_stdout_which_then_has_only_the_html(folder: Path) -> None:
    for option in ((), ("--send",)):
        printed = run(folder, "digest", ANN, "--html", "-", *option).stdout
        assert printed.startswith("<!doctype html>")
        assert printed.endswith("</html>\n")


@pytest.mark.parametrize("file", ["var", "", "config.toml/digest.html"])
def test_a_file_that_cannot_be_written_is_reported_in_one_sentence(folder: Path, file: str) -> None:
    (folder / "config.toml").touch()
    failed = run(folder, "digest", ANN, "--html", file, exit_code=1)
    assert failed.stderr.startswith("notifier: cannot write ")


def test_a_test_goes_to_the_maildir_and_the_digest_still_comes(folder: Path) -> None:
    said = run(folder, "digest", ANN, "--send").stdout
    (mail,) = inbox(folder)
    assert mail["Subject"].startswith("[Test] 1 new paper: A Survey on Inference")
    assert "accepted by maildir" in said
    assert json.loads(run_notifier("deliveries", "--json", cwd=folder).stdout) == []
    assert json.loads(run(folder, "plan", "--json", "--now", "2026-07-06T06:00Z").stdout)["digests"] == 1


def test_two_tests_at_once_are_two_mails(folder: Path) -> None:
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(run, folder, "digest", ANN, "--send", "--html", "digest.html") for _ in range(2)]
    assert [each.result().returncode for each in both] == [0, 0]
    assert len(inbox(folder)) == 2
    assert "[Test]" in (folder / "digest.html").read_text(encoding="utf-8")


def test_a_refused_test_is_reported_in_one_sentence_with_exit_code_1(folder: Path) -> None:
    with ScriptedRelay({"RCPT": "550 5.1.1 no such {user}"}) as relay:
        write_smtp_config(folder, relay.port)
        refused = run(folder, "digest", ANN, "--send", exit_code=1)
    assert "refused because of the address: 550 5.1.1 no such {user};" in refused.stderr
    assert refused.stdout == ""
    (subscriber,) = json.loads(run_notifier("subscribers", "--json", cwd=folder).stdout)
    assert subscriber["state"] == "ACTIVE"


@pytest.mark.slow
def test_a_relay_that_is_paused_refuses_a_test(folder: Path) -> None:
    with ScriptedRelay({"MAIL": "550 5.7.1 not you"}) as relay:
        write_smtp_config(folder, relay.port)
        run(folder, "plan", "--now", "2026-07-06T06:00Z")
        run(folder, "deliver", "--now", "2026-07-06T06:00Z", exit_code=1)
        refused = run(folder, "digest", ANN, "--send", "--now", "2026-07-06T06:01Z", exit_code=1)
    assert "the relay is paused until 2026-07-06 06:05:" in refused.stderr
    assert "550 5.7.1 not you" in refused.stderr


@pytest.mark.slow
def test_if_nothing_is_new_that_is_said_and_the_newest_papers_are_shown(folder: Path) -> None:
    run(folder, "plan", "--now", "2026-07-06T06:00Z")
    run(folder, "deliver", "--now", "2026-07-06T06:00Z")
    shown = run(folder, "digest", ANN, "--now", "2026-07-06T07:00Z")
    assert "note: nothing that matches is new" in shown.stderr
    assert shown.stdout.startswith("Subject: 1 paper: A Survey on Inference")
    assert "\nNothing is new: these are the newest papers that match" in shown.stdout
    assert "New papers of" not in shown.stdout
    assert "quantization (1)\n---" in shown.stdout


@pytest.mark.slow
def test_an_instant_digest_that_planning_would_find_now_is_due_with_the_next_run(folder: Path) -> None:
    run(folder, "subscribe", ANN, "--cadence", "instant")
    assert "due after the next dump" in run(folder, "digest", ANN).stderr
    run(folder, "ingest", str(SEEDS[1]))
    shown = run(folder, "digest", ANN)
    assert "due with the next run" in shown.stderr
    assert shown.stdout.startswith("Subject: 3 new papers: A Survey on Inference")


@pytest.mark.slow
def test_without_matching_papers_that_is_said_and_no_file_or_mail_is_made(tmp_path: Path) -> None:
    run(tmp_path, "subscribe", ANN, "--query", "surfboards", "--confirmed")
    assert "no papers are stored yet" in run(tmp_path, "digest", ANN).stdout
    run(tmp_path, "ingest", str(SEEDS[0]), "--now", LATER)
    assert "no recent paper matches what ann@example.org asked for (surfboards)" in run(tmp_path, "digest", ANN).stdout
    for option in (("--html", "digest.html"), ("--send",)):
        assert "no recent paper" in run(tmp_path, "digest", ANN, *option, exit_code=1).stderr
    assert not (tmp_path / "digest.html").exists()


def test_a_pending_subscriber_can_be_looked_at_but_gets_no_test(folder: Path) -> None:
    run(folder, "subscribe", "bob@example.org", "--topic", "all")
    looked = run(folder, "digest", "bob@example.org")
    assert "bob@example.org is PENDING and gets no mail; this is the digest if they confirmed now" in looked.stderr
    assert looked.stdout.startswith("Subject: ")
    assert "not even a test" in run(folder, "digest", "bob@example.org", "--send", exit_code=2).stderr


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["--confirmed"], "first digest: Mon 6 Jul 2026, 08:00 (UTC); see it now: notifier digest ann@example.org\n"),
        (
            ["--confirmed", "--cadence", "weekly", "--weekday", "tue", "--at", "7:30", "--timezone", "asia/tokyo"],
            "first digest: Tue 7 Jul 2026, 07:30 (Asia/Tokyo); see it now: notifier digest ann@example.org\n",
        ),
        (
            ["--confirmed", "--cadence", "instant"],
            "first digest: after the next dump; see it now: notifier digest ann@example.org\n",
        ),
        (
            [],
            "no mail goes out before they confirm; if they have: notifier subscribe ann@example.org --confirmed\n",
        ),
    ],
)
def test_subscribe_says_when_the_first_digest_comes_and_how_to_see_it(
    tmp_path: Path, options: list[str], answer: str
) -> None:
    assert run(tmp_path, "subscribe", ANN, *options).stdout.endswith(f"\n{answer}")


def test_after_the_first_digest_subscribe_speaks_of_the_next_one(folder: Path) -> None:
    run(folder, "plan", "--now", "2026-07-06T06:00Z")
    changed = run(folder, "subscribe", ANN, "--at", "09:00", "--now", "2026-07-06T07:00Z").stdout
    assert "\nnext digest: Tue 7 Jul 2026, 09:00 (Europe/Berlin);" in changed


def test_a_digest_whose_hour_has_passed_comes_with_the_next_run(folder: Path) -> None:
    changed = run(folder, "subscribe", ANN, "--at", "05:00", "--now", "2026-07-06T04:00Z").stdout
    assert "\nnext digest: Mon 6 Jul 2026, 05:00 (Europe/Berlin), with the next run;" in changed


def test_the_commands_that_are_printed_quote_the_address(tmp_path: Path) -> None:
    said = run(tmp_path, "subscribe", "o'brien@example.org", "--confirmed").stdout
    assert said.endswith("""notifier digest 'o'"'"'brien@example.org'\n""")
