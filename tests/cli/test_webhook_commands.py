"""The command webhooks: add, list, test, enable and remove; and the commands about deliveries, for events."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.https_service import Answer, HttpsService, https_service
from support.service import clean_environment, run_notifier
from support.webhooks import KEY, is_signed

URL = "https://lab.example.org/hook"


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service({"*": Answer()}, certificate=None) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a secret key, and a config that allows requests to 127.0.0.1."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var/secret.key").write_text(KEY, encoding="ascii")
    (tmp_path / "var/secret.key").chmod(0o600)
    (tmp_path / "config.toml").write_text(
        '[fetching]\nallow_http = ["127.0.0.1"]\nallow_private = ["127.0.0.1"]\n', encoding="utf-8"
    )
    return tmp_path


def notifier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_notifier(*arguments, cwd=folder)


def add(folder: Path, url: str, *options: str) -> dict[str, str]:
    run = notifier(folder, "webhooks", "add", url, "--json", *options)
    assert run.returncode == 0, run.stderr
    added: dict[str, str] = json.loads(run.stdout)
    return added


def test_a_webhook_is_added_listed_and_removed_and_its_secret_is_shown_once(folder: Path) -> None:
    assert "no webhooks" in notifier(folder, "webhooks").stdout
    run = notifier(folder, "webhooks", "add", URL, "--event", "paper.announced", "--event", "source.stale")
    assert run.returncode == 0
    assert run.stdout.startswith("whsec_")
    assert "`notifier webhooks test 1`" in run.stderr
    (listed,) = json.loads(notifier(folder, "webhooks", "--json").stdout)
    assert (listed["url"], listed["events"], listed["disabled_at"]) == (URL, ["paper.announced", "source.stale"], None)
    table = notifier(folder, "webhooks").stdout
    assert URL in table
    assert "whsec_" not in table + json.dumps(listed)
    assert notifier(folder, "webhooks", "remove", "1").returncode == 0
    again = notifier(folder, "webhooks", "remove", "1")
    assert (again.returncode, again.stderr) == (
        2,
        "notifier: there is no webhook 1; `notifier webhooks` lists them\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "http://lab.example.org/hook"), "is without TLS"),
        (("add", "https://10.0.0.1/"), "which is not public"),
        (("add", URL, "--event", "paper.hidden"), "paper.hidden"),
        (("add", URL, "--secret-file", "missing"), "cannot read the secret of the webhook"),
        (("test", "7"), "there is no webhook 7"),
        (("enable", "99999999999999999999"), "there is no webhook"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    run = notifier(folder, "webhooks", *arguments)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_without_a_secret_key_no_webhook_is_added(folder: Path) -> None:
    (folder / "var/secret.key").unlink()
    run = notifier(folder, "webhooks", "add", URL)
    assert run.returncode == 2
    assert "`notifier init` makes it" in run.stderr
    assert json.loads(notifier(folder, "webhooks", "--json").stdout) == []


def test_a_test_event_is_sent_at_once_and_the_answer_is_shown(folder: Path, service: HttpsService) -> None:
    url = service.url("/hook", "127.0.0.1")
    added = add(folder, url)
    run = notifier(folder, "webhooks", "test", "1")
    assert (run.returncode, run.stdout) == (0, f"{url} answered HTTP 200\n")
    (asked,) = service.requests
    assert json.loads(asked.body)["type"] == "webhook.test"
    assert is_signed(asked, added["secret"])
    service.scripts["/hook"] = Answer(status=401)
    refused = notifier(folder, "webhooks", "test", "1")
    assert (refused.returncode, refused.stdout) == (1, f"{url} answered HTTP 401\n")
    assert json.loads(notifier(folder, "deliveries", "--json").stdout) == []


def test_events_are_delivered_listed_shown_and_retried(folder: Path, service: HttpsService) -> None:
    add(folder, service.url("/hook", "127.0.0.1"), "--event", "subscriber.confirmed")
    service.scripts["/hook"] = Answer(status=410)
    assert notifier(folder, "subscribe", "ada@example.org", "--confirmed").returncode == 0
    run = notifier(folder, "deliver")
    assert run.stdout == "mail: nothing to send\nevents and channels: 1 rejected\n"
    assert "1 event REJECTED: HTTP 410" in run.stderr
    (event,) = json.loads(notifier(folder, "deliveries", "--json").stdout)
    assert (event["kind"], event["period"], event["state"]) == ("event", "subscriber.confirmed", "REJECTED")
    shown = notifier(folder, "deliveries", "show", str(event["id"])).stdout
    assert '"email": "ada@example.org"' in shown
    assert f"webhook-id   {event['message_id']}" in shown
    assert notifier(folder, "deliveries", "show", str(event["id"]), "--html").returncode == 2
    assert "disabled on" in notifier(folder, "webhooks").stdout
    assert notifier(folder, "deliveries", "retry", str(event["id"])).returncode == 2
    assert notifier(folder, "webhooks", "enable", "1").returncode == 0
    assert notifier(folder, "deliveries", "retry", str(event["id"])).returncode == 0
    service.scripts["/hook"] = Answer()
    assert notifier(folder, "deliver").stdout == "mail: nothing to send\nevents and channels: 1 accepted\n"


@pytest.mark.slow
def test_a_worker_sends_events_as_they_come_to_webhooks_that_are_added_while_it_runs(
    folder: Path, service: HttpsService
) -> None:
    notifier(folder, "db", "upgrade")
    worker = subprocess.Popen(
        [sys.executable, "-m", "notifier", "worker"], cwd=folder, env=clean_environment(), stderr=subprocess.DEVNULL
    )
    try:
        add(folder, service.url("/hook", "127.0.0.1"))
        for number, email in enumerate(("ada@example.org", "bob@example.org"), 1):
            notifier(folder, "subscribe", email, "--confirmed")
            until = time.monotonic() + 20
            while len(service.requests) < number and time.monotonic() < until:
                time.sleep(0.1)
            assert len(service.requests) == number
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
