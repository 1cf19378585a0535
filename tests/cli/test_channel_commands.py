"""The command channel: add, set, list, test, enable and remove; and what other commands do with `channel:NAME`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.chat_services import DISCORD_URL, SLACK, SLACK_URL, chat_services
from support.https_service import Answer
from support.service import clean_environment, run_notifier
from support.webhooks import KEY

SECRET = SLACK_URL.rpartition("/")[2]


URLS = {
    "slack": SLACK_URL,
    "discord": DISCORD_URL,
    "rubbish": "hello",
    "incomplete": "slack://T1JJ3T3L2",
    "mail": f"mailto://{SECRET}:x@example.org",
    "page": f"https://example.org/{SECRET}",
    "private": f"jsons://10.0.0.1/{SECRET}",
    "clear": f"json://bot.example.org/{SECRET}",
    "two": "ntfys://ntfy.example.org/one/two",
    "template": f"slack://T1JJ3T3L2/A1BRTD4JD/{SECRET}?template=/etc/passwd",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


@pytest.fixture(scope="module")
def folder_with_channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_folder(tmp_path_factory.mktemp("channels"))
    done(folder, "channel", "add", "lab", "--url-file", "slack")
    return folder


def make_folder(folder: Path) -> Path:
    """Make a folder with a secret key and a file for each URL."""
    (folder / "var").mkdir()
    (folder / "var/secret.key").write_text(KEY, encoding="ascii")
    (folder / "var/secret.key").chmod(0o600)
    for name, url in URLS.items():
        (folder / name).write_text(f"{url}\n")
    return folder


def notifier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = run_notifier(*arguments, cwd=folder)
    assert SECRET not in run.stdout + run.stderr
    return run


def done(folder: Path, *arguments: str) -> str:
    run = notifier(folder, *arguments)
    assert run.returncode == 0, run.stderr
    return run.stdout


def with_input(folder: Path, typed: str, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = clean_environment()
    environment["PYTHONPATH"] = f"{path}:{environment['PYTHONPATH']}" if path else environment["PYTHONPATH"]
    command = [sys.executable, "-m", "notifier", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, input=typed, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.slow
def test_a_channel_is_added_from_stdin_subscribed_listed_and_removed_and_its_url_is_never_shown(folder: Path) -> None:
    assert "no channels" in done(folder, "channel")
    added = with_input(folder, f"{SLACK_URL}\n", "channel", "add", "lab")
    assert added.returncode == 0, added.stderr
    assert "channel lab is added: Slack (hooks.slack.com)" in added.stdout
    assert SECRET not in added.stdout + added.stderr
    said = done(folder, "subscribe", "channel:lab", "--query", "moe", "--cadence", "daily", "--at", "09:30")
    assert said.startswith("channel:lab is ACTIVE, daily: moe\n")
    assert "confirm" not in said
    (listed,) = json.loads(done(folder, "channel", "--json"))
    assert (listed["name"], listed["service"]) == ("lab", "Slack (hooks.slack.com)")
    assert listed["subscriber"] == "channel:lab"
    assert "moe" in done(folder, "channel")
    (subscriber,) = json.loads(done(folder, "subscribers", "--json"))
    assert (subscriber["email"], subscriber["state"], subscriber["hour"]) == ("channel:lab", "ACTIVE", "09:30")
    assert SECRET.encode() not in (folder / "var/notifier.db").read_bytes()
    assert "Discord (discord.com)" in done(folder, "channel", "set", "lab", "--url-file", "discord")
    assert json.loads(done(folder, "deliveries", "--json")) == []
    assert "is removed" in done(folder, "channel", "remove", "lab")
    assert json.loads(done(folder, "subscribers", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("channel", "add", "The Lab", "--url-file", "slack"), "is no name for a channel"),
        (("channel", "add", "läb", "--url-file", "slack"), "is no name for a channel"),
        (("channel", "add", "-x", "--url-file", "slack"), ""),
        (("channel", "add", "a" * 41, "--url-file", "slack"), "is no name for a channel"),
        (("channel", "add", "other", "--url-file", "missing"), "cannot read the URL of the channel"),
        (("channel", "add", "other", "--url-file", "rubbish"), "no URL of a channel"),
        (("channel", "add", "other", "--url-file", "incomplete"), "no complete URL of Slack"),
        (("channel", "add", "other", "--url-file", "mail"), "begins with https:// or one of slack"),
        (("channel", "add", "other", "--url-file", "page"), "no supported service has such a URL"),
        (("channel", "add", "other", "--url-file", "private"), "which is not public"),
        (("channel", "add", "other", "--url-file", "clear"), "is without TLS"),
        (("channel", "add", "other", "--url-file", "two"), "names 2 rooms"),
        (("channel", "add", "other", "--url-file", "template"), "names a template"),
        (("channel", "add", "lab", "--url-file", "discord"), "`notifier channel set lab`"),
        (("channel", "test", "other"), "there is no channel 'other'; `notifier channel` lists them"),
        (("channel", "enable", "other"), "there is no channel"),
        (("channel", "remove", "../x"), "there is no channel"),
        (("subscribe", "channel:other"), "there is no channel other; `notifier channel add other` adds it"),
        (("subscribe", "channel:"), "does not name a channel"),
        (("webhooks", "remove", "1"), "there is no webhook 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    folder_with_channel: Path, arguments: tuple[str, ...], said: str
) -> None:
    run = notifier(folder_with_channel, *arguments)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_without_the_extra_the_command_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "without/apprise").mkdir(parents=True)
    (tmp_path / "without/apprise/__init__.py").write_text("raise ImportError('not installed')\n")
    run = with_input(folder, SLACK_URL, "channel", "add", "lab", path=str(tmp_path / "without"))
    assert run.returncode == 2
    assert run.stderr.endswith("install them with `pip install 'notifier[channels]'`\n")
    done(folder, "channel", "add", "lab", "--url-file", "slack")
    done(folder, "subscribe", "channel:lab", "--topic", "all")
    for arguments in (("subscribers",), ("deliver",), ("channel",)):
        assert with_input(folder, "", *arguments, path=str(tmp_path / "without")).returncode == 0
    found = json.loads(with_input(folder, "", "doctor", "--json", path=str(tmp_path / "without")).stdout)
    assert [each["state"] for each in found["findings"] if each["about"] == "channel lab"] == ["fault"]


@pytest.mark.slow
def test_test_digest_and_deliveries_show_what_goes_to_a_channel(folder: Path) -> None:
    with chat_services(folder) as chats:
        fetching = chats.fetching
        (folder / "config.toml").write_text(
            f'[fetching]\nproxy = "{fetching.proxy.get_secret_value()}"\nca_file = "{fetching.ca_file}"\n'
        )
        done(folder, "channel", "add", "lab", "--url-file", "slack")
        assert "has accepted the message (HTTP 200)" in done(folder, "channel", "test", "lab")
        assert "Test of the channel lab" in chats.texts(SLACK)[0]
        done(folder, "subscribe", "channel:lab", "--topic", "all", "--cadence", "instant")
        (folder / "page.txt").write_text("Bees in the City\nWe study bees in depth, and our experiments show a lot.\n")
        done(folder, "ingest", "page.txt")
        assert "Bees in the City" in done(folder, "digest", "channel:lab")
        assert notifier(folder, "digest", "channel:lab", "--html", "-").returncode == 2
        assert "accepted" in done(folder, "digest", "channel:lab", "--send")
        assert "[Test]" in chats.texts(SLACK)[1].replace("\\", "")
        done(folder, "once")
        done(folder, "once")
        assert len(chats.texts(SLACK)) == 3
        shown = done(folder, "deliveries", "show", "1")
        assert "Bees in the City" in shown
        assert "channel:lab" in shown
        assert notifier(folder, "deliveries", "show", "1", "--html").returncode == 2
        chats.instead[SLACK] = lambda _: Answer(b"no_service", 404)
        failed = notifier(folder, "channel", "test", "lab")
        assert failed.returncode == 1
        assert "has not accepted the message: HTTP 404: no_service" in failed.stderr


def test_the_doctor_finds_webhooks_and_channels_to_which_nothing_can_be_sent(folder: Path) -> None:
    done(folder, "channel", "add", "lab", "--url-file", "slack")
    (folder / "secret").write_text("whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY")
    done(folder, "webhooks", "add", "https://lab.example.org/hook", "--secret-file", "secret")
    (folder / "slack").unlink()
    (folder / "secret").unlink()
    found = json.loads(run_notifier("doctor", "--json", cwd=folder).stdout)["findings"]
    faults = {each["about"]: each["what"] for each in found if each["area"] == "endpoints"}
    assert faults["channel lab"].startswith("cannot read the URL of the channel")
    assert faults["webhook 2"].startswith("cannot read the secret of the webhook")
