"""The link in a mail to its web copy: in the footer, and below the papers that the mail cannot show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html as parser
from support.digest_samples import DIGEST, ITEM, SETTINGS, bodies, mail_of, paper, texts

from notifier.models import Digest, Item, Section
from notifier.signing import LinkSigner

PAGES = LinkSigner("https://papers.example.org", b"a secret key of thirty-two bytes")
WITH_PAGES = replace(SETTINGS, link_signer=PAGES)
ROW = replace(DIGEST, subscriber_id=17, delivery_id=42)
(COPY,) = PAGES.digest_urls([42])


def test_the_footer_links_to_the_web_copy() -> None:
    plain, html = bodies(mail_of(ROW, settings=WITH_PAGES))
    (footer,) = parser.document_fromstring(html).xpath("//div[@role='contentinfo']")
    assert texts(footer.xpath(f".//a[@href='{COPY}']")) == ["View in browser"]
    assert f"\nTo read the whole digest in a browser, open this page:\n{COPY}\n" in plain
    assert (plain.count(COPY), html.count(COPY)) == (1, 1), "nothing is left out, so only the footer has the link"


def test_the_papers_beyond_the_limit_end_in_a_link_to_the_whole_digest() -> None:
    plain, html = bodies(mail_of(replace(ROW, rest=(Item(2),)), paper(2), settings=WITH_PAGES))
    links = texts(parser.document_fromstring(html).xpath(f"//a[@href='{COPY}']"))
    assert links == ["The whole digest on the web", "View in browser"]
    assert f"\nThe whole digest on the web:\n{COPY}\n" in plain


def test_the_papers_that_do_not_fit_into_the_mail_are_linked_by_their_number() -> None:
    many = [paper(number, title=f"{number} {'long ' * 95}", abstract="") for number in range(1, 301)]
    digest = replace(ROW, sections=(Section("all", tuple(Item(each.id) for each in many)),))
    plain, html = bodies(mail_of(digest, *many, settings=WITH_PAGES))
    page = parser.document_fromstring(html)
    unlisted = 300 - len(page.xpath("//h3")) - len(page.xpath("//li/a[@class='line']"))
    assert unlisted > 100
    assert texts(page.xpath(f"//a[@href='{COPY}']")) == [f"{unlisted} more on the web", "View in browser"]
    assert f"\n{unlisted} more on the web:\n{COPY}\n" in plain


@pytest.mark.parametrize("digest", [replace(ROW, delivery_id=None), replace(ROW, delivery_id=None, rest=(ITEM,))])
def test_a_digest_without_a_row_has_no_web_copy(digest: Digest) -> None:
    for body in bodies(mail_of(digest, settings=WITH_PAGES)):
        assert "/digests/" not in body and "browser" not in body and "on the web" not in body


def test_without_pages_there_is_no_web_copy() -> None:
    for body in bodies(mail_of(replace(ROW, rest=(ITEM,)))):
        assert "browser" not in body and "on the web" not in body
