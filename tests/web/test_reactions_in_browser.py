"""A subscriber votes and gives feedback in a real browser, by a mail and on cards, with and without script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from support.browsing import browser, faults, in_thread, is_too_wide
from support.service import free_ports, ingest_page
from support.stored_papers import all_papers
from support.visitors import session_token
from support.web_site import ANN, AT_EIGHT, deliver_first_mail, serve_pages, stored_ann, urls_in, write_config

from notifier.config import Config
from notifier.pipeline.next_digest import next_digest
from notifier.signing import VOTE_PATH
from notifier.store import feedback, papers, reading
from notifier.web.sessions import PLAIN_NAME

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

TITLE = "Quantization of Large Models"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


def votes_and_opinions(engine: Engine) -> tuple[int, list[bool]]:
    """Return the votes for the first paper, and Ann's opinions."""
    with reading(engine) as connection:
        given = feedback.feedback_of(connection, [stored_ann(engine).id])
        return all_papers(connection)[0].votes, [each.liked for some in given.values() for each in some]


def vote_on_card(page: Page, *, has_script: bool) -> None:
    """Vote for the first paper of the newest day, and say that it is not for me, on its card."""
    page.goto("/papers")
    card = page.locator("article", has_text=TITLE)
    card.get_by_role("button", name="Vote", exact=True).click()
    card.get_by_role("button", name="Voted").wait_for()
    assert card.locator(".count").text_content() == "▲\xa01 vote here"
    assert page.url.endswith("/papers" if has_script else "/papers#paper-1")
    if has_script:
        assert page.evaluate("document.activeElement.id") == "vote-1", "the focus stays on the button"
    card.get_by_role("button", name="Not for me").click()
    card.locator("[aria-pressed=true]", has_text="Not for me").wait_for()


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_a_subscriber_votes_on_a_card_changes_their_mind_by_mail_and_forgets_all(
    engine: Engine, tmp_path: Path, chromium: Browser, has_script: bool
) -> None:
    (port,) = free_ports(1)
    base_url = f"http://127.0.0.1:{port}"
    config = write_config(tmp_path, base_url=base_url)
    mail = in_thread(lambda: deliver_first_mail(engine, config, "quantization", "experts"))
    link = next(url for url in urls_in(mail) if url.startswith(base_url + VOTE_PATH))
    context = chromium.new_context(
        base_url=base_url, java_script_enabled=has_script, viewport={"width": 375, "height": 800}
    )
    with serve_pages(engine, config, port=port):
        context.add_cookies([{"name": PLAIN_NAME, "value": session_token(engine), "url": base_url}])
        page = context.new_page()
        vote_on_card(page, has_script=has_script)
        assert votes_and_opinions(engine) == (1, [False])
        page.goto(link)
        page.get_by_role("button", name="Take the vote back").click()
        page.get_by_role("button", name="More like this").click()
        assert votes_and_opinions(engine) == (0, [True])
        if has_script:
            assert not is_too_wide(page) and faults(page) == []
        page.goto("/manage")
        page.get_by_role("link", name="See and remove them").click()
        assert page.get_by_role("heading", name=TITLE).is_visible()
        page.get_by_role("button", name="Forget all feedback").click()
        assert "is forgotten" in page.locator("main").inner_text()
        assert votes_and_opinions(engine) == (0, [])
    context.close()


def next_items(engine: Engine, config: Config) -> list[tuple[str, str]]:
    """Return the title of each paper of Ann's next digest, in order, with the liked paper that it names as a reason."""
    found = next_digest(engine, config, ANN, AT_EIGHT + timedelta(days=1))
    assert found.digest is not None and found.is_new
    (section,) = found.digest.sections
    with reading(engine) as connection:
        stored = papers.papers_by_id(connection, [item.paper_id for item in section.items])
    return [(stored[item.paper_id].title, item.because) for item in section.items]


def test_a_like_on_a_page_moves_a_paper_up_in_the_next_digest_until_it_is_forgotten(
    engine: Engine, tmp_path: Path, chromium: Browser
) -> None:
    (port,) = free_ports(1)
    base_url = f"http://127.0.0.1:{port}"
    config = write_config(tmp_path, base_url=base_url)
    in_thread(lambda: deliver_first_mail(engine, config, "quantization OR experts"))
    titles = ["Experts at Night", "Experts for Speech", "Experts in Games", "Models of Large Quantization"]
    ingest_page(engine, config.base, titles, now=AT_EIGHT + timedelta(hours=1))
    before = next_items(engine, config)
    assert before == [(title, "") for title in titles]
    context = chromium.new_context(base_url=base_url, viewport={"width": 375, "height": 800})
    with serve_pages(engine, config, port=port):
        context.add_cookies([{"name": PLAIN_NAME, "value": session_token(engine), "url": base_url}])
        page = context.new_page()
        page.goto("/papers")
        card = page.locator("article", has_text=TITLE)
        card.get_by_role("button", name="More like this").click()
        card.locator("[aria-pressed=true]", has_text="More like this").wait_for()
        after = next_items(engine, config)
        assert ("Models of Large Quantization", TITLE) in after[:2] and sorted(dict(after)) == sorted(titles)
        page.goto("/manage")
        page.get_by_role("button", name="Do not order by feedback").click()
        assert next_items(engine, config) == before
        page.get_by_role("button", name="Order by feedback", exact=True).click()
        assert next_items(engine, config) == after
        page.get_by_role("button", name="Forget all feedback").click()
        assert "is forgotten" in page.locator("main").inner_text()
        assert next_items(engine, config) == before
    context.close()
