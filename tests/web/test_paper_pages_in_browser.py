"""The pages of papers, topics and the query language in a real browser: narrow, wide, light, dark, and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from support.browsing import browser, faults, is_too_wide, shift
from support.service import add_listings
from support.web_site import HOST, serve_pages, write_config

from notifier.models import Listing
from notifier.pipeline import publish, tag
from notifier.topics import catalogue_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

LAST = date(2026, 7, 6)
LARGEST_SHIFT = 0.001
PATHS = (
    "/topics",
    "/topics/quantization",
    "/topics/quantization?order=trending",
    "/topics/quantization?after=nothing",
    "/paper/2607.00000",
    "/paper/2607.99999",
    "/help/queries",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def url(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """Serve papers of some weeks, one of them with all fields and very long words, and return the URL of the pages."""
    config = write_config(tmp_path)
    long = Listing(
        position=1,
        title="Quantization of " + "Supercalifragilistic" * 8 + " مرحبا 你好",
        abstract="We quantize a model. " * 60,
        arxiv_id="2607.00000",
        authors=tuple(f"Ann {'Bee' * (1 + number % 9)}" for number in range(90)),
        categories=("cs.LG", "cs.CL"),
        doi="10.1000/" + "x" * 150,
        code="https://github.com/ann/q",
        stars=12,
        note="12 pages",
        upvotes=140,
    )
    for week in range(5):
        others = [
            Listing(position=1, title=f"Pruning and quantization {week} {number}", arxiv_id=f"2606.{week}{number:04}")
            for number in range(week + 1)
        ]
        add_listings(engine, f"week {week}", LAST - timedelta(weeks=week), long, *others)
    tag(engine, catalogue_of(config))
    publish(engine, config)
    with serve_pages(engine, config) as client:
        yield f"http://{HOST}:{client.base_url.port}"


def opened(chromium: Browser, url: str, width: int, *, dark: bool = False) -> Page:
    context = chromium.new_context(
        base_url=url, viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    return context.new_page()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 1200])
def test_every_page_fits_stands_still_and_can_be_read_by_everybody(
    chromium: Browser, url: str, width: int, dark: bool
) -> None:
    page = opened(chromium, url, width, dark=dark)
    for path in PATHS:
        page.goto(path)
        page.wait_for_load_state()
        assert page.locator("h1").count() == 1, path
        assert shift(page) <= LARGEST_SHIFT, path
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert not is_too_wide(page), path
        assert faults(page) == [], path
    page.context.close()


def test_a_printed_page_is_dark_on_white_and_says_what_was_searched_and_where_the_paper_is(
    chromium: Browser, url: str
) -> None:
    page = opened(chromium, url, 1200, dark=True)
    page.emulate_media(media="print", color_scheme="dark")
    page.goto("/paper/2607.00000")
    colours = "getComputedStyle(document.querySelector({!r})).{}"
    assert page.evaluate(colours.format("body", "backgroundColor")) == "rgb(255, 255, 255)"
    for words in ("body", "h1", "h2", ".names a", ".meta"):
        assert max(map(int, page.evaluate(colours.format(words, "color"))[4:-1].split(","))) < 180, words
    after = page.evaluate("getComputedStyle(document.querySelector('.links a'), '::after').content")
    assert after == '": https://arxiv.org/abs/2607.00000"'
    assert not page.get_by_role("heading", name="Cite").is_visible()
    page.goto("/search?q=quantization")
    assert page.locator("#q").is_visible()
    assert not page.get_by_role("button", name="Search").is_visible()
    page.goto("/")
    assert not page.get_by_role("heading", name="Get trending papers").is_visible()
    page.context.close()


def test_no_line_of_a_card_begins_with_a_separator(chromium: Browser, url: str) -> None:
    page = opened(chromium, url, 320)
    page.goto("/search?q=quantization")
    begins = """() => [...document.querySelectorAll('.card .meta')].flatMap(line => {
      const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT), left = line.getBoundingClientRect().left;
      const found = [];
      for (let text = texts.nextNode(); text; text = texts.nextNode())
        for (let at = text.data.indexOf('·'); at >= 0; at = text.data.indexOf('·', at + 1)) {
          const range = document.createRange();
          range.setStart(text, at), range.setEnd(text, at + 1);
          if (range.getBoundingClientRect().left < left + 3) found.push(line.textContent);
        }
      return found;
    })"""
    for width in range(300, 420, 8):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(begins) == [], width
    page.context.close()


def test_a_citation_is_opened_by_keyboard_and_selected_with_one_click(chromium: Browser, url: str) -> None:
    page = opened(chromium, url, 1200)
    page.goto("/paper/2607.00000")
    summary = page.locator("details.cite summary").first
    summary.focus()
    page.keyboard.press("Enter")
    page.locator("details.cite pre").first.click()
    selected = page.evaluate("getSelection().toString()")
    assert selected.startswith("@misc{bee2026quantization,")
    assert selected.rstrip().endswith("}")
    page.context.close()


def test_the_bars_of_the_plot_have_a_name_for_screen_readers(chromium: Browser, url: str) -> None:
    page = opened(chromium, url, 1200)
    page.goto("/topics/quantization")
    plot = page.get_by_role("img", name="Papers a week since 8 June 2026 The most were")
    assert plot.locator("rect").count() == 5
    page.context.close()
