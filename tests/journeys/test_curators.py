"""A curator works in a real browser, without script, and a subscriber who is none sees what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from support.browsing import browser, faults, in_thread, is_too_wide
from support.service import add_subscriber, free_ports, ingest_page
from support.visitors import session_token
from support.web_site import ANN, AT_EIGHT, HOST, deliver_and_read_mails, serve_pages, write_config

from notifier.config import Config
from notifier.pipeline import plan
from notifier.subscribers import SignUp
from notifier.web.sessions import PLAIN_NAME

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

BOB = "bob@example.org"
TITLES = ("The First Paper of All", "The Second Paper of All", "A Paper Nobody Needs")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    written = write_config(tmp_path, f"http://{HOST}:{free_ports(1)[0]}")
    changed = written.model_copy(update={"web": written.web.model_copy(update={"curators": (ANN,)})})
    changed._base = written.base
    return changed


@pytest.fixture
def base_url(engine: Engine, config: Config) -> Iterator[str]:
    """Serve three papers to Ann, who is a curator, and to Bob, who is none; return the URL of the pages."""
    for email in (ANN, BOB):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True), settings=config)
    ingest_page(engine, config.base, TITLES)
    with serve_pages(engine, config, port=int(config.web.base_url.rpartition(":")[2])):
        yield config.web.base_url


def page_of(chromium: Browser, engine: Engine, email: str, base_url: str) -> Page:
    """Open the papers of the day in a narrow, dark browser without script, in which this subscriber is signed in."""
    look = {"viewport": {"width": 375, "height": 800}, "color_scheme": "dark"}
    context = chromium.new_context(**look, java_script_enabled=email != ANN)  # type: ignore[arg-type]
    context.add_cookies([{"name": PLAIN_NAME, "value": session_token(engine, email), "url": base_url}])
    page = context.new_page()
    page.goto(f"{base_url}/papers/date/2026-07-06")
    return page


def curate(page: Page) -> None:
    """Pin and correct the second paper, hide the third, and undo the correction, as a curator would by hand."""
    page.get_by_role("link", name=TITLES[1]).click()
    page.get_by_text("Pin to a day").click()
    page.get_by_label("Signed by").fill("Ann")
    page.get_by_label("Note").fill("Read <b>this</b> & that.")
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_text("Correct the title").click()
    page.get_by_label("Title", exact=True).fill("A Better Title of the Second")
    page.get_by_role("button", name="Correct", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "A Better Title of the Second"
    page.goto(page.url.partition("/paper/")[0] + "/papers/date/2026-07-06")
    page.get_by_role("link", name=TITLES[2]).click()
    page.get_by_role("button", name="Hide the paper").click()
    assert page.get_by_text("only curators see this page").is_visible()
    page.get_by_role("link", name="The log of all papers").click()
    page.get_by_role("button", name="Undo entry 2").click()
    assert page.get_by_text("The change is undone.").is_visible()


def test_a_curator_and_a_subscriber_who_is_none(engine: Engine, config: Config, base_url: str) -> None:
    def visit() -> None:
        with browser() as chromium:
            curate(page_of(chromium, engine, ANN, base_url))
            page = page_of(chromium, engine, BOB, base_url)
            cards = page.get_by_role("article").all_inner_texts()
            assert len(cards) == 2
            assert cards[0].startswith(TITLES[1])
            assert "Pinned by Ann: Read this & that." in cards[0]
            page.get_by_role("link", name=TITLES[1]).click()
            assert page.get_by_text("Curate").count() == 0
            assert page.goto(f"{base_url}/curation").status == 404  # type: ignore[union-attr]
            ann = page_of(chromium, engine, ANN, base_url)
            ann.get_by_role("link", name=TITLES[1]).click()
            looked = chromium.new_context(
                viewport={"width": 375, "height": 800}, storage_state=ann.context.storage_state()
            )
            shown = looked.new_page()
            for path in (ann.url, f"{base_url}/curation"):
                shown.goto(path)
                for summary in shown.locator("#curate summary").all():
                    summary.click()
                assert (faults(shown), is_too_wide(shown)) == ([], False)

    in_thread(visit)
    plan(engine, config, AT_EIGHT)
    mail = next(each for each in deliver_and_read_mails(engine, config) if each["To"] == BOB)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.index("Pinned by Ann: Read this & that.") < text.index(TITLES[0])
    assert TITLES[2] not in text
