"""The demo: one command reads the sample pages and puts mails into an inbox."""

from __future__ import annotations

import json
from email import message_from_bytes
from pathlib import Path

import feedparser
from support.service import run_notifier


def test_the_demo_mails_five_subscribers_and_then_has_nothing_new(tmp_path: Path) -> None:
    first = run_notifier("demo", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    for line in (
        "209",
        "94",
        "364 new papers",
        "5 subscribers, 5 digests, 5 mails accepted",
        "sets its clock ahead to",
    ):
        assert line in first.stdout
    feed, page = (Path(line.split(": ")[1]) for line in first.stdout.splitlines()[-2:])
    assert page == tmp_path / "demo" / "mail" / "ada-example-org.html"
    assert "<html" in page.read_text(encoding="utf-8")
    assert len(feedparser.parse(feed).entries) == 10
    mails = [message_from_bytes(file.read_bytes()) for file in (tmp_path / "demo" / "inbox" / "new").iterdir()]
    assert len({mail["To"] for mail in mails}) == 5
    assert all(len(mail.as_bytes()) < 60_000 for mail in mails), "far below 102 kB, at which Gmail cuts a mail off"

    second = run_notifier("demo", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "nothing is new" in second.stdout.splitlines()[-1]
    assert "3 dumps were known already" in second.stdout
    assert len(list((tmp_path / "demo" / "inbox" / "new").iterdir())) == 5

    status = json.loads(run_notifier("--config", "demo/config.toml", "status", "--json", cwd=tmp_path).stdout)
    assert (status["papers"], status["subscribers"], status["deliveries"]) == (364, {"ACTIVE": 5}, {"ACCEPTED": 5})
