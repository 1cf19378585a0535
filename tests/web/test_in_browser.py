"""A new subscriber goes through the pages in a real browser, on a phone and on a desktop, with and without script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from support.browsing import browser, faults, in_thread, is_too_wide, shift
from support.service import MONDAY, SEEDS, free_ports, wait_until
from support.visitors import link_path
from support.web_site import ANN, serve_app, serve_pages, slowed, write_config

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.delivery.inbox import HOST, Inbox
from notifier.models import Subscriber, SubscriberState
from notifier.pipeline import ingest, plan, tag
from notifier.sending import send_due, sender_for
from notifier.store import reading, subscribers
from notifier.topics import catalogue_of
from notifier.web import make_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

PHONE, DESK = 375, 1200
LISTS = (
    *("/papers", "/papers/week/2026-W28", "/papers/month/2026-07", "/papers/trending", "/papers/date/2026-07-05"),
    *("/papers/date/2026-02-30", "/search", "/search?q=learning", "/search?q=learning+AND"),
)
LARGEST_SHIFT = 0.001
EXPECTED = "the server responded with a status of 4"  # Chromium says so of a page that explains what is wrong


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@dataclass
class World:
    """A service with the sample papers, whose clock the test moves, and a loopback inbox."""

    engine: Engine
    config: Config
    inbox: Inbox
    now: datetime
    url: str

    def mails(self) -> list[EmailMessage]:
        """Send what waits in the outbox, and return all mails to Ann."""
        in_thread(lambda: asyncio.run(send_due(sender_for(self.engine, self.config, lambda: self.now))))
        return [message_from_bytes(each.content, policy=policy.default) for each in self.inbox.mails]

    def link(self, start: str) -> str:
        """Return the path of the link that begins so in the newest mail, which a page queues after its response."""
        wait_until(lambda: any(start in mail.as_string() for mail in self.mails()))
        return link_path(self.mails()[-1], start)

    def ann(self) -> Subscriber:
        with reading(self.engine) as connection:
            found = subscribers.find(connection, ANN)
        assert found is not None
        return found


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> Iterator[World]:
    (port,) = free_ports(1)
    config = write_config(tmp_path, base_url=f"http://{HOST}:{port}")
    for seed in SEEDS:
        ingest(engine, seed, MONDAY.date(), MONDAY)
    tag(engine, catalogue_of(config))
    with Inbox(tmp_path / "inbox") as inbox:
        relay = SmtpConfig(host=HOST, port=inbox.port, tls="none")
        changes = {"smtp": relay, "mail": MailConfig(sender=config.mail.sender, transport="smtp")}
        sending = config.model_copy(update=changes)
        sending._base = config.base
        world = World(engine, sending, inbox, MONDAY, config.web.base_url)
        with serve_pages(engine, sending, clock=lambda: world.now, port=port):
            yield world


@contextmanager
def opened(chromium: Browser, world: World, width: int, *, script: bool, dark: bool = False) -> Iterator[Page]:
    """Open a page in a window of this width; the page may complain about nothing."""
    context = chromium.new_context(
        base_url=world.url,
        viewport={"width": width, "height": 800},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: None if EXPECTED in message.text else complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(world.url) else complaints.append(request.url))
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_reader_signs_up_confirms_reads_changes_and_leaves(
    chromium: Browser, world: World, width: int, script: bool
) -> None:
    with opened(chromium, world, width, script=script) as page:
        page.goto("/")
        page.get_by_role("link", name="choose topics").click()
        page.get_by_label("Keywords, or a query").fill("quantization, pruning")
        page.get_by_role("checkbox", name="Trending").uncheck()
        page.get_by_role("checkbox", name=re.compile("Theorem Proving")).check()
        if not script:
            page.get_by_role("button", name="Show the preview").click()
        preview = page.get_by_role("region", name="Preview")
        preview.get_by_text(re.compile(r"\d+ papers in the last day, about \d+ a week")).wait_for()
        assert preview.get_by_role("listitem").count() >= 3
        assert page.get_by_label("Keywords, or a query").input_value() == "quantization, pruning"
        zone = page.get_by_label("Of which time zone").input_value()
        assert zone == ("Europe/Berlin" if script else "UTC")
        page.get_by_label("Your email address").fill(ANN)
        page.get_by_role("button", name="Sign up").click()
        page.get_by_role("heading", name="Look into your inbox").wait_for()

        page.goto(world.link("/confirm/"))
        page.get_by_role("button", name="Yes, send me papers").click()
        page.get_by_role("heading", name="You are subscribed").wait_for()
        assert world.ann().state is SubscriberState.ACTIVE
        page.goto(world.link("/manage/"))
        page.get_by_role("heading", name="Your digests", exact=True).wait_for()
        page.get_by_role("link", name="Past digests", exact=True).click()
        page.get_by_role("main").get_by_role("link").first.click()
        page.get_by_role("heading", level=3).nth(2).wait_for()

        page.get_by_role("link", name="Your digests", exact=True).click()
        page.get_by_role("link", name="Change Theorem Proving").click()
        page.get_by_label("A name for it").fill("Proofs")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("status").get_by_text("was changed").wait_for()
        page.get_by_label("How often").select_option("weekly")
        page.get_by_label("At what time").select_option("18:00")
        page.locator("#schedule + form").get_by_role("button", name="Save").click()
        page.get_by_text("every Monday at 18:00").wait_for()
        assert [each.label for each in world.ann().subscriptions][-1] == "Proofs"

        page.get_by_role("button", name="Unsubscribe from all").click()
        page.get_by_role("status").get_by_text("You are unsubscribed").wait_for()
        assert world.ann().state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_reader_walks_through_the_lists_with_the_keyboard(chromium: Browser, world: World, script: bool) -> None:
    with opened(chromium, world, PHONE, script=script) as page:
        page.goto("/")
        first = page.locator("article").first
        first.locator("summary").focus()
        page.keyboard.press("Enter")
        assert first.locator("details p").is_visible()
        assert not first.locator("p.opens").is_visible()
        page.get_by_role("link", name="More papers").press("Enter")
        page.get_by_role("link", name="July 2026", exact=True).press("Enter")
        page.get_by_role("link", name="6", exact=True).press("Enter")
        assert page.get_by_role("heading", level=1).inner_text() == "Papers of 6 July 2026"
        page.locator("summary", has_text="Calendar").press("Enter")
        page.get_by_label("Another day").fill("2026-07-05")
        page.get_by_role("button", name="Show").press("Enter")
        page.get_by_text("No papers are listed on 5 July 2026").wait_for()
        page.get_by_role("link", name="After: 6 July 2026").press("Enter")
        page.get_by_role("link", name="Subscribe to this").press("Enter")
        assert page.get_by_role("checkbox", name="All papers").is_checked()


@pytest.mark.parametrize("width", [PHONE, 720, DESK])
def test_nothing_moves_while_a_page_arrives_slowly(chromium: Browser, world: World, width: int) -> None:
    with serve_app(slowed(make_app(world.engine, world.config, lambda: world.now))) as client:
        world.url = str(client.base_url)
        with opened(chromium, world, width, script=True) as page:
            for path in ("/", "/papers", "/topics", "/search?q=learning"):
                page.goto(path)
                page.wait_for_load_state()
                assert shift(page) <= LARGEST_SHIFT, path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, PHONE, DESK])
def test_every_page_fits_stands_still_and_can_be_read_by_everybody(
    chromium: Browser, world: World, width: int, dark: bool
) -> None:
    with opened(chromium, world, width, script=True, dark=dark) as page:

        def look(name: str) -> None:
            page.wait_for_load_state()
            assert page.locator("h1").count() == 1, name
            assert not is_too_wide(page), name
            assert shift(page) <= LARGEST_SHIFT, name
            assert faults(page) == [], name

        def visit(path: str) -> None:
            page.goto(path)
            look(path)

        for path in ("/", "/subscribe?topic=vision&words=graph+or+tres", "/sign-in", "/nowhere", *LISTS):
            visit(path)
        page.goto("/subscribe")
        page.get_by_label("Keywords, or a query").fill("(tree")
        page.get_by_role("button", name="Sign up").click()
        look("errors")
        page.get_by_label("Keywords, or a query").fill("quantization")
        page.get_by_label("Your email address").fill(ANN)
        page.get_by_role("button", name="Sign up").click()
        look("asked to confirm")
        confirm = world.link("/confirm/")
        visit(confirm)
        page.get_by_role("button", name="Yes").click()
        look("confirmed")
        visit(confirm)
        world.now = MONDAY + timedelta(days=1, hours=3)
        plan(world.engine, world.config, world.now)
        digest = world.mails()[-1]
        for path in ("/manage", "/manage/subscriptions", "/manage/delete", "/digests", "/manage?done=added"):
            visit(path)
        page.get_by_role("link", name=re.compile("^Change ")).first.click()
        look("change")
        page.goto("/digests")
        page.get_by_role("main").get_by_role("link").first.click()
        look("digest")
        visit("/manage")
        page.get_by_role("button", name="Sign out", exact=True).click()
        look("signed out")
        visit(link_path(digest, "/manage/"))
