"""A real browser for tests of the pages: Chromium, driven by playwright. Without either, a test is skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from pictures import BROWSER_OPTIONS, BROWSERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

T = TypeVar("T")

# Chromium lays out the content of closed details elements, although it does not show it. axe-core would take marked
# words in this content for the background of the text that is shown at the same place.
AXE = """async () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("details:not([open]) > :not(summary) { display: none }");
  document.adoptedStyleSheets = [sheet];
  return (await axe.run()).violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`));
}"""
# How much of the page has moved by itself, as browsers measure it (Cumulative Layout Shift).
SHIFTS = """() => new Promise(done => new PerformanceObserver(list =>
  done(list.getEntries().filter(each => !each.hadRecentInput).reduce((sum, each) => sum + each.value, 0))
).observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 300))"""


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium for a block of code."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing: install the extra dev")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("Chromium is missing: install Debian's chromium")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=program, args=BROWSER_OPTIONS[1:])
        try:
            yield chromium
        finally:
            chromium.close()


def in_thread(work: Callable[[], T]) -> T:
    """Return the result of work that needs an event loop. It runs in a new thread: playwright's loop uses this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page. The script is not held back by the page's policy."""
    source = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    found: list[str] = page.evaluate(f"async () => {{ {source}; return await ({AXE})(); }}")
    return found


def shift(page: Page) -> Any:
    """Return the layout shift of a page since it was loaded."""
    return page.evaluate(SHIFTS)


def is_too_wide(page: Page) -> bool:
    """Return whether a page must be scrolled sideways."""
    width: bool = page.evaluate("document.scrollingElement.scrollWidth > innerWidth")
    return width
