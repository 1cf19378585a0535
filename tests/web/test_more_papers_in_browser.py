"""The link to more papers in a real browser: with script the next cards appear in place, without it a page opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from support.browsing import browser, faults, is_too_wide
from support.service import MONDAY, add_listings
from support.web_site import HOST, serve_pages, write_config

from notifier.models import Listing
from notifier.pipeline import tag
from notifier.topics import catalogue_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

PAPERS = 70
LISTS = ("/papers", "/papers/trending", "/topics/quantization", "/search?q=quantization&order=trending")
FOCUSED = "document.activeElement.textContent"
CARDS = "article.card"
BAD = ("error", "warning")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def url(engine: Engine, tmp_path: Path) -> Iterator[str]:
    config = write_config(tmp_path)
    papers = [Listing(1, f"Quantization number {number}", "A study.", upvotes=99 - number) for number in range(PAPERS)]
    add_listings(engine, "today", MONDAY.date(), *papers)
    tag(engine, catalogue_of(config))
    with serve_pages(engine, config) as client:
        yield f"http://{HOST}:{client.base_url.port}"


def opened(chromium: Browser, url: str, complaints: list[str], *, script: bool = True) -> Page:
    context = chromium.new_context(
        base_url=url, viewport={"width": 320, "height": 700}, java_script_enabled=script, color_scheme="dark"
    )
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type in BAD else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


def press_more(page: Page) -> None:
    page.get_by_role("link", name="More papers").focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("path", LISTS)
def test_more_papers_appear_in_place_and_the_first_of_them_gets_the_focus(
    chromium: Browser, url: str, path: str
) -> None:
    complaints: list[str] = []
    page = opened(chromium, url, complaints)
    page.goto("/topics")
    page.goto(path)
    page.evaluate("window.isTheSame = true")
    for shown in (60, PAPERS):
        before = page.locator(CARDS).count()
        press_more(page)
        page.locator(CARDS).nth(shown - 1).wait_for()
        assert page.locator(CARDS).count() == shown
        title = page.locator(CARDS).nth(before).locator("h3 a")
        page.wait_for_function(f"{FOCUSED} == {title.text_content()!r}")
        assert "after=" in page.url
    assert page.evaluate("window.isTheSame"), "no page was loaded"
    assert len(set(page.locator(f"{CARDS} h3").all_text_contents())) == PAPERS
    assert page.get_by_role("link", name="More papers").count() == 0
    assert (faults(page), is_too_wide(page)) == ([], False)
    page.reload()
    assert page.locator(CARDS).count() == PAPERS - 60, "the address is that of the newest cards"
    page.go_back()
    assert page.url.endswith("/topics"), "the cards that were added are no pages of the history"
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("path", LISTS)
def test_without_script_the_link_opens_the_next_page(chromium: Browser, url: str, path: str) -> None:
    complaints: list[str] = []
    page = opened(chromium, url, complaints, script=False)
    page.goto(path)
    first = page.locator(f"{CARDS} h3").all_text_contents()
    press_more(page)
    page.wait_for_url("**after=**")
    second = page.locator(f"{CARDS} h3").all_text_contents()
    assert (len(first), len(second), set(first) & set(second)) == (30, 30, set())
    page.go_back()
    assert page.locator(f"{CARDS} h3").all_text_contents() == first
    assert complaints == []
    page.context.close()
