"""Mails in a real browser: they fit into narrow windows, and axe-core finds no barrier for any subscriber."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.browser import seen_by_browser
from support.digest_samples import DIGEST, PAPER, SETTINGS, bodies, mail_of, paper
from support.paths import CHECKOUT
from support.varied_digest import VARIED, VARIED_PAPERS, VARIED_SETTINGS

from notifier import sources
from notifier.mail import MailSettings
from notifier.models import Digest, Item, Paper, Section

WIDTHS = [320, 375, 700]  # a small and a usual phone, and the reading pane of a desktop program

pytestmark = pytest.mark.slow


def html_of(digest: Digest, papers: list[Paper], settings: MailSettings) -> str:
    return bodies(mail_of(digest, *papers, settings=settings))[1]


def html_of_sample_pages() -> str:
    """Return the mail of a digest with papers of a sample page."""
    page = next((CHECKOUT / "seeds").glob("001_*.txt"))
    listings = sources.parse_dump(page.read_bytes()).listings[:40]
    papers = [
        paper(number, title=each.title, abstract=each.abstract, arxiv_id=None, authors=())
        for number, each in enumerate(listings, start=1)
    ]
    items = [Item(each.id) for each in papers]
    sections = Section("first query", tuple(items[:20])), Section("second query", tuple(items[20:30]))
    return html_of(replace(DIGEST, sections=sections, rest=tuple(items[30:])), papers, SETTINGS)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_mails_need_no_horizontal_scrolling_and_can_be_read_by_everybody(tmp_path: Path, dark: bool) -> None:
    pages = {
        "varied": html_of(VARIED, VARIED_PAPERS, VARIED_SETTINGS),
        "simple": html_of(DIGEST, [PAPER], SETTINGS),
        "sample pages": html_of_sample_pages(),
    }
    found = seen_by_browser(tmp_path, pages, WIDTHS, dark=dark)
    assert [(each.name, each.width) for each in found] == [(name, width) for name in pages for width in WIDTHS]
    for each in found:
        assert each.dark == dark
        assert each.needs <= each.width, each.name
        assert each.faults == [], each.name
        assert {"color-contrast", "heading-order", "landmark-one-main", "region"} <= set(each.passed)


def test_the_browser_would_find_a_wide_page_a_faint_text_and_a_missing_heading(tmp_path: Path) -> None:
    page = '<!doctype html><html><body><p style="width: 400px; color: #ccc">Faint</p><h3>Low</h3></body></html>'
    narrow, wide = seen_by_browser(tmp_path, {"bad": page}, [320, 700], dark=False)
    assert narrow.needs > 320 and wide.needs == 700
    assert {each.split(":")[0] for each in narrow.faults} >= {"color-contrast", "html-has-lang", "landmark-one-main"}
