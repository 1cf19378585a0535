"""The pages of the topics: all of them, the papers of one page by page, and the plot of papers a week."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from urllib.parse import urlsplit

import html5lib
import httpx
import pytest
from sqlalchemy import Engine
from support.service import add_listings
from support.visitors import parsed, shown
from support.web_site import BASE_URL, serve_pages, write_config

from notifier.config import Config, TopicConfig
from notifier.models import Listing
from notifier.pipeline import publish, tag
from notifier.queries import parse
from notifier.store import tables, writing
from notifier.topics import catalogue_of

LAST = date(2026, 7, 6)  # a Monday, the day of the tests
HOSTILE = '</title><script>alert(1)</script>"{%}'


def paper(number: int, title: str = "Quantization", **values: int) -> Listing:
    """Return a paper of the topic quantization, unless it has another title."""
    return Listing(position=1, title=f"{title} {number}", arxiv_id=f"2607.{number:05}", upvotes=values.get("upvotes"))


def keys(answer: httpx.Response) -> list[str]:
    """Return the keys of the papers that a page lists."""
    return [url.rpartition("/")[2] for url in parsed(answer).xpath("//article//h3/a/@href")]


def pages(client: httpx.Client, path: str) -> list[list[str]]:
    """Return the keys on each page of a list, following the links to the next ones."""
    found = []
    while path:
        answer = client.get(path)
        found.append(keys(answer))
        path = next(iter(parsed(answer).xpath("//a[@rel='next']/@href")), "")
    return found


@pytest.fixture
def papers(engine: Engine, config: Config) -> list[str]:
    """Store 70 papers of quantization on the 35 days up to LAST, and return their keys, newest day first."""
    for place in range(35):
        numbers = (2 * place, 2 * place + 1)
        listings = [paper(number, upvotes=number % 7) for number in numbers]
        add_listings(engine, f"day {place}", LAST - timedelta(days=place), *listings, paper(1000 + place, "Robots"))
    tag(engine, catalogue_of(config))
    return [f"2607.{number:05}" for number in range(70)]


def test_the_papers_of_a_topic_come_page_by_page(client: httpx.Client, papers: list[str]) -> None:
    assert pages(client, "/topics/quantization") == [papers[:30], papers[30:60], papers[60:]]


def test_no_page_repeats_or_misses_a_paper_while_papers_arrive(
    engine: Engine, config: Config, client: httpx.Client, papers: list[str]
) -> None:
    first = client.get("/topics/quantization")
    add_listings(engine, "later", LAST, *(paper(2000 + number) for number in range(40)))
    tag(engine, catalogue_of(config))
    (more,) = parsed(first).xpath("//a[@rel='next']/@href")
    assert [key for page in pages(client, more) for key in page] == papers[30:]


def test_the_trending_papers_of_a_topic_are_those_with_the_most_upvotes(
    client: httpx.Client, papers: list[str]
) -> None:
    found = pages(client, "/topics/quantization?order=trending")
    assert [len(page) for page in found] == [30, 30, 10]
    assert sorted(key for page in found for key in page) == papers
    assert int(found[0][0][-5:]) % 7 == 6


@pytest.mark.usefixtures("papers")
def test_all_papers_are_a_topic_and_trending_leads_to_its_list(client: httpx.Client) -> None:
    assert len([key for page in pages(client, "/topics/all") for key in page]) == 105
    answer = client.get("/topics/trending")
    assert (answer.status_code, answer.headers["location"]) == (308, "/papers/trending")


def test_papers_that_were_only_replaced_are_left_out_and_archived_ones_are_not(
    engine: Engine, client: httpx.Client
) -> None:
    add_listings(engine, "one", LAST, paper(1), paper(2), paper(3))
    with writing(engine) as connection:
        row = tables.paper.c
        connection.execute(tables.paper.update().where(row.arxiv_id == "2607.00001").values(sequence=-1))
        connection.execute(tables.paper.update().where(row.arxiv_id == "2607.00002").values(sequence=-2, archived=True))
    assert keys(client.get("/topics/all")) == ["2607.00002", "2607.00003"]


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize(
    "path", ["/topics/nothing", "/topics/Quantization", "/topics/for-you", "/topics/%00", "/topics/" + "a" * 5000]
)
def test_an_unknown_topic_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize("order", ["", "&order=trending"])
@pytest.mark.parametrize("after", ["nothing", "%00", "9" * 5000])
def test_a_page_after_an_unknown_paper_is_not_found_and_leads_to_the_first(
    client: httpx.Client, order: str, after: str
) -> None:
    answer = client.get(f"/topics/quantization?after={after}{order}")
    assert answer.status_code == 404
    assert parsed(answer).xpath("//main//a/@href")[0] == "/topics/quantization"


@pytest.mark.usefixtures("papers")
def test_a_topic_names_its_query_and_how_to_follow_it(engine: Engine, config: Config, client: httpx.Client) -> None:
    publish(engine, config)
    page = parsed(client.get("/topics/quantization"))
    feeds = page.xpath("//link[@rel='alternate']/@href")
    assert sorted(feeds) == [f"/feeds/quantization.{ending}" for ending in ("atom", "json", "rss")]
    assert page.xpath("//ul[@class='follow']//a/@href")[:1] == ["/subscribe?topic=quantization"]
    assert set(feeds) <= set(page.xpath("//ul[@class='follow']//a/@href"))
    written = page.xpath("string(//pre)")
    assert parse(written, topics_allowed=False) == catalogue_of(config).parsed_queries["quantization"]
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{BASE_URL}/topics/quantization"]
    assert not page.xpath("//meta[@name='robots']")


@pytest.mark.usefixtures("papers")
def test_the_plot_counts_the_papers_of_each_week(client: httpx.Client, papers: list[str]) -> None:
    page = parsed(client.get("/topics/quantization"))
    days = [LAST - timedelta(days=place // 2) for place in range(len(papers))]
    expected = Counter(day - timedelta(days=day.weekday()) for day in days)
    rows = [[cell.text_content() for cell in row] for row in page.xpath("//figure//tbody/tr")]
    assert rows == [
        [f"{monday.day} {monday:%B} {monday.year}", str(expected[monday])] for monday in sorted(expected, reverse=True)
    ]
    heights = [int(height) for height in page.xpath("//figure//*[name()='rect']/@height")]
    assert max(heights) == 72
    assert len(heights) == len(expected)
    assert "The most were 14" in page.xpath("string(//*[@id='plot-numbers'])")


@pytest.mark.usefixtures("papers")
def test_the_list_of_topics_has_the_volume_of_each(client: httpx.Client, config: Config) -> None:
    text, page = shown(client.get("/topics")), parsed(client.get("/topics"))
    assert "Quantization about 14 a week" in text
    assert "All papers about 21 a week" in text
    links = page.xpath("//li[@class='item']/h2/a/@href")
    assert links == [
        "/topics/all",
        "/papers/trending",
        *(f"/topics/{slug}" for slug in catalogue_of(config).topics),
    ]


def test_an_empty_store_has_topics_without_papers(client: httpx.Client) -> None:
    assert client.get("/topics").status_code == 200
    for order, when in (("", "yet"), ("?order=trending", "lately")):
        answer = client.get(f"/topics/quantization{order}")
        assert f"No paper of this topic has come in {when}." in shown(answer)
        assert not parsed(answer).xpath("//figure")


def test_removed_topics_are_gone_and_hostile_ones_break_out_of_nothing(engine: Engine, config: Config) -> None:
    topics = {
        "agents": TopicConfig(removed=True),
        "evil": TopicConfig(title=HOSTILE, description=HOSTILE, query='"</script>" OR evil'),
    }
    changed = config.model_copy(update={"topics": topics})
    changed._base = config.base
    for place in range(2):
        add_listings(engine, f"{place}", LAST - timedelta(weeks=place), paper(place, f"Evil {HOSTILE}"))
    tag(engine, catalogue_of(changed))
    with serve_pages(engine, changed) as client:
        assert client.get("/topics/agents").status_code == 404
        for path in ("/topics", "/topics/evil", "/paper/2607.00000"):
            answer = client.get(path)
            html5lib.HTMLParser(strict=True).parse(answer.text)
            assert not parsed(answer).xpath("//script"), path
        assert parsed(client.get("/topics/evil")).xpath("//figure")


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize(
    "path", ["/topics", "/topics/quantization", "/topics/all", "/topics/quantization?order=trending"]
)
def test_the_html_is_valid(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    html5lib.HTMLParser(strict=True).parse(answer.text)
    ids = parsed(answer).xpath("//@id")
    assert len(ids) == len(set(ids))


def test_under_a_path_every_link_has_it(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    config = write_config(tmp_path_factory.mktemp("config"), base_url="https://example.org/papers-of-us")
    add_listings(engine, "one", LAST, paper(1))
    tag(engine, catalogue_of(config))
    with serve_pages(engine, config) as client:
        for path in ("/topics", "/topics/quantization", "/paper/2607.00001", "/help/queries"):
            page = parsed(client.get(f"/papers-of-us{path}"))
            urls = [urlsplit(url) for url in page.xpath("//@href") if url.startswith("/")]
            assert all(url.path.startswith("/papers-of-us/") for url in urls), path
