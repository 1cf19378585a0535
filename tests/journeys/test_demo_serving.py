"""`notifier demo --serve`: a newcomer signs up on the pages, reads the mail in the inbox, confirms, and ends it all."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from lxml import html
from support.service import clean_environment, free_ports, wait_until
from support.visitors import shown

pytestmark = pytest.mark.slow

# Seconds from Ctrl-C to the end of the process; an idle machine needs less than one, and a busy one more.
LONGEST_STOP = 5.0
NEWCOMER = "newcomer@example.net"


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run `notifier demo --serve` while the block runs; yield the process and the addresses that it printed."""
    run = subprocess.Popen(
        [sys.executable, "-m", "notifier", "demo", "--serve", *arguments],
        cwd=folder,
        env=clean_environment() | {"NOTIFIER_WEB__PORT": str(free_ports(1)[0])},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert run.stdout is not None
        printed = []
        for line in run.stdout:
            printed.append(line)
            if "Ctrl-C" in line:
                break
        found = re.findall(r"^(home page|feeds|inbox): (http://127\.0\.0\.1:\d+/\w*)$", "".join(printed), re.MULTILINE)
        yield run, dict(found)
    finally:
        if run.poll() is None:
            run.kill()
        run.communicate()


def end(run: subprocess.Popen[str]) -> None:
    """Press Ctrl-C, and check that the demo ends soon and without an error."""
    started = time.monotonic()
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=60)
    assert time.monotonic() - started < LONGEST_STOP
    assert (run.returncode, output) == (0, "the demo has ended\n")


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def mail_to(inbox: str, recipient: str, subject: str) -> httpx.Response:
    """Wait for a mail in the list of the inbox, and return the HTML that its frame shows."""
    found: list[str] = []

    def has_come() -> bool:
        page = html.document_fromstring(httpx.get(inbox).text)
        items = page.xpath(f"//li[contains(., '{recipient}') and contains(h2, '{subject}')]")
        found[:] = [str(items[0].xpath("string(h2/a/@href)"))] if items else []
        return bool(found)

    wait_until(has_come)
    return httpx.get(f"{inbox.rstrip('/')}{found[0]}/html")


def link_in(mail: httpx.Response, part: str) -> str:
    links = html.document_fromstring(mail.text).xpath(f"//a[contains(@href, '{part}')]/@href")
    return str(links[0])


def test_a_newcomer_signs_up_confirms_and_gets_papers(tmp_path: Path) -> None:
    with demo(tmp_path) as (run, addresses):
        home, feeds, inbox = (addresses[name] for name in ("home page", "feeds", "inbox"))
        wait_until(lambda: answers(home))
        assert answers(feeds)
        assert answers(f"{home}feeds/trending.atom")
        asked = httpx.post(f"{home}subscribe", data={"email": NEWCOMER, "topics": "trending", "do": "subscribe"})
        assert "Look into your inbox" in asked.text

        link = link_in(mail_to(inbox, NEWCOMER, "confirm"), "/confirm/")
        assert link.startswith(home)
        (button,) = (form.action for form in html.document_fromstring(httpx.get(link).text).forms)
        confirmed = httpx.post(httpx.URL(link).join(button or ""))
        assert "You are subscribed" in shown(confirmed)

        welcome = mail_to(inbox, NEWCOMER, "Welcome")
        assert "Here are your first papers" in welcome.text
        manage = httpx.get(link_in(welcome, "/manage/"))
        assert manage.status_code == 200
        end(run)


def test_a_second_demo_continues_and_shows_the_mails_of_the_first(tmp_path: Path) -> None:
    with demo(tmp_path) as (run, addresses):
        wait_until(lambda: answers(addresses["home page"]))
        end(run)
    with demo(tmp_path) as (run, addresses):
        digest = mail_to(addresses["inbox"], "ada@example.org", "new papers")
        assert "/manage/" in digest.text
        wait_until(lambda: answers(addresses["home page"]))
        end(run)
