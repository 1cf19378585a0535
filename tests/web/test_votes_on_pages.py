"""What votes change on pages and in feeds made on request, from one request to the next."""

from __future__ import annotations

import httpx
import pytest
from lxml.html import HtmlElement
from sqlalchemy import Engine
from support.service import MONDAY, add_listings
from support.visitors import parsed
from support.voters import add_voters, set_votes

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import tag
from notifier.topics import catalogue_of
from notifier.web.rankings import PER_PAGE

TODAY = MONDAY.date()
LATER = "A Study of Quantization, Number 39"
LAST = "A Study of Quantization, Number 3"
RANKED = [
    *("/", "/papers", "/papers/date/2026-07-06", "/papers/week/2026-W28", "/papers/month/2026-07", "/papers/trending"),
    *("/topics/quantization?order=trending", "/search?q=quantization&order=trending"),
]


@pytest.fixture
def papers(engine: Engine, config: Config) -> Engine:
    """Store 40 papers of one day, those with lower numbers with fewer upvotes."""
    add_voters(engine)
    listed = [
        Listing(1, f"A Study of Quantization, Number {n}", "We study it.", arxiv_id=f"2607.{n:05}", upvotes=n)
        for n in range(40)
    ]
    add_listings(engine, "monday", TODAY, *listed, now=MONDAY)
    tag(engine, catalogue_of(config))
    return engine


def titles_on(page: HtmlElement) -> list[str]:
    return [title.text_content() for title in page.xpath("//article/h3/a")]


def counts_on(page: HtmlElement) -> list[str]:
    return [" ".join(each.text_content().split()) for each in page.xpath("//span[@class='count']")]


def test_a_vote_changes_the_order_the_cards_and_the_etag_of_every_ranked_list_at_once(
    papers: Engine, client: httpx.Client
) -> None:
    before = {path: client.get(path) for path in RANKED}
    for path, answer in before.items():
        assert titles_on(parsed(answer))[0] == LATER and counts_on(parsed(answer))[0] == "▲ 39 upvotes"
        assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    set_votes(papers, LAST, 2)
    for path, answer in before.items():
        after = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert after.status_code == 200 and titles_on(parsed(after))[:2] == [LAST, LATER], path
        assert counts_on(parsed(after))[:2] == ["▲ 2 votes here · 3 upvotes, from HF", "▲ 39 upvotes"]
    set_votes(papers, LAST, 0)
    assert {path: client.get(path).headers["ETag"] for path in RANKED} == {
        path: answer.headers["ETag"] for path, answer in before.items()
    }


def test_the_next_page_goes_on_with_the_list_as_it_was_before_a_vote_for_a_paper_on_the_first(
    papers: Engine, client: httpx.Client
) -> None:
    first = {path: parsed(client.get(path)) for path in RANKED}
    set_votes(papers, LATER, 1)
    for path, page in first.items():
        (following,) = page.xpath("//a[@rel='next']/@href")
        assert titles_on(page) + titles_on(parsed(client.get(following))) == [
            f"A Study of Quantization, Number {n}" for n in reversed(range(40))
        ], path
        assert len(titles_on(page)) == PER_PAGE


def test_the_page_of_a_paper_shows_its_votes_beside_its_upvotes(papers: Engine, client: httpx.Client) -> None:
    set_votes(papers, LAST, 1)
    assert counts_on(parsed(client.get("/paper/2607.00003"))) == ["▲ 1 vote here · 3 upvotes, from HF"]
    assert counts_on(parsed(client.get("/paper/2607.00004"))) == ["▲ 4 upvotes"]
    set_votes(papers, "A Study of Quantization, Number 0", 2)
    assert counts_on(parsed(client.get("/paper/2607.00000"))) == ["▲ 2 votes here"]


@pytest.mark.usefixtures("papers")
def test_votes_of_0_are_never_shown(client: httpx.Client) -> None:
    assert not any("here" in each for path in RANKED for each in counts_on(parsed(client.get(path))))


def test_a_search_for_votes_and_its_feed_follow_each_vote(papers: Engine, client: httpx.Client) -> None:
    def found() -> list[str]:
        return titles_on(parsed(client.get("/search", params={"q": "votes:>=2"})))

    def in_feed() -> bool:
        return LAST in client.get("/feeds/search.atom", params={"q": "votes:>=2"}).text

    assert (found(), in_feed()) == ([], False)
    set_votes(papers, LAST, 2)
    assert (found(), in_feed()) == ([LAST], True)
    set_votes(papers, LAST, 1)
    assert (found(), in_feed()) == ([], False)
    assert len(titles_on(parsed(client.get("/search", params={"q": "votes:<1"})))) == PER_PAGE
