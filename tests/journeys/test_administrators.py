"""An administrator does a day's work in a real browser, without script, on a narrow dark screen and by the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from support.admin_site import BOB, add_everybody, local_admin_config, logged_entries
from support.browsing import browser, faults, in_thread, is_too_wide
from support.visitors import asked_session_token
from support.web_site import AT_EIGHT, deliver_and_read_mails, serve_pages

from notifier.config import Config
from notifier.models import SubscriberState
from notifier.pipeline import plan
from notifier.store import reading, subscribers
from notifier.store.topics import catalogue_in_use
from notifier.web.sessions import PLAIN_NAME

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow

NEW = "newcomer@example.org"
PAGES = (
    *("", "deliveries", "deliveries/1", "subscribers", "subscribers/2", "subscribers/add", "subscribers/import"),
    *("subscribers/reinstate", "subscribers/2/erase", "sources", "quarantine", "tokens", "log"),
    *("topics", "topics/add?slug=x&query=model", "topics/edit/quantization", "topics/remove/quantization"),
)
LOOKS = ((320, "dark"), (1200, "light"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return local_admin_config(tmp_path)


@pytest.fixture
def base_url(engine: Engine, config: Config) -> Iterator[str]:
    """Serve the pages to three subscribers, whose digests wait to be sent; return the URL of the pages."""
    add_everybody(engine, config)
    plan(engine, config, AT_EIGHT)
    with serve_pages(engine, config, port=int(config.web.base_url.rpartition(":")[2])):
        yield config.web.base_url


def page_of(chromium: Browser, token: str, base_url: str, look: tuple[int, str], *, script: bool = False) -> Page:
    """Open a browser of a width and with a color scheme in which an administrator is signed in."""
    options = {"viewport": {"width": look[0], "height": 800}, "color_scheme": look[1]}
    context = chromium.new_context(**options, java_script_enabled=script)  # type: ignore[arg-type]
    context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": base_url}])
    return context.new_page()


def work(page: Page, base_url: str, folder: Path) -> None:
    """Hold Bob's mail, change what he gets, add somebody, and import and export a list."""
    page.goto(f"{base_url}/papers")
    page.get_by_role("link", name="Admin").click()
    sections = page.get_by_role("navigation", name="Administration")
    sections.get_by_role("link", name="Deliveries").click()
    page.get_by_label("Address, or number").fill(BOB)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Delivery 2").click()
    assert "Quantization of Large Models" in page.get_by_label("The text of the mail").inner_text()
    page.get_by_role("button", name="Hold").click()
    assert page.get_by_role("status").inner_text().startswith("The delivery is HELD")
    page.get_by_role("link", name=BOB).click()
    page.get_by_role("link", name=BOB).click()
    page.get_by_label("Query").last.fill("graph OR tree")
    page.get_by_role("button", name="Add", exact=True).click()
    assert page.get_by_role("heading", name="graph or tree").is_visible()
    page.get_by_label("How often").select_option("weekly")
    page.get_by_role("button", name="Save the schedule").click()
    assert page.get_by_text("every Monday at 08:00").is_visible()
    sections.get_by_role("link", name="Subscribers").click()
    page.get_by_role("link", name="Add a subscriber").click()
    page.get_by_label("Address").fill(NEW)
    page.get_by_label("They have agreed to get mail").check()
    page.get_by_role("button", name="Add").click()
    assert page.get_by_role("heading", level=1).inner_text() == NEW
    sections.get_by_role("link", name="Subscribers").click()
    with page.expect_download() as exporting:
        page.get_by_role("button", name="Export all as CSV").click()
    exporting.value.save_as(folder / "all.csv")
    assert NEW in (folder / "all.csv").read_text(encoding="utf-8")
    page.get_by_role("link", name="Import a CSV file").click()
    (folder / "more.csv").write_text("email,query\nzoe@example.org,graph\nnobody,x\n", encoding="utf-8")
    page.get_by_label("The file").set_input_files(folder / "more.csv")
    page.get_by_role("button", name="Import").click()
    assert "1 row imported" in page.get_by_role("status").inner_text()
    assert page.get_by_role("rowheader", name="3").is_visible()


def by_keyboard(page: Page, base_url: str) -> None:
    """Create a token with the keyboard alone."""
    page.goto(f"{base_url}/admin/tokens")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skips to the content
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("name") == "name":
            break
    page.keyboard.type("a bot")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_label("The new token").wait_for(timeout=5000)
    assert page.get_by_label("The new token").inner_text().startswith("notifier_")


def test_an_administrator_does_the_work_of_a_day(engine: Engine, config: Config, base_url: str, tmp_path: Path) -> None:
    token = asked_session_token(engine)

    def visit() -> None:
        with browser() as chromium:
            page = page_of(chromium, token, base_url, (375, "dark"))
            work(page, base_url, tmp_path)
            by_keyboard(page, base_url)

    in_thread(visit)
    assert {each["To"] for each in deliver_and_read_mails(engine, config)} >= {"ann@example.org", "cleo@example.org"}
    assert BOB not in {each["To"] for each in deliver_and_read_mails(engine, config)}
    done = ["hold", "add a subscription", "change the schedule", "add", "export", "import", "create"]
    assert [each.action for each in reversed(logged_entries(engine))] == done
    with reading(engine) as connection:
        new = subscribers.find(connection, NEW)
    assert new is not None
    assert new.state is SubscriberState.ACTIVE


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_of_administrators_is_accessible_and_fits(
    engine: Engine, base_url: str, look: tuple[int, str]
) -> None:
    token = asked_session_token(engine)

    def visit() -> None:
        with browser() as chromium:
            page = page_of(chromium, token, base_url, look, script=True)
            for path in PAGES:
                answer = page.goto(f"{base_url}/admin/{path}")
                assert answer is not None
                assert answer.status == 200
                for summary in page.locator("summary").all():
                    summary.click()
                assert (path, faults(page), is_too_wide(page)) == (path, [], False)

    in_thread(visit)


@pytest.mark.parametrize("script", [True, False])
def test_an_administrator_sees_what_a_topic_changes_before_it_is_saved(
    engine: Engine, config: Config, base_url: str, script: bool
) -> None:
    token = asked_session_token(engine)

    def visit() -> None:
        with browser() as chromium:
            page = page_of(chromium, token, base_url, LOOKS[1], script=script)
            page.goto(f"{base_url}/admin/topics")
            page.get_by_role("link", name="Add a topic").click()
            page.get_by_label("Query").fill("expert OR (")
            preview = page.get_by_role("region", name="Preview")
            show(page, preview, "This parenthesis is never closed")
            page.get_by_label("Query").fill("expert OR (quantization)")
            show(page, preview, "2 papers have it")
            assert not script or faults(page) == []
            page.get_by_label("Slug").fill("two")
            page.get_by_label("Title").fill("Two Subjects")
            for _ in range(12):
                page.keyboard.press("Tab")
                if page.locator(":focus").inner_text() == "Add":
                    break
            page.keyboard.press("Enter")
            page.get_by_role("link", name="Two Subjects").click()
            page.get_by_label("Query").fill("expert")
            show(page, preview, "1 paper loses it")

    def show(page: Page, preview: Locator, words: str) -> None:
        """Wait for the preview that the script shows; without script, ask for it."""
        if not script:
            page.get_by_role("button", name="Show the preview").click()
        preview.get_by_text(words).wait_for(timeout=10_000)

    in_thread(visit)
    assert catalogue_in_use(engine, config).topics["two"].query == "expert OR (quantization)"
