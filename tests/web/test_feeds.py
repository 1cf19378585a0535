"""Feeds over HTTP: the published files with their validators, feeds of searches, and the feeds of one subscriber."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta

import feedparser
import httpx
import pytest
import reader
from lxml import etree
from sqlalchemy import Engine
from support.service import add_listings, add_listings_as, add_subscriber, ingest_page, page_text
from support.visitors import as_visitor, form_to, parsed, session_token, shown
from support.voters import add_voters, set_votes
from support.web_site import ANN, AT_EIGHT, BASE_URL, database_content, serve_pages

from notifier.config import Config
from notifier.models import Listing, SubscriberState
from notifier.pipeline import publish
from notifier.pipeline.ingesting import ingest
from notifier.signing import redact_links
from notifier.store.ingest import AnnouncePolicy
from notifier.subscribers import SignUp, erase, pause, remove_subscription, unsubscribe
from notifier.topics import FOR_YOU, TRENDING

ATOM = "{http://www.w3.org/2005/Atom}"
TITLES = ["Quantization of Large Models", "Mixture of Experts at Scale", "Graphs of Everything"]


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    ingest_page(engine, config.base, TITLES, now=AT_EIGHT)
    publish(engine, config)
    with serve_pages(engine, config, clock=lambda: AT_EIGHT) as found:
        yield found


def titles(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return sorted(each.title for each in feedparser.parse(response.content).entries)


def feed_links(client: httpx.Client, engine: Engine) -> list[str]:
    """Sign Ann in, make her private feeds, and return the paths of their Atom form."""
    as_visitor(client, session_token(engine))
    assert form_to(client.get("/manage/feeds"), "/manage/feeds").method == "POST"
    assert client.post("/manage/feeds").status_code == 303
    page = parsed(client.get("/manage/feeds"))
    client.headers.pop("Cookie", None)
    client.cookies.clear()
    found = [str(url) for url in page.xpath("//a[@type='application/atom+xml']/@href")]
    assert all(url.startswith(BASE_URL) for url in found)
    return [url.removeprefix(BASE_URL) for url in found]


def test_a_feed_is_served_from_the_bytes_that_were_published(client: httpx.Client, config: Config) -> None:
    folder = config.path(config.feeds.folder)
    assert len(list(folder.iterdir())) > 100
    for file in folder.iterdir():
        path = f"/{file.name}" if file.name == "feeds.opml" else f"/feeds/{file.name}"
        response = client.get(path)
        assert (response.status_code, response.content) == (200, file.read_bytes()), path
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [("rss", "application/xml"), ("atom", "application/xml"), ("json", "application/feed+json")],
)
def test_each_format_has_its_media_type(client: httpx.Client, ending: str, media_type: str) -> None:
    assert client.get(f"/feeds/all.{ending}").headers["content-type"] == f"{media_type}; charset=utf-8"


def test_a_client_that_takes_no_gzip_gets_none(client: httpx.Client) -> None:
    for accepted in ("identity", "gzip;q=0", "br", ""):
        response = client.get("/feeds/all.atom", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in response.headers, accepted
        assert response.headers["vary"] == "Accept-Encoding"
        assert titles(response) == sorted(TITLES)
    for accepted in ("gzip", "br, gzip", "*", "GZIP;q=0.5, identity;q=0.1"):
        with client.stream("GET", "/feeds/all.atom", headers={"Accept-Encoding": accepted}) as raw:
            assert raw.headers["content-encoding"] == "gzip", accepted
            assert gzip.decompress(b"".join(raw.iter_raw())).startswith(b"<?xml")


def test_no_response_is_compressed_for_a_client_that_refuses_gzip(client: httpx.Client) -> None:
    for path in ("/feeds/search.atom?q=graphs", "/subscribe"):
        for accepted in ("gzip;q=0", "gzip;q=0, *;q=1", "gzip;q=0.000, identity", "notgzip"):
            response = client.get(path, headers={"Accept-Encoding": accepted})
            assert "content-encoding" not in response.headers, (path, accepted)
        for accepted in ("gzip", "GZIP", "br;q=1, gzip;q=0.1"):
            response = client.get(path, headers={"Accept-Encoding": accepted})
            assert response.headers["content-encoding"] == "gzip", (path, accepted)
            assert response.text.strip().endswith(">")


def test_304_is_only_for_the_coding_that_is_asked_for(client: httpx.Client) -> None:
    for path in ("/feeds/all.atom", "/feeds/search.atom?q=graphs"):
        plain, zipped = ({"Accept-Encoding": coding} for coding in ("identity", "gzip"))
        tags = [client.get(path, headers=asked).headers["etag"] for asked in (plain, zipped)]
        assert tags[0] != tags[1]
        for tag, asked, status in (
            (tags[0], plain, 304),
            (tags[1], zipped, 304),
            (tags[0], zipped, 200),
            (tags[1], plain, 200),
        ):
            response = client.get(path, headers={**asked, "If-None-Match": tag})
            assert response.status_code == status, (path, tag, asked)
            assert response.headers["etag"] == (tags[0] if asked is plain else tags[1])


def test_a_date_that_no_calendar_has_is_like_none(client: httpx.Client) -> None:
    for path in ("/feeds/all.atom", "/feeds/search.atom?q=graphs"):
        for date in (
            "Mon, 99 Jan 99999999999999999999 00:00:00 GMT",
            "Mon, 01 Jan 2001 99999999999:00:00 GMT",
            "Mon, 01 Jan 2001 00:00:00 +99999999",
            "Mon, 01 Jan 0001 00:00:00 +2359",
            "0" * 5000,
        ):
            assert client.get(path, headers={"If-Modified-Since": date}).status_code == 200, (path, date)


def test_a_client_with_the_newest_content_gets_304_without_a_body(client: httpx.Client) -> None:
    first = client.get("/feeds/all.atom")
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    assert etag.startswith('"')
    known: list[dict[str, str]] = [
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified},
        {"If-None-Match": etag, "If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ]
    for headers in known:
        response = client.get("/feeds/all.atom", headers=headers)
        assert (response.status_code, response.content) == (304, b""), headers
        assert response.headers["etag"] == etag
        assert response.headers["cache-control"] == "public, max-age=600"
    unknown: list[dict[str, str]] = [
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": modified},
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ]
    for headers in unknown:
        assert client.get("/feeds/all.atom", headers=headers).status_code == 200, headers


def test_head_has_the_headers_of_get(client: httpx.Client) -> None:
    for path in ("/feeds/all.rss", "/feeds.opml", "/feeds/search.atom?q=graphs"):
        get, head = client.get(path), client.head(path)
        assert head.content == b""
        for name in ("etag", "content-type", "content-length", "content-encoding", "vary", "cache-control"):
            assert head.headers[name] == get.headers[name], (path, name)


def test_a_new_paper_gives_a_new_etag(client: httpx.Client, engine: Engine, config: Config) -> None:
    before = client.get("/feeds/all.atom").headers["etag"]
    ingest_page(engine, config.base, ["One More Paper"], now=AT_EIGHT + timedelta(hours=1))
    publish(engine, config)
    response = client.get("/feeds/all.atom", headers={"If-None-Match": before})
    assert "One More Paper" in titles(response)
    assert response.headers["etag"] != before


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/",
        "/feeds/nothing.atom",
        "/feeds/all.exe",
        "/feeds/..%2fconfig.toml",
        "/feeds/%2e%2e/secret.key",
        "/feeds/all.atom/",
        "/feeds/.all.atom",
        "/feeds/ALL.atom",
        "/feeds/search.exe?q=a",
        "/feeds/%00.atom",
    ],
)
def test_whatever_else_is_asked_for_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_feed_of_a_search_holds_what_matches(client: httpx.Client) -> None:
    for ending in ("rss", "atom", "json"):
        response = client.get(f"/feeds/search.{ending}", params={"q": "quantization OR graphs"})
        assert "Quantization of Large Models" in response.text and "Graphs of Everything" in response.text
        assert "Mixture" not in response.text
    assert titles(client.get("/feeds/search.atom", params={"q": "nothing"})) == []


def test_a_paper_of_an_old_listing_day_is_in_the_feeds_if_it_came_in_today(
    client: httpx.Client, engine: Engine, config: Config
) -> None:
    (config.base / "2026-01-02.txt").write_text(page_text(["Old Quantization of Last Winter"]), encoding="utf-8")
    ingest(engine, config.base / "2026-01-02.txt", None, AT_EIGHT)
    add_subscriber(engine, SignUp(ANN, ("winter",), confirmed=True))
    found = client.get("/feeds/search.atom", params={"q": "quantization"})
    assert titles(found) == ["Old Quantization of Last Winter", TITLES[0]]
    assert titles(client.get(feed_links(client, engine)[0])) == ["Old Quantization of Last Winter"]


@pytest.mark.slow
def test_feeds_of_rare_words_show_the_newest_matches_of_all_years(client: httpx.Client, engine: Engine) -> None:
    at = AT_EIGHT - timedelta(days=800)
    for number in range(60):
        add_listings(engine, f"{number}", at.date(), Listing(1, f"Wombats {number}"), now=at + timedelta(days=number))
    floods = [Listing(place + 1, f"A flood of words, number {place}") for place in range(2100)]
    add_listings(engine, "flood", AT_EIGHT.date(), *floods, now=AT_EIGHT)
    add_subscriber(engine, SignUp(ANN, ("wombats", 'quantization OR "wombats 3"'), confirmed=True))
    expected = [f"Wombats {number}" for number in range(59, 9, -1)]
    found = client.get("/feeds/search.atom", params={"q": "wombat"})
    assert [each.title for each in feedparser.parse(found.content).entries] == expected
    every, _, second = feed_links(client, engine)
    assert [each.title for each in feedparser.parse(client.get(every).content).entries] == [TITLES[0], *expected[:49]]
    assert titles(client.get(second)) == [TITLES[0], "Wombats 3"]


def test_a_feed_of_a_search_is_made_once_until_a_dump_comes(client: httpx.Client, engine: Engine) -> None:
    def ask() -> httpx.Response:
        return client.get("/feeds/search.atom", params={"q": "wombats"})

    first = ask()
    before = database_content(engine)
    assert ask().headers["etag"] == first.headers["etag"]
    assert database_content(engine) == before, "a repeated request counts under no limit"
    add_listings(engine, "late", AT_EIGHT.date(), Listing(1, "Wombats at Last"), now=AT_EIGHT)
    assert titles(ask()) == ["Wombats at Last"]


def test_an_archived_paper_is_in_no_feed(client: httpx.Client, engine: Engine) -> None:
    archived = Listing(1, "Quantization in the Archive", arxiv_id="2301.00001")
    add_listings_as(engine, AnnouncePolicy(archive=True), "old", archived, now=AT_EIGHT)
    assert titles(client.get("/feeds/search.atom", params={"q": "quantization"})) == [TITLES[0]]


def test_the_feed_of_a_search_names_itself_and_the_page_of_the_search(client: httpx.Client) -> None:
    text = '"large models" OR a&b=c#é'
    response = client.get("/feeds/search.atom", params={"q": text})
    links = {link.get("rel"): link.get("href") for link in etree.fromstring(response.content).findall(f"{ATOM}link")}
    for relation, path in (("self", "/feeds/search.atom"), ("alternate", "/search")):
        url = httpx.URL(str(links[relation]))
        assert str(url).startswith(f"{BASE_URL}{path}?")
        assert text in url.params.values()
        assert client.get(url.raw_path.decode()).status_code == 200


def test_two_spellings_of_a_search_are_one_feed_to_a_feed_reader(client: httpx.Client) -> None:
    one, other, third = (client.get("/feeds/search.atom", params={"q": q}) for q in ("a b", "B  AND a", "a c"))
    ids = [etree.fromstring(each.content).findtext(f"{ATOM}id") for each in (one, other, third)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("text", ["", "-a", '"open', "a" * 1001, "\x00", "nofield:x", "topic:nothing"])
def test_a_search_that_is_refused_is_answered_with_the_reason(client: httpx.Client, text: str) -> None:
    response = client.get("/feeds/search.atom", params={"q": text})
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/plain")
    assert len(response.text.splitlines()) == 1 and response.text.strip().endswith((".", "?", "it", "”"))


def test_a_subscriber_has_a_feed_of_all_and_one_of_each_subscription(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization", "experts"), confirmed=True))
    every, first, second = feed_links(client, engine)
    assert titles(client.get(every)) == sorted(TITLES[:2])
    assert titles(client.get(first)) == [TITLES[0]]
    assert titles(client.get(second)) == [TITLES[1]]
    for ending in ("rss", "json"):
        assert "Quantization" in client.get(every.replace(".atom", f".{ending}")).text
    response = client.get(every)
    assert response.headers["cache-control"].startswith("private")
    assert client.get(every, headers={"If-None-Match": response.headers["etag"]}).status_code == 304


def test_trending_is_in_a_private_feed_too(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, topics=(TRENDING,), confirmed=True))
    every, single = feed_links(client, engine)
    assert titles(client.get(every)) == titles(client.get(single)) == sorted(TITLES)


def test_a_private_feed_follows_each_vote(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("votes:>=1",), confirmed=True))
    add_voters(engine)
    every, single = feed_links(client, engine)
    for number, expected in ((0, []), (1, [TITLES[0]]), (0, [])):
        set_votes(engine, TITLES[0], number)
        assert titles(client.get(every)) == titles(client.get(single)) == expected


def test_papers_for_you_are_in_no_feed(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), topics=(FOR_YOU,), confirmed=True))
    every, single = feed_links(client, engine)
    assert titles(client.get(every)) == titles(client.get(single))
    assert client.get("/feeds/for-you.atom").status_code == 404
    assert "For you" not in shown(client.get("/feeds"))


def test_new_urls_end_the_old_ones(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    old = feed_links(client, engine)
    new = feed_links(client, engine)
    assert not set(old) & set(new)
    assert {client.get(path).status_code for path in old} == {410}
    assert {client.get(path).status_code for path in new} == {200}
    as_visitor(client, session_token(engine))
    assert client.post("/manage/feeds/remove").status_code == 303
    assert {client.get(path).status_code for path in new} == {410}
    assert client.get("/manage/feeds.opml").status_code == 404


def test_nobody_reads_a_subscription_of_somebody_else_with_their_own_url(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp("bob@example.org", ("experts",), confirmed=True))
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    every, single = feed_links(client, engine)
    for number in range(10):
        path = every.replace(".atom", f"/{number}.atom")
        assert client.get(path).status_code == (200 if path == single else 410)


def test_the_private_feeds_can_be_exported_as_opml(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    links = feed_links(client, engine)
    as_visitor(client, session_token(engine))
    outlines = etree.fromstring(client.get("/manage/feeds.opml").content).findall(".//outline")
    assert [outline.get("xmlUrl") for outline in outlines] == [BASE_URL + link for link in links]


def test_the_url_of_a_private_feed_is_redacted_in_logs(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    for link in feed_links(client, engine):
        secret = link.split("/")[3].removesuffix(".atom")
        assert secret in link and secret not in redact_links(f"GET {link} HTTP/1.1")


def test_reading_feeds_changes_nothing_but_the_count_of_searches(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    links = feed_links(client, engine)
    before = database_content(engine)
    for path in ("/feeds", "/feeds/all.atom", "/feeds.opml", *links):
        assert client.get(path).status_code == client.head(path).status_code == 200
    assert database_content(engine) == before


def test_a_feed_reader_gets_the_feeds_and_304_on_the_second_poll(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    paths = ["/feeds/all.rss", "/feeds/trending.atom", "/feeds/all.json", "/feeds/search.rss?q=graphs"]
    urls = [f"{str(client.base_url).rstrip('/')}{path}" for path in [*paths, *feed_links(client, engine)]]
    store = reader.make_reader(":memory:")
    for url in urls:
        store.add_feed(url)
    store.update_feeds()
    assert all(feed.last_exception is None for feed in store.get_feeds())
    assert len({entry.id for entry in store.get_entries()}) == len(TITLES), "a paper has one id in all feeds"
    parsed_feeds = [feedparser.parse(url) for url in urls if ".json" not in url]
    for found in parsed_feeds:
        assert feedparser.parse(found.href, etag=found.etag, modified=found.modified).status == 304
    for again in map(store.update_feed, urls):
        assert again is None or (again.new, again.modified) == (0, 0)


def private_statuses(client: httpx.Client, paths: list[str]) -> set[int]:
    return {client.get(path).status_code for path in paths}


def test_private_feeds_end_with_the_subscription_and_come_back_with_it(client: httpx.Client, engine: Engine) -> None:
    person = add_subscriber(engine, SignUp(ANN, ("graphs",), confirmed=True))
    paths = feed_links(client, engine)
    unsubscribe(engine, ANN, AT_EIGHT)
    assert private_statuses(client, paths) == {410}
    as_visitor(client, session_token(engine))
    assert parsed(client.get("/manage/feeds")).xpath("//form") == []
    assert client.get("/manage/feeds.opml").status_code == 404
    add_subscriber(engine, SignUp(ANN, confirmed=True))
    assert private_statuses(client, paths) == {200}
    erase(engine, ANN, AT_EIGHT)
    assert private_statuses(client, paths) == {410}
    assert person.state is SubscriberState.ACTIVE


def test_private_feeds_go_on_during_a_pause(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("graphs",), confirmed=True))
    paths = feed_links(client, engine)
    pause(engine, ANN, None, AT_EIGHT)
    assert private_statuses(client, paths) == {200}


def test_the_feed_of_a_subscription_that_was_removed_is_gone_and_the_others_stay(
    client: httpx.Client, engine: Engine
) -> None:
    person = add_subscriber(engine, SignUp(ANN, ("graphs", "experts"), confirmed=True))
    of_all, of_first, of_second = feed_links(client, engine)
    remove_subscription(engine, person.id, person.subscriptions[0].id, AT_EIGHT)
    assert [client.get(path).status_code for path in (of_all, of_first, of_second)] == [200, 410, 200]
