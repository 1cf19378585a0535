"""A reader follows papers like one in a real browser, from its page to the digest that brings a similar paper."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.browsing import browser, in_thread, is_too_wide
from support.service import free_ports, wait_until
from support.subjects import SUBJECTS, add_papers, paper_about
from support.web_site import ANN, AT_EIGHT, deliver_and_read_mails, labels_of_ann, serve_pages, urls_in, write_config

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import plan

pytestmark = pytest.mark.slow

BEE = paper_about("bees", 0)
TWIN = Listing(position=1, title="A Second Look at Them", abstract=BEE.abstract, arxiv_id="2608.00001")
STAR = paper_about("stars", 99)
TUESDAY = AT_EIGHT + timedelta(days=1, hours=1)


def link_in_mail(engine: Engine, config: Config, start: str) -> str:
    """Return the link that begins so in the newest mail that has one, which a page may queue after its response."""

    def links() -> list[str]:
        mails = in_thread(lambda: deliver_and_read_mails(engine, config, TUESDAY))
        return [url for mail in mails for url in urls_in(mail) if url.startswith(config.web.base_url + start)]

    wait_until(links)
    return links()[-1]


def test_a_reader_follows_papers_like_one_and_the_next_digest_has_a_section_of_them(
    engine: Engine, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    config = write_config(tmp_path, base_url=f"http://127.0.0.1:{port}")
    add_papers(engine, *[paper_about(subject, number) for number in range(40) for subject in SUBJECTS])
    name = f"Similar to {BEE.title}"
    with browser() as chromium, serve_pages(engine, config, port=port):
        page = chromium.new_page(base_url=config.web.base_url, viewport={"width": 375, "height": 800})
        page.goto(f"/paper/{BEE.arxiv_id}")
        page.get_by_role("heading", name="Similar papers").wait_for()
        assert not is_too_wide(page)
        page.get_by_role("link", name="Follow papers like this").click()
        assert page.get_by_label("Keywords, or a query").input_value() == f"like:{BEE.arxiv_id}"
        page.get_by_label("Your email address").fill(ANN)
        page.get_by_role("button", name="Sign up").click()
        page.get_by_role("heading", name="Look into your inbox").wait_for()
        page.goto(link_in_mail(engine, config, "/confirm/"))
        page.get_by_role("button", name="Yes, send me papers").click()
        page.get_by_role("heading", name="You are subscribed").wait_for()
        assert labels_of_ann(engine) == [name]
        welcome = link_in_mail(engine, config, "/digests/view/")  # planning must not run beside that of this mail
        add_papers(engine, TWIN, STAR, day=TUESDAY.date())
        assert plan(engine, config, TUESDAY).digests == 1
        digest = link_in_mail(engine, config, "/digests/view/")
        assert digest != welcome
        page.goto(digest)
        page.get_by_role("heading", name=name).wait_for()
        shown = page.locator("main").inner_text()
        assert TWIN.title in shown and STAR.title not in shown
