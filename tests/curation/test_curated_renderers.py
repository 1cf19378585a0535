"""Each renderer shows a pinned paper with its note, corrections in place of mistakes, and no hidden or merged paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from html import unescape
from pathlib import Path

import httpx
import pytest
from lxml import html
from sqlalchemy import Engine
from support.api_site import api_client
from support.service import add_subscriber, ingest_page, run_notifier
from support.stored_papers import all_papers
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    deliver_and_read_mails,
    serve_pages,
    stored_ann,
    urls_in,
    write_config,
)

from notifier import curation
from notifier.config import Config, secret_key
from notifier.curation import Correction, PinRequest
from notifier.pipeline import next_digest, plan, publish, tag
from notifier.pipeline.welcoming import plan_welcomes
from notifier.sending import mail_of_digest, sender_for
from notifier.signing import sign, verify
from notifier.store import hand_merges, reading
from notifier.subscribers import SignUp, confirm, renew_private_feed, request_sign_up
from notifier.text.mail_bodies import body_of
from notifier.topics import catalogue_of
from notifier.webmail import serving

PINNED, OTHER, HIDDEN, MISTAKE = "A Paper to Read First", "Another Paper of It", "A Hidden Paper of It", "Lrage Papers"
RIGHT, LINK, TOPIC = "Large Papers", "https://a.example/right", "robotics"
COPY = "A Mistyped Copy of a Paper"  # merged into OTHER
NOTE = "Read this <first> & now."
TO_ALL = SignUp(ANN, topics=("all",), confirmed=True)
DAY = AT_EIGHT.date()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return write_config(tmp_path)


@pytest.fixture
def curated(engine: Engine, config: Config) -> Engine:
    """Return a store with four papers: one is pinned, one hidden, one corrected, and one has a copy merged into it."""
    abstracts = ["We study how it works, and show with experiments that it works better than all before."] * 5
    ingest_page(engine, config.base, [COPY, OTHER, HIDDEN, MISTAKE, PINNED], abstracts=abstracts)
    keys = keys_by_title(engine)
    curation.pin(engine, "", keys[PINNED], PinRequest(DAY, NOTE, "Ann"), AT_EIGHT)
    curation.hide(engine, "", keys[HIDDEN], AT_EIGHT)
    correction = Correction(title=RIGHT, url=LINK, added=(TOPIC,)).state(catalogue_of(config))
    curation.correct(engine, "", keys[MISTAKE], correction, AT_EIGHT)
    curation.merge(engine, "", keys[COPY], keys[OTHER], AT_EIGHT)
    tag(engine, catalogue_of(config))
    return engine


def keys_by_title(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return {paper.title: paper.key for paper in all_papers(connection)}


def texts_of(mail: EmailMessage) -> list[str]:
    """Return the plain text and the HTML of a mail."""
    return [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]


def mails_of_digest(engine: Engine, config: Config, cards: int = 8) -> list[str]:
    digest = config.digest.model_copy(update={"cards": cards})
    changed = config.model_copy(update={"digest": digest})
    add_subscriber(engine, TO_ALL, settings=changed)
    plan(engine, changed, AT_EIGHT)
    return texts_of(deliver_and_read_mails(engine, changed)[0])


def lines_of_mail(engine: Engine, config: Config) -> list[str]:
    """Return a digest in which all papers are lines, without cards."""
    return mails_of_digest(engine, config, cards=0)


def webmail_pages(engine: Engine, config: Config) -> list[str]:
    """Return what the demo's inbox shows of a digest: its HTML, and its plain text."""
    mails_of_digest(engine, config)
    with serving(config.base / "mail", BASE_URL, 0) as url, httpx.Client(base_url=url) as client:
        (path,) = html.document_fromstring(client.get("/").text).xpath("//a[contains(@href, '/mails/')]/@href")
        return [client.get(path + view).raise_for_status().text for view in ("/html", "/text")]


def web_copy(engine: Engine, config: Config) -> list[str]:
    """Return the page with the digest to which its mail leads."""
    mails_of_digest(engine, config)
    (mail,) = deliver_and_read_mails(engine, config)
    link = next(url for url in urls_in(mail) if url.startswith(f"{BASE_URL}/digests/view/"))
    return [page_at(link.removeprefix(BASE_URL), engine, config)]


def next_digest_command(engine: Engine, config: Config) -> list[str]:
    """Return the mail that `notifier digest` shows."""
    add_subscriber(engine, TO_ALL, settings=config)
    found = next_digest(engine, config, ANN, AT_EIGHT).digest
    assert found is not None
    mail = mail_of_digest(sender_for(engine, config, lambda: AT_EIGHT), found)
    return [body_of(mail, "plain"), body_of(mail, "html")]


def welcome_mail(engine: Engine, config: Config) -> list[str]:
    request_sign_up(engine, config, SignUp(ANN, topics=("all",)), AT_EIGHT)
    (confirmation,) = deliver_and_read_mails(engine, config)
    before = f"{BASE_URL}/confirm/"
    link = next(url for url in urls_in(confirmation) if url.startswith(before))
    grant = verify(secret_key(config), link.removeprefix(before))
    assert grant is not None
    confirm(engine, config, grant, AT_EIGHT)
    assert plan_welcomes(engine, config, AT_EIGHT) == 1
    return texts_of(deliver_and_read_mails(engine, config)[-1])


def feed_file(slug: str, ending: str, engine: Engine, config: Config) -> list[str]:
    publish(engine, config)
    return [(config.base / f"var/feeds/{slug}.{ending}").read_text("utf-8")]


def made_feeds(engine: Engine, config: Config) -> list[str]:
    """Return the feed of a search, and the private feeds of Ann: of everything, and of one subscription."""
    add_subscriber(engine, TO_ALL, settings=config)
    private = f"/feeds/private/{sign(secret_key(config), renew_private_feed(engine, stored_ann(engine).id, AT_EIGHT))}"
    number = stored_ann(engine).subscriptions[0].id
    paths = ("/feeds/search{}?q=paper", private + "{}", f"{private}/{number}" + "{}")
    return [page_at(path.format(ending), engine, config) for path in paths for ending in (".atom", ".rss", ".json")]


def page_at(path: str, engine: Engine, config: Config) -> str:
    with serve_pages(engine, config) as client:
        answer = client.get(path)
    assert answer.status_code == 200
    return answer.text


def page(path: str, engine: Engine, config: Config) -> list[str]:
    return [page_at(path, engine, config)]


def api(path: str, engine: Engine, config: Config) -> list[str]:
    answer = api_client(engine, config).get(path)
    assert answer.status_code == 200
    return [answer.text]


def command(words: str, engine: Engine, config: Config) -> list[str]:
    """Return what a command prints; `KEY` among its words is the key of the pinned paper."""
    key = keys_by_title(engine)[PINNED]
    done = run_notifier(*(key if each == "KEY" else each for each in words.split()), cwd=config.base)
    assert done.returncode == 0, done.stderr
    return [done.stdout]


Render = Callable[[Engine, Config], list[str]]

FIRST_WITH_NOTE = "the pinned paper is first and has its note"
# The renderers of lists, each with what it shows besides titles.
LISTS: dict[str, tuple[Render, set[str]]] = {
    "mail": (mails_of_digest, {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "lines of a mail": (lines_of_mail, {FIRST_WITH_NOTE, LINK}),
    "notifier digest": (next_digest_command, {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "welcome mail": (welcome_mail, {FIRST_WITH_NOTE, LINK}),
    "webmail": (webmail_pages, {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "web copy": (web_copy, {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "Atom": (partial(feed_file, "all", "atom"), {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "RSS": (partial(feed_file, "all", "rss"), {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "JSON Feed": (partial(feed_file, "all", "json"), {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "made feeds": (made_feeds, {FIRST_WITH_NOTE, LINK, "Robotics"}),
    "day": (partial(page, f"/papers/date/{DAY}"), {FIRST_WITH_NOTE, LINK, TOPIC}),
    "first page": (partial(page, "/"), {LINK, TOPIC}),
    "week": (partial(page, "/papers/week/2026-W28"), {LINK, TOPIC}),
    "trending": (partial(page, "/papers/trending"), {LINK, TOPIC}),
    "topic of all": (partial(page, "/topics/all"), {LINK, TOPIC}),
    "search": (partial(page, "/search?q=experiments"), {LINK, TOPIC}),
    "API, a day": (partial(api, f"/api/v1/papers?listed={DAY}"), {FIRST_WITH_NOTE, LINK, TOPIC}),
    "API, a search": (partial(api, "/api/v1/papers?query=experiments"), {LINK, TOPIC}),
    "API, trending": (partial(api, "/api/v1/papers/trending"), {LINK, TOPIC}),
    "notifier trending --json": (partial(command, f"trending --date {DAY} --json"), set()),
    "notifier preview --json": (partial(command, "preview experiments --json"), set()),
}


def shown_in(text: str) -> str:
    """Return a text without escapes and line ends, whatever its format."""
    if text.startswith(("{", "[")):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return " ".join(unescape(unescape(text)).split())


@pytest.mark.parametrize("name", LISTS)
def test_a_renderer_shows_what_curators_did(curated: Engine, config: Config, name: str) -> None:
    render, shows = LISTS[name]
    for text in render(curated, config):
        shown = shown_in(text)
        assert RIGHT in shown and OTHER in shown and PINNED in shown
        assert HIDDEN not in shown and MISTAKE not in shown and COPY not in shown
        if FIRST_WITH_NOTE in shows:
            assert shown.index(PINNED) < min(shown.index(OTHER), shown.index(RIGHT))
            assert NOTE in shown and "Ann" in shown
        for each in shows - {FIRST_WITH_NOTE}:
            assert each in shown


# The renderers of one paper: each path with what it shows of the corrected paper.
OF_ONE = {
    "/paper/{}": (LINK, TOPIC),
    "/paper/{}.bib": (LINK,),
    "/paper/{}.ris": (LINK,),
    "/api/v1/papers/{}": (LINK, TOPIC),
    "/api/v1/papers/{}/similar": (),
}


@pytest.mark.parametrize("path", OF_ONE)
def test_what_shows_one_paper_shows_what_curators_did_with_it(curated: Engine, config: Config, path: str) -> None:
    keys = keys_by_title(curated)
    (copy,) = merged_keys(curated)
    is_similar = path.endswith("similar")

    def answer(key: str) -> httpx.Response:
        found = api_client(curated, config).get(path.format(key))
        return found if found.status_code != 308 else api_client(curated, config).get(found.headers["Location"])

    shown = shown_in(answer(keys[RIGHT]).text)
    assert all(each in shown for each in ((PINNED, OTHER) if is_similar else (RIGHT, *OF_ONE[path])))
    assert HIDDEN not in shown and MISTAKE not in shown and COPY not in shown
    assert answer(keys[HIDDEN]).status_code == 410
    assert (RIGHT if is_similar else OTHER) in shown_in(answer(copy).text)
    if path in ("/paper/{}", "/api/v1/papers/{}"):
        assert NOTE in shown_in(answer(keys[PINNED]).text)


def test_commands_and_feeds_of_topics_show_what_curators_did(curated: Engine, config: Config) -> None:
    (similar,) = command("similar KEY --json", curated, config)
    assert {each["title"] for each in json.loads(similar)} == {RIGHT, OTHER}
    for ending in ("atom", "rss", "json"):
        (feed,) = feed_file(TOPIC, ending, curated, config)
        assert RIGHT in feed and PINNED not in feed and MISTAKE not in feed
    assert RIGHT in page_at(f"/topics/{TOPIC}", curated, config)
    (counted,) = command("topics --json", curated, config)
    assert {each["slug"]: each["papers"] for each in json.loads(counted)}[TOPIC] == 1


def merged_keys(engine: Engine) -> list[str]:
    """Return the keys of the papers that were merged into OTHER."""
    with reading(engine) as connection:
        other = next(paper.id for paper in all_papers(connection) if paper.title == OTHER)
        return hand_merges.keys_merged_into(connection, other)
