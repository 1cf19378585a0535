"""The lists of papers by day, week and month, and of the trending papers, compared with the rows of the database."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import chain
from pathlib import Path

import html5lib
import httpx
import pytest
from lxml.html import HtmlElement
from sqlalchemy import Engine, text
from support.hostile_digest import PAYLOADS
from support.service import MONDAY, add_listings
from support.visitors import parsed, shown
from support.web_site import serve_pages, write_config

from notifier.config import Config
from notifier.models import Announce, ListedOnFrom, Listing, ParsedDump
from notifier.papers.identity import prepare
from notifier.pipeline import publish, tag
from notifier.search import trending_papers
from notifier.store import reading, writing
from notifier.store.ingest import NewDump, add_dump
from notifier.topics import catalogue_of
from notifier.web.pages.sitemaps import PAPERS

TODAY = MONDAY.date()
ONE_DAY = timedelta(days=1)
LIST_PATHS = ["/", "/papers", "/papers/date/2026-07-06", "/papers/week/2026-W28", "/papers/month/2026-07"]
PAGES = [*LIST_PATHS, "/papers/trending"]


def listing(number: int, upvotes: int | None = None, **fields: object) -> Listing:
    title = f"Paper number {number} about models of quantization"
    values = {"abstract": f"We study the case {number}. It works well.", **fields}
    return Listing(position=1, title=title, upvotes=upvotes, **values)  # type: ignore[arg-type]


def rows_of(engine: Engine, statement: str, **values: object) -> list[tuple[object, ...]]:
    """Return the rows that a statement finds in the database."""
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def titles_on(page: HtmlElement) -> list[str]:
    return [str(title) for title in page.xpath("//article/h3/a/text()")]


def walk(client: httpx.Client, path: str) -> list[list[str]]:
    """Return the titles of each page of a list, from the first to the last."""
    pages = []
    following = [path]
    while following:
        page = parsed(client.get(following[0]))
        pages.append(titles_on(page))
        following = page.xpath("//p/a[@rel='next']/@href")
    return pages


@pytest.fixture
def stored(engine: Engine) -> Engine:
    """Store the papers of two weeks: 70 of one day with upvotes, and a few of other days."""
    add_listings(engine, "monday", TODAY, *[listing(each, (each * 37) % 50) for each in range(70)])
    add_listings(engine, "friday", TODAY - 3 * ONE_DAY, *[listing(each, each) for each in (5, 100, 101)])
    add_listings(engine, "june", TODAY - 20 * ONE_DAY, listing(200), listing(201))
    return engine


@pytest.mark.parametrize("order", ["trending", "newest"])
@pytest.mark.parametrize(
    ("path", "days"),
    [
        ("/papers", ("2026-07-06", "2026-07-06")),
        ("/papers/date/2026-07-03", ("2026-07-03", "2026-07-03")),
        ("/papers/week/2026-W27", ("2026-06-29", "2026-07-05")),
        ("/papers/week/2026-W28", ("2026-07-06", "2026-07-12")),
        ("/papers/month/2026-07", ("2026-07-01", "2026-07-31")),
        ("/papers/month/2026-06", ("2026-06-01", "2026-06-30")),
    ],
)
def test_a_list_shows_each_paper_of_its_days_once_in_its_order(
    stored: Engine, client: httpx.Client, path: str, days: tuple[str, str], order: str
) -> None:
    by_order = {
        "trending": "max(l.upvotes) is null, max(l.upvotes) desc, min(l.position), p.id",
        "newest": "max(l.listed_on) desc, p.id desc",
    }
    expected = [
        title
        for (title,) in rows_of(
            stored,
            "select p.title from paper p join listing l on l.paper_id = p.id "
            f"where l.listed_on between :first and :last group by p.id order by {by_order[order]}",
            first=days[0],
            last=days[1],
        )
    ]
    pages = walk(client, f"{path}?order={order}")
    assert list(chain(*pages)) == expected
    assert all(len(page) == 30 for page in pages[:-1])
    number = len(expected)
    assert f"{number} paper{'' if number == 1 else 's'}" in shown(client.get(path))


@pytest.mark.usefixtures("stored")
def test_a_card_shows_the_upvotes_of_its_list(client: httpx.Client) -> None:
    counts = parsed(client.get("/papers/date/2026-07-03")).xpath("//span[@class='count']/text()")
    assert [text.strip("\N{NO-BREAK SPACE}") for text in counts] == ["101", "100", "5"]
    page = parsed(client.get("/papers/date/2026-06-16"))
    assert page.xpath("//span[@class='count']") == []
    assert "None" not in shown(client.get("/papers/date/2026-06-16"))


@pytest.mark.parametrize(
    "path",
    ["/papers/date/2026-07-06", "/papers/date/2026-07-06?order=newest", "/papers/month/2026-07", "/papers/trending"],
)
def test_pages_neither_repeat_nor_miss_a_paper_while_papers_arrive(
    stored: Engine, client: httpx.Client, path: str
) -> None:
    expected = walk(client, path)
    page = parsed(client.get(path))
    found = [titles_on(page)]
    for number in range(300, 310):
        following = page.xpath("//p/a[@rel='next']/@href")
        if not following:
            break
        add_listings(stored, f"more {number}", TODAY, listing(number, 500), listing(number - 280, 400))
        page = parsed(client.get(following[0]))
        found.append(titles_on(page))
    assert found == expected
    assert len(found) > 2


def test_the_trending_papers_are_those_of_the_command(stored: Engine, client: httpx.Client) -> None:
    expected = [each.paper.title for each in trending_papers(stored, TODAY, 100)]
    assert list(chain(*walk(client, "/papers/trending"))) == expected
    add_listings(stored, "tuesday", TODAY, listing(400, 900))
    assert titles_on(parsed(client.get("/papers/trending")))[0].startswith("Paper number 400 ")


def test_replacements_are_in_no_list(stored: Engine, client: httpx.Client) -> None:
    before = walk(client, "/papers")
    add_listings(stored, "replaced", TODAY, listing(500, announce=Announce.REPLACE))
    assert walk(client, "/papers") == before
    assert "70 papers" in shown(client.get("/papers"))


@pytest.mark.usefixtures("stored")
def test_a_list_leads_to_the_nearest_days_weeks_and_months(client: httpx.Client) -> None:
    def ways(path: str) -> list[str]:
        return list(parsed(client.get(path)).xpath("//nav[@aria-label='Days']//a/@href"))

    assert ways("/papers") == ["/papers/date/2026-07-03", "/papers/week/2026-W28", "/papers/month/2026-07"]
    assert ways("/papers/date/2026-06-16")[-1] == "/papers/date/2026-07-03"
    assert ways("/papers/week/2026-W27") == ["/papers/week/2026-W25", "/papers/week/2026-W28"]
    assert ways("/papers/month/2026-06") == ["/papers/month/2026-07"]
    days = parsed(client.get("/papers/month/2026-07")).xpath("//table//td/a/@href")
    assert days == ["/papers/date/2026-07-03", "/papers/date/2026-07-06"]


@pytest.mark.usefixtures("stored")
def test_an_empty_day_says_when_the_nearest_papers_are(client: httpx.Client) -> None:
    answer = client.get("/papers/date/2026-06-20")
    assert answer.status_code == 200
    nearest = "The nearest ones are those of 16 June 2026 (2 papers) and 3 July 2026 (3 papers)."
    assert f"No papers are listed on 20 June 2026. {nearest}" in shown(answer)
    assert parsed(answer).xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert "nearest ones are those of 6 July 2026 (70 papers)." in shown(client.get("/papers/date/2031-01-01"))
    assert "nearest ones are those of 16 June 2026 (2 papers)." in shown(client.get("/papers/week/0001-W02"))


def test_before_the_first_paper_the_lists_say_so(client: httpx.Client) -> None:
    for path in PAGES:
        assert "No papers have come in yet" in shown(client.get(path)), path


IMPOSSIBLE = [
    *("date/2026-02-30", "date/2026-13-01", "date/0000-01-01", "date/2026-7-6", "date/20260706", "date/2026-07-06 "),
    *("date/٢٠٢٦-07-06", "date/2026-W28-1", "date/today", "date/10000-01-01", "week/2025-W53", "week/2026-W00"),
    *("week/2026-W54", "week/2026-28", "week/9999-W53", "month/2026-00", "month/2026-13", "month/2026"),
]
EMPTY = [
    *("date/2024-02-29", "week/2026-W53", "week/2020-W53"),
    *("date/0001-01-01", "week/0001-W01", "month/0001-01"),
    *("date/9999-11-30", "date/9999-12-31", "week/9999-W52", "month/9999-12"),
]
BROKEN_TOKENS = ["x", "1", "1.2.3", "1.-.-.0.5", "1.-.-.9999999.5", "1.1.1.739802." + "9" * 40, "9.99999"]


@pytest.mark.usefixtures("stored")
def test_an_impossible_day_week_or_month_is_not_found_and_the_page_says_how_it_is_written(client: httpx.Client) -> None:
    for name in IMPOSSIBLE:
        answer = client.get(f"/papers/{name}")
        kind = name.partition("/")[0].replace("date", "day")
        assert answer.status_code == 404, name
        assert f"There is no such {kind}" in shown(answer)
        assert "is written as 2025-" in shown(answer)


@pytest.mark.usefixtures("stored")
def test_a_possible_day_without_papers_is_a_page(client: httpx.Client) -> None:
    for name in EMPTY:
        assert client.get(f"/papers/{name}").status_code == 200, name


@pytest.mark.usefixtures("stored")
def test_a_broken_address_of_a_further_page_is_not_found(client: httpx.Client) -> None:
    for path in PAGES[1:]:
        for token in BROKEN_TOKENS:
            answer = client.get(f"{path}?after={token}")
            assert answer.status_code == 404, (path, token)
            assert "no such page" in shown(answer)


def test_the_field_for_another_day_leads_to_its_list(client: httpx.Client) -> None:
    for day, path in (
        ("2026-07-03", "2026-07-03"),
        ("../../manage", "..%2F..%2Fmanage"),
        ("//evil.example", "%2F%2Fevil.example"),
    ):
        answer = client.get("/papers", params={"day": day})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/papers/date/{path}")


def test_every_list_can_be_subscribed_to_and_followed(stored: Engine, config: Config, client: httpx.Client) -> None:
    publish(stored, config)
    for path in PAGES:
        page = parsed(client.get(path))
        slug = "trending" if path in ("/", "/papers/trending") else "all"
        feeds = [f"/feeds/{slug}.{ending}" for ending in ("rss", "atom", "json")]
        assert sorted(page.xpath("//head/link[@rel='alternate']/@href")) == sorted(feeds), path
        assert sorted(page.xpath("//main//a/@href[starts-with(., '/feeds/')]")) == sorted(feeds), path
        if path != "/":
            assert page.xpath("//a[text()='Subscribe to this']/@href") == [f"/subscribe?topic={slug}"], path


@pytest.mark.usefixtures("stored")
def test_lists_tell_other_sites_what_they_are(client: httpx.Client) -> None:
    for path in PAGES:
        page = parsed(client.get(path))
        (description,) = page.xpath("//meta[@name='description']/@content")
        assert "Paper number" in description and len(description) <= 156, path
        assert page.xpath("//link[@rel='canonical']/@href") == [f"https://papers.example.org{path}"]
        assert page.xpath("//meta[@property='og:url']/@content") == [f"https://papers.example.org{path}"]
        assert page.xpath("//meta[@property='og:description']/@content") == [description]
        assert page.xpath("//meta[@name='robots']") == []
        for following in page.xpath("//p/a[@rel='next']/@href"):
            assert parsed(client.get(following)).xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_a_list_that_a_browser_has_already_is_not_sent_again(stored: Engine, client: httpx.Client) -> None:
    for path in PAGES:
        answer = client.get(path)
        known = {"If-None-Match": answer.headers["etag"]}
        assert client.get(path, headers=known).status_code == 304, path
        assert client.head(path, headers=known).status_code == 304, path
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    add_listings(stored, "new", TODAY, listing(600, 999))
    assert client.get(PAGES[-1], headers=known).status_code == 200


def test_an_excerpt_opens_to_the_whole_abstract(engine: Engine, client: httpx.Client) -> None:
    long = " ".join(f"Sentence {number} tells more about the method." for number in range(30))
    add_listings(engine, "a", TODAY, listing(1, abstract=long), listing(2, abstract="Short."), listing(3, abstract=""))
    page = parsed(client.get("/papers"))
    wholes = page.xpath("//article/details/p/text()")
    assert wholes == [long]
    assert page.xpath("string(//article[1]//summary)") == "Abstract of Paper number 1 about models of quantization"
    excerpts = page.xpath("//article/p[contains(@class, 'abstract')]/text()")
    assert len(excerpts) == 2 and len(excerpts[0]) < 400 and excerpts[1] == "Short."


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_papers_break_no_list(engine: Engine, client: httpx.Client, payload: str) -> None:
    payload = payload.encode(errors="replace").decode()  # no source reads half of a surrogate pair
    title = f"{payload} and enough words for a title"
    hostile = Listing(1, title, payload * 3, authors=(payload,) * 2, url=payload, code=payload, summary=payload)
    with writing(engine) as connection:
        dump = ParsedDump("page text", (hostile,))
        add_dump(
            connection, NewDump("a", "a", dump.format, TODAY, ListedOnFrom.OPTION, MONDAY), prepare(dump, TODAY, "a")
        )
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200
        html5lib.HTMLParser(strict=True).parse(answer.text)
        page = parsed(answer)
        assert page.xpath("//article//script | //article//img | //article//svg | //@*[starts-with(name(), 'on')]") == []
        assert len(page.xpath("//article")) == 1
        assert all(re.match(r"(https?://|/)", url) for url in page.xpath("//article//a/@href"))


def test_lists_are_valid_html(stored: Engine, config: Config, client: httpx.Client) -> None:
    publish(stored, config)
    tag(stored, catalogue_of(config))
    for path in [*PAGES, "/papers/date/2026-06-20", "/papers/date/nothing", "/papers?after=x", "/nowhere"]:
        answer = client.get(path)
        html5lib.HTMLParser(strict=True).parse(answer.text)
        ids = parsed(answer).xpath("//@id")
        assert len(ids) == len(set(ids)), path


def test_the_first_page_of_today_is_small(engine: Engine, client: httpx.Client) -> None:
    abstract = " ".join(
        f"We show that method{number} improves the result of task{number * 7} a lot." for number in range(25)
    )
    add_listings(engine, "a", TODAY, *[listing(each, each, abstract=f"{each} {abstract}") for each in range(40)])
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert len(titles_on(parsed(answer))) == 30
    assert int(answer.headers["content-length"]) < 40_000


def test_search_engines_find_every_list_and_every_paper(stored: Engine, client: httpx.Client) -> None:
    def urls(path: str) -> list[str]:
        found = re.findall("<loc>https://papers.example.org(.*?)</loc>", client.get(path).text)
        assert len(found) <= 50_000
        return found

    assert "Sitemap: https://papers.example.org/sitemap.xml" in client.get("/robots.txt").text
    lists, *papers = urls("/sitemap.xml")
    assert all(client.get(path).status_code == 200 for path in urls(lists))
    days = {f"/papers/date/{day}" for (day,) in rows_of(stored, "select distinct listed_on from listing")}
    assert days <= set(urls(lists))
    keys = {f"/paper/{key}" for (key,) in rows_of(stored, "select key from paper")}
    assert {path for each in papers for path in urls(each)} == keys


@pytest.mark.sqlite  # which lets this connection ignore the tables that refer to the paper
def test_a_sitemap_holds_a_range_of_papers(stored: Engine, client: httpx.Client) -> None:
    with closing(sqlite3.connect(str(stored.url.database))) as connection, connection:
        connection.execute("update paper set id = ? where id = 1", (3 * PAPERS,))
    assert client.get("/sitemap.xml").text.count("<loc>") == 1 + 4
    assert [client.get(f"/sitemap/papers-{number}.xml").status_code for number in (1, 2, 4, 5)] == [200, 404, 200, 404]


def test_robots_leave_alone_what_belongs_to_one_subscriber(client: httpx.Client) -> None:
    refused = re.findall("^Disallow: (.*)$", client.get("/robots.txt").text, re.MULTILINE)
    for path in (
        "/manage",
        "/digests",
        "/digests/view/x",
        "/unsubscribe/x",
        "/confirm/x",
        "/sign-in",
        "/feeds/private/x.rss",
        "/vote/x/1",
    ):
        assert any(path.startswith(each) for each in refused), path
    for path in ("/", "/papers", "/papers/trending", "/paper/2509.01234", "/topics/agents", "/feeds/all.rss"):
        assert not any(path.startswith(each) for each in refused), path


def test_without_a_base_url_there_is_no_sitemap_and_no_canonical_url(engine: Engine, tmp_path: Path) -> None:
    with serve_pages(engine, write_config(tmp_path, base_url="")) as client:
        assert client.get("/sitemap.xml").status_code == 404
        assert "Sitemap" not in client.get("/robots.txt").text
        assert parsed(client.get("/papers")).xpath("//link[@rel='canonical']") == []


@pytest.mark.sqlite  # another server cannot be taken away during a test
def test_an_error_page_needs_no_store_and_looks_like_the_others(engine: Engine, config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    (folder / "web").mkdir(parents=True)
    (folder / "web/trending.html.j2").write_text("{{ 1 / 0 }}", encoding="utf-8")
    changed = config.model_copy(update={"mail": config.mail.model_copy(update={"templates": folder})})
    changed._base = config.base
    with serve_pages(engine, changed) as client:
        Path(str(engine.url.database)).unlink()
        answer = client.get("/papers/trending")
        assert answer.status_code == 500
        assert "Something went wrong" in shown(answer)
        assert parsed(answer).xpath("//link[@rel='stylesheet']/@href") == ["/style.css"]
        assert answer.headers["content-security-policy"]


def test_the_day_of_a_trending_paper_is_the_newest_on_which_it_is_listed(engine: Engine, client: httpx.Client) -> None:
    add_listings(engine, "spring", TODAY - 100 * ONE_DAY, listing(1, 5), listing(2, 5))
    add_listings(engine, "today", TODAY, listing(1, 50))
    page = parsed(client.get("/papers/trending"))
    assert titles_on(page) == [listing(1).title]
    assert page.xpath("//article//time/@datetime") == [TODAY.isoformat()]
