"""The page of the search: what it finds, its orders and pages, and what it says about queries that are wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from lxml.html import HtmlElement
from sqlalchemy import Engine
from support.hostile_digest import PAYLOADS
from support.service import MONDAY, add_listings
from support.visitors import parsed
from support.web_site import serve_pages, write_config

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import tag
from notifier.search import RELEVANT
from notifier.topics import catalogue_of

TODAY = MONDAY.date()
BEES = 70  # papers about bees, on ten days


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return write_config(tmp_path)


@pytest.fixture
def stored(engine: Engine) -> None:
    """Store papers about bees on ten days, with different upvotes, and one about wasps."""
    for day in range(10):
        bees = [bee(number) for number in range(BEES) if number % 10 == day]
        add_listings(engine, f"day {day}", TODAY - timedelta(days=day), *bees)
    add_listings(engine, "wasps", TODAY, Listing(1, "How Wasps Build Paper Nests", "They chew wood."))
    tag(engine, catalogue_of(Config()))


def bee(number: int) -> Listing:
    return Listing(number + 1, f"How Bees of Hive {number} Fly", f"We follow bee {number}.", upvotes=number)


def search(client: httpx.Client, text: str, **more: str) -> HtmlElement:
    response = client.get("/search", params={"q": text, **more})
    assert response.status_code == 200
    return parsed(response)


def titles_on(page: HtmlElement) -> list[str]:
    return [title.text_content() for title in page.xpath("//article/h3/a")]


def text_of(page: HtmlElement, element_id: str) -> str:
    """Return the text of the element with this id, on one line."""
    (element,) = page.xpath(f'//*[@id="{element_id}"]')
    return " ".join(element.text_content().split())


def walk(client: httpx.Client, path: str) -> list[str]:
    """Return the titles of all pages of a search."""
    titles: list[str] = []
    following = [path]
    while following:
        page = parsed(client.get(following[0]))
        titles += titles_on(page)
        following = page.xpath('//a[@rel="next"]/@href')
    return titles


@pytest.mark.usefixtures("stored")
def test_a_search_shows_the_newest_papers_first_and_marks_the_words(engine: Engine, config: Config) -> None:
    with serve_pages(engine, config) as client:
        page = search(client, "bees")
    assert titles_on(page)[:2] == ["How Bees of Hive 0 Fly", "How Bees of Hive 10 Fly"]
    assert {mark.text_content() for mark in page.xpath("//article/h3/a/*")} == {"Bees"}
    assert text_of(page, "results").startswith(f"{BEES} papers")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("order", ["newest", "trending", "relevance"])
def test_the_pages_of_each_order_show_every_paper_once(engine: Engine, config: Config, order: str) -> None:
    with serve_pages(engine, config) as client:
        titles = walk(client, f"/search?q=bees&order={order}")
    assert len(titles) == len(set(titles)) == BEES


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("order", ["newest", "trending", "relevance"])
def test_no_paper_is_repeated_or_missed_while_papers_arrive(engine: Engine, config: Config, order: str) -> None:
    with serve_pages(engine, config) as client:
        first = parsed(client.get(f"/search?q=bees&order={order}"))
        arriving = [Listing(each, f"More about Bees {each}", upvotes=1000 + each) for each in range(1, 40)]
        add_listings(engine, "late", TODAY + timedelta(days=1), *arriving)
        titles = titles_on(first) + walk(client, first.xpath('//a[@rel="next"]/@href')[0])
    assert len(titles) == len(set(titles)) == BEES


@pytest.mark.usefixtures("stored")
def test_trending_papers_come_first_if_asked_for(engine: Engine, config: Config) -> None:
    with serve_pages(engine, config) as client:
        titles = titles_on(search(client, "bees", order="trending"))
    assert titles[0] == "How Bees of Hive 60 Fly", "the most upvotes of today"


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bees AND", "AND"),
        ('"open phrase', "quotation mark"),
        ("topic:no-such-topic", "there is no topic"),
        ("nosuchfield:x", "there is no field"),
        ("-bees", "excludes papers"),
    ],
)
def test_a_query_that_is_refused_is_kept_and_explained(engine: Engine, config: Config, text: str, words: str) -> None:
    with serve_pages(engine, config) as client:
        response = client.get("/search", params={"q": text})
    page = parsed(response)
    assert response.status_code == 400
    assert page.xpath('//input[@name="q"]/@value') == [text]
    assert words.lower() in text_of(page, "wrong").lower()


@pytest.mark.usefixtures("stored")
def test_a_word_that_no_paper_has_gets_similar_words(engine: Engine, config: Config) -> None:
    with serve_pages(engine, config) as client:
        page = search(client, "waps")
    assert "did you mean wasp" in text_of(page, "main")
    assert "No paper matches" in text_of(page, "main")


@pytest.mark.usefixtures("stored")
def test_a_search_can_be_followed_as_a_feed_and_subscribed_to(engine: Engine, config: Config) -> None:
    with serve_pages(engine, config) as client:
        page = search(client, '"paper nests" OR c++')
        feeds = page.xpath('//ul[@class="follow"]//a[@type]/@href')
        assert len(feeds) == 3
        for feed in feeds:
            assert "How Wasps Build Paper Nests" in client.get(feed).text
        (subscribe,) = page.xpath('//a[text()="Subscribe to this"]/@href')
        form = parsed(client.get(subscribe))
    assert '"paper nests" OR c++' in [*form.xpath("//input/@value"), *form.xpath("//textarea/text()")]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_queries_and_titles_are_shown_as_text(engine: Engine, config: Config, payload: str) -> None:
    payload = payload.encode("utf-8", "ignore").decode()  # neither a dump nor a URL can have halves of surrogates
    add_listings(engine, "hostile", TODAY, Listing(1, f"Bees and {payload} bees"), Listing(2, f"More bees {payload}"))
    with serve_pages(engine, config) as client:
        found = search(client, "bees")
        typed = parsed(client.get("/search", params={"q": f"bees {payload}"}))
    for page in (found, typed):
        assert not page.xpath("//main//script | //main//img | //main//iframe | //main//svg/@onload")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("rest", ["order=x", "below=-1", "below=x", "below=" + "9" * 40, "order=trending&skip=9e9"])
def test_fields_that_make_no_sense_are_ignored(engine: Engine, config: Config, rest: str) -> None:
    with serve_pages(engine, config) as client:
        assert len(titles_on(parsed(client.get(f"/search?q=bees&{rest}")))) == 30


@pytest.mark.usefixtures("stored")
def test_an_author_who_is_rare_is_found_and_counted(engine: Engine, config: Config) -> None:
    add_listings(engine, "ann", TODAY, Listing(1, "A Paper by Ann about Ants", authors=("Ann Bee", "Bob Sea")))
    with serve_pages(engine, config) as client:
        page = search(client, 'author:"ann bee"')
        nobody = search(client, 'author:"ann sea"')
    assert titles_on(page) == ["A Paper by Ann about Ants"]
    assert text_of(page, "results").startswith("1 paper")
    assert titles_on(nobody) == []


def test_without_words_there_is_only_the_form(engine: Engine, config: Config) -> None:
    with serve_pages(engine, config) as client:
        page = search(client, "")
    assert not page.xpath('//*[@id="results"]')
    assert page.xpath('//a[@href="/help/queries"]')


def test_a_page_that_the_browser_has_is_not_sent_again(engine: Engine, config: Config) -> None:
    add_listings(engine, "bees", TODAY, Listing(1, "How Bees Fly at Night"))
    with serve_pages(engine, config) as client:
        etag = client.get("/search?q=bees").headers["etag"]
        assert client.get("/search?q=bees", headers={"If-None-Match": etag}).status_code == 304
        assert client.get(f"/search?q={quote('night')}", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.usefixtures("stored")
def test_the_number_of_matches_is_exact_or_said_not_to_be(engine: Engine, config: Config) -> None:
    papers = [
        Listing(each, f"Ants and Hive {each}", authors=("Ann Bee", "Ann Sea"), categories=("cs.LG",))
        for each in range(1, 201)
    ]
    add_listings(engine, "ants", TODAY, *papers, Listing(300, "How One Ant Sits", authors=("Ann Dee",)))
    with serve_pages(engine, config) as client:
        for text, number in (
            ("author:bee", "200 papers"),
            ('author:"ann dee"', "1 paper"),
            ("category:cs.LG sits", "No paper"),
            ("category:cs.LG", "More than 30 papers"),
            ('author:"a. bee"', "More than 30 papers"),
            ('author:"ann dee" OR category:math', "1 paper"),
            ("hive -category:cs.LG", "More than 30 papers"),
            ("wasps -category:cs.LG", "1 paper"),
        ):
            page = search(client, text)
            assert number in text_of(page, "results") or number in text_of(page, "main"), text


def test_a_ranking_of_a_part_of_the_papers_says_so_and_does_not_say_that_no_paper_matches(
    engine: Engine, config: Config
) -> None:
    papers = [Listing(each, f"Ants and Hive {each}", categories=("cs.LG",)) for each in range(1, RELEVANT + 1)]
    add_listings(engine, "ants", TODAY, *papers)
    add_listings(engine, "sums", TODAY - timedelta(days=1), Listing(1, "Sums of Cubes", categories=("math.NT",)))
    with serve_pages(engine, config) as client:
        ranked = search(client, "category:math OR category:physics", order="relevance")
        all_found = search(client, "category:math OR category:physics")
        few = search(client, "sums", order="relevance")
    assert text_of(ranked, "results") == "Papers"
    assert "Only the 300 most relevant papers are ranked. Newest first shows all that match." in text_of(ranked, "main")
    assert (
        ranked.xpath("//main//a[text()='Newest first']/@href")[-1] == "/search?q=category%3Amath+OR+category%3Aphysics"
    )
    assert titles_on(all_found) == titles_on(few) == ["Sums of Cubes"]
    assert "are ranked" not in text_of(few, "main")
