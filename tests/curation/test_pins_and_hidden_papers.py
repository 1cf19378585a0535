"""Pins come first, with their notes, in digests, pages and feeds; hidden papers are in none of them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from lxml import etree, html
from sqlalchemy import Engine, select
from support.service import MONDAY, add_listings_as, add_subscriber, ingest_page
from support.stored_papers import all_papers
from support.web_site import AT_EIGHT, BASE_URL, deliver_and_read_mails, serve_pages, urls_in, write_config

from notifier import curation
from notifier.config import Config
from notifier.curation import PinRequest
from notifier.digests import items
from notifier.models import Item, Listing, MarkedWords, PinNote, Section
from notifier.pipeline.planning import plan
from notifier.pipeline.publishing import publish
from notifier.search import preview, trending_papers
from notifier.store import pins, reading, tables
from notifier.store.ingest import AnnouncePolicy
from notifier.subscribers import SignUp

TITLES = [f"Paper {name} of This Day" for name in ("Aa", "Bb", "Cc", "Dd")]
TODAY = MONDAY.date()
NOTE = 'Read <this> & "that" first; ' + "x" * 60
SHOWN = f"Pinned by Ann <a@b>: {NOTE}"
SEARCH = "/search?q=paper"
A_DAY = timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return write_config(tmp_path)


@pytest.fixture
def store(engine: Engine, config: Config) -> Engine:
    """Return a store with four papers of MONDAY, a subscriber to all and to trending papers, and one to a query."""
    for sign_up in (
        SignUp("all@example.org", topics=("all",), confirmed=True),
        SignUp("best@example.org", topics=("trending",), confirmed=True),
        SignUp("dd@example.org", ("dd",), confirmed=True),
    ):
        add_subscriber(engine, sign_up, settings=config)
    ingest_page(engine, config.base, TITLES)
    return engine


def key_of(engine: Engine, title: str) -> str:
    with reading(engine) as connection:
        return next(paper.key for paper in all_papers(connection) if paper.title == title)


def pin(engine: Engine, title: str, day: date = TODAY, note: str = NOTE, minutes: int = 0) -> None:
    wanted = PinRequest(day, note, "Ann <a@b>")
    curation.pin(engine, "", key_of(engine, title), wanted, MONDAY + timedelta(minutes=minutes))


def digests(engine: Engine) -> dict[str, list[tuple[str, str]]]:
    """Return, for each recipient, the titles of their planned digests in order, each with its note."""
    row = tables.delivery.c
    with reading(engine) as connection:
        titles = {paper.id: paper.title for paper in all_papers(connection)}
        rows = connection.execute(select(row.recipient, row["items"]).order_by(row.id)).all()
    found: dict[str, list[tuple[str, str]]] = {}
    for recipient, text in rows:
        sections, rest = items.decode(text)
        chosen = [*(item for section in sections for item in section.items), *rest]
        found.setdefault(recipient.partition("@")[0], []).extend(
            (titles[item.paper_id], item.pin.note if item.pin else "") for item in chosen
        )
    return found


def test_a_pinned_paper_comes_first_in_digests_of_all_and_trending_and_has_its_note_in_others(
    store: Engine, config: Config
) -> None:
    pin(store, TITLES[3])
    pin(store, TITLES[2], note="The second.", minutes=1)
    plan(store, config, AT_EIGHT)
    planned = digests(store)
    assert planned["all"][:2] == planned["best"][:2] == [(TITLES[3], NOTE), (TITLES[2], "The second.")]
    assert [note for _, note in planned["all"][2:]] == ["", ""]
    assert planned["dd"] == [(TITLES[3], NOTE)]
    with reading(store) as connection:
        assert TITLES[3] in str(connection.scalars(select(tables.delivery.c.subject)).first())
    pin(store, TITLES[3], note="A note that came too late.")
    curation.hide(store, "", key_of(store, TITLES[2]), MONDAY)
    assert digests(store) == planned


def test_a_note_is_in_every_renderer_of_a_digest_and_escaped_there(store: Engine, config: Config) -> None:
    pin(store, TITLES[3])
    plan(store, config, AT_EIGHT)
    mail = next(each for each in deliver_and_read_mails(store, config) if each["To"] == "all@example.org")
    bodies = {part.get_content_subtype(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    assert SHOWN in " ".join(bodies["plain"].split())
    assert bodies["plain"].index(TITLES[3]) < bodies["plain"].index(TITLES[0])
    url = next(each for each in urls_in(mail) if "/digests/view/" in each)
    with serve_pages(store, config) as client:
        web_copy = client.get(url.removeprefix(BASE_URL)).text
    for shown in (bodies["html"], web_copy):
        notes = [" ".join(each.text_content().split()) for each in html.document_fromstring(shown).xpath("//p")]
        assert SHOWN in notes
        assert "<this>" not in shown


def test_a_pin_for_a_later_day_begins_on_that_day_and_reaches_only_those_who_have_not_had_the_paper(
    store: Engine, config: Config
) -> None:
    pin(store, TITLES[3], TODAY + 2 * A_DAY)
    plan(store, config, AT_EIGHT)
    assert [note for _, note in digests(store)["all"]] == ["", "", "", ""]
    deliver_and_read_mails(store, config)
    add_subscriber(store, SignUp("new@example.org", topics=("all",), confirmed=True), AT_EIGHT + A_DAY, config)
    with reading(store) as connection:
        assert pins.on_day(connection, TODAY + 2 * A_DAY) == {}
    ingest_page(store, config.base, ["Another Paper of Some Day"], now=AT_EIGHT + 2 * A_DAY)
    plan(store, config, AT_EIGHT + 2 * A_DAY)
    planned = digests(store)
    assert planned["new"][0] == (TITLES[3], NOTE)
    assert [title for title, _ in planned["all"]].count(TITLES[3]) == 1


def test_a_pin_whose_day_has_begun_somewhere_is_in_digests_of_the_evening_before(store: Engine, config: Config) -> None:
    evening = SignUp("evening@example.org", topics=("all",), hour="18:00", confirmed=True)
    add_subscriber(store, evening, settings=config)
    pin(store, TITLES[3], TODAY + A_DAY)
    plan(store, config, AT_EIGHT)
    assert [note for _, note in digests(store)["all"]] == ["", "", "", ""]
    plan(store, config, AT_EIGHT.replace(hour=18))
    assert digests(store)["evening"][0] == (TITLES[3], NOTE)


def test_an_archived_paper_that_is_pinned_is_announced_once(store: Engine, config: Config) -> None:
    add_listings_as(store, AnnouncePolicy(archive=True), "old", Listing(1, "An Old Paper to Read Again"))
    pin(store, "An Old Paper to Read Again")
    for day in range(2):
        plan(store, config, AT_EIGHT + day * A_DAY)
        deliver_and_read_mails(store, config, AT_EIGHT + day * A_DAY)
    assert digests(store)["all"][0][0] == "An Old Paper to Read Again"
    assert len(digests(store)["all"]) == 5


def test_hidden_papers_are_in_no_new_digest_list_feed_or_search_also_if_an_unsent_digest_held_them(
    store: Engine, config: Config
) -> None:
    plan(store, config, AT_EIGHT)
    curation.hide(store, "", key_of(store, TITLES[0]), MONDAY)
    later = AT_EIGHT + A_DAY
    ingest_page(store, config.base, ["A New Paper of the Next Day"], now=later)
    plan(store, config, later)
    rolled = [title for title, _ in digests(store)["all"]]
    assert rolled.count(TITLES[0]) == 1  # in the digest of the first day, which was never sent
    assert rolled.count(TITLES[1]) == 2
    assert TITLES[0] not in [match.title for match in preview(store, "paper", None, later).matches]
    assert TITLES[0] not in [each.paper.title for each in trending_papers(store, later.date(), 9)]
    publish(store, config)
    for file in (config.base / "var/feeds").iterdir():
        assert TITLES[0] not in file.read_text(encoding="utf-8")
    with serve_pages(store, config, clock=lambda: later) as client:
        lists = (
            "/papers/date/2026-07-06",
            "/papers/week/2026-W28",
            "/papers/trending",
            "/topics/all",
            "/search?q=paper",
        )
        ranked = ("/topics/all?order=trending", f"{SEARCH}&order=trending", "/feeds/search.atom?q=paper")
        for path in (*lists, *ranked):
            shown = shown_at(client, path)
            assert TITLES[0] not in shown, path
            assert TITLES[1] in shown, path
        assert key_of(store, TITLES[0]) not in client.get("/sitemap/papers-1.xml").text
        curation.unhide(store, "", key_of(store, TITLES[0]), MONDAY)
        for path in (*lists, *ranked):
            assert TITLES[0] in shown_at(client, path), path


def shown_at(client: httpx.Client, path: str) -> str:
    """Return the text of a page or a feed."""
    return str(html.document_fromstring(client.get(path).content).text_content())


def test_feeds_put_a_pinned_paper_first_with_its_note_and_are_rewritten(store: Engine, config: Config) -> None:
    publish(store, config)
    folder = config.base / "var/feeds"
    pin(store, TITLES[3])
    assert publish(store, config).written >= 6
    assert publish(store, config).written == 0
    for slug in ("all", "trending"):
        first = json.loads((folder / f"{slug}.json").read_text(encoding="utf-8"))["items"][0]
        assert (first["title"], SHOWN in first["summary"]) == (TITLES[3], True)
        assert "<b>Pinned by Ann &lt;a@b&gt;: Read &lt;this&gt; &amp; " in first["content_html"]
        atom = etree.parse(folder / f"{slug}.atom")
        entry = atom.find("{*}entry")
        assert entry is not None
        assert entry.findtext("{*}title") == TITLES[3]
        assert SHOWN in "".join(entry.find("{*}content").itertext())  # type: ignore[union-attr]
        item = etree.parse(folder / f"{slug}.rss").find("channel/item")
        assert item is not None
        assert item.findtext("title") == TITLES[3]
        assert "Read &lt;this&gt; &amp; " in (item.findtext("description") or "")
    curation.unpin(store, "", key_of(store, TITLES[3]), MONDAY)
    publish(store, config)
    assert "Pinned" not in (folder / "all.atom").read_text(encoding="utf-8")


def test_the_page_of_its_day_shows_a_pinned_paper_first_also_if_no_dump_lists_it_there(
    store: Engine, config: Config
) -> None:
    pin(store, TITLES[3])
    with serve_pages(store, config, clock=lambda: AT_EIGHT + A_DAY) as client:
        for path in ("/papers/date/2026-07-06", "/papers/date/2026-07-06?order=newest", "/"):
            page = html.document_fromstring(client.get(path).text)
            cards = [card.text_content() for card in page.xpath("//article")]
            assert TITLES[3] in cards[0], path
            assert SHOWN in " ".join(cards[0].split())
            assert sum(TITLES[3] in card for card in cards) == 1
        before = client.get("/papers/date/2026-07-07")
        pin(store, TITLES[2], TODAY + A_DAY, "Again.", minutes=24 * 60)
        after = client.get("/papers/date/2026-07-07", headers={"If-None-Match": before.headers["ETag"]})
        assert (after.status_code, "1 paper" in after.text, "Again." in after.text) == (200, True, True)
        assert "Again." in client.get(f"/paper/{key_of(store, TITLES[2])}").text


def test_items_keep_pins_and_older_texts_are_still_read() -> None:
    pinned = Item(1, 5, pin=PinNote("A \t\n“note”", "Ann"), words=MarkedWords(("a",), ()), also=("b",))
    sections = (Section("all", (pinned, Item(2)), 7),)
    assert items.decode(items.encode(sections, (Item(3, pin=PinNote("x", "y")),))) == (
        sections,
        (Item(3, pin=PinNote("x", "y")),),
    )
    for version in "3":
        assert items.decode(f'[{version},[7],\n["all",\t[2]],\n[null]]') == ((Section("all", (Item(2),), 7),), ())
