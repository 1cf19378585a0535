"""Every list is read page by page while papers arrive: no paper comes twice, and none of the earlier ones is lost."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_listings
from support.visitors import parsed
from support.web_site import serve_pages

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import tag
from notifier.topics import catalogue_of

TODAY = MONDAY.date()
DAYS, A_DAY = 4, 18
LISTS = (
    "/papers/month/2026-07",
    "/papers/month/2026-07?order=newest",
    "/papers/trending",
    "/topics/quantization",
    "/topics/quantization?order=trending",
    "/search?q=quantization",
    "/search?q=quantization&order=trending",
    "/search?q=quantization&order=relevance",
    '/search?q=author:"a bee"',
)
RUBBISH = ("x", "1", "0.0.0", "-1.-1.-1", "1.2.3.4.5.6", "9" * 18, "9" * 40, "1..2", "%00", "1.1.999999", "2607.00001")


def listing(number: int, **values: object) -> Listing:
    title = f"Quantization number {number}"
    return Listing(1, title, **{"upvotes": number % 7, "authors": ("Ann Bee",), **values})  # type: ignore[arg-type]


def titles_on(answer: httpx.Response) -> list[str]:
    return [title.text_content() for title in parsed(answer).xpath("//article/h3/a")]


def following(answer: httpx.Response) -> str:
    return next(iter(parsed(answer).xpath('//div[@class="more"]//a[@rel="next"]/@href')), "")


@pytest.fixture
def titles(engine: Engine, config: Config) -> set[str]:
    """Store papers on four days, and return their titles."""
    for back in range(DAYS):
        numbers = range(back * A_DAY, (back + 1) * A_DAY)
        add_listings(engine, f"day {back}", TODAY - timedelta(days=back), *map(listing, numbers))
    tag(engine, catalogue_of(config))
    return {f"Quantization number {number}" for number in range(DAYS * A_DAY)}


def test_no_list_repeats_or_loses_a_paper_while_papers_arrive(
    engine: Engine, config: Config, client: httpx.Client, titles: set[str]
) -> None:
    first = {path: client.get(path) for path in LISTS}
    for back in range(DAYS):
        new = [listing(100 * back + number, upvotes=90 - number) for number in range(100, 112)]
        changed = [
            listing(number, upvotes=50 + number, abstract="Quantization at last. " * (1 + number % 9))
            for number in range(back * A_DAY, (back + 1) * A_DAY, 3)
        ]
        add_listings(engine, f"later {back}", TODAY - timedelta(days=back), *new, *changed)
    tag(engine, catalogue_of(config))
    for path, answer in first.items():
        found, page = titles_on(answer), answer
        while url := following(page):
            page = client.get(url)
            found += titles_on(page)
        assert len(found) == len(set(found)), path
        assert titles <= set(found), path
        assert titles_on(answer) != titles_on(page), path


@pytest.mark.slow
@pytest.mark.usefixtures("titles")
def test_a_page_that_no_list_has_leads_to_the_first_one(client: httpx.Client) -> None:
    for path in LISTS:
        for mark in RUBBISH:
            answer = client.get(f"{path}{'&' if '?' in path else '?'}after={mark}")
            assert answer.status_code in (200, 404), (path, mark)
            if answer.status_code == 404:
                (url,) = parsed(answer).xpath("//main//a[text()='The first page of this list']/@href")
                assert len(titles_on(client.get(url))) == 30


@pytest.mark.usefixtures("titles")
def test_old_addresses_of_further_pages_show_the_first_one(client: httpx.Client) -> None:
    for rest in ("below=12413093019614", "order=trending&skip=30&until=9", "skip=-1&until=x"):
        assert len(titles_on(client.get(f"/search?q=quantization&{rest}"))) == 30


def test_rankings_are_made_again_after_a_restart_without_newer_papers(
    engine: Engine, config: Config, client: httpx.Client, titles: set[str]
) -> None:
    for path in LISTS:
        if "order=" in path and "month" not in path:
            first = client.get(path)
            with serve_pages(engine, config) as restarted:
                rest = [client.get(path), restarted.get(following(first))]
                rest.append(restarted.get(following(rest[-1])))
            assert {title for page in rest for title in titles_on(page)} == titles, path


@pytest.mark.slow
def test_lists_of_no_paper_and_of_one_have_one_page(engine: Engine, config: Config, client: httpx.Client) -> None:
    empty = {path: client.get(path) for path in LISTS}
    add_listings(engine, "one", TODAY, listing(1))
    tag(engine, catalogue_of(config))
    with serve_pages(engine, config) as other:
        for path in LISTS:
            assert (empty[path].status_code, titles_on(empty[path]), following(empty[path])) == (200, [], ""), path
            answer = other.get(path)
            assert (titles_on(answer), following(answer)) == (["Quantization number 1"], ""), path
    for ending in ("rss", "atom", "json"):
        assert "Quantization number 1" in client.get(f"/feeds/search.{ending}?q=quantization").text
        assert client.get(f"/feeds/search.{ending}?q=wombats").status_code == 200
