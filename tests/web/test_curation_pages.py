"""The pages of curators: what they do, and that nobody else learns that these pages exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.service import add_listings, add_subscriber, ingest_page
from support.stored_papers import all_papers
from support.visitors import as_visitor, form_to, parsed, session_token, shown
from support.web_site import ANN, AT_EIGHT, FORM, serve_pages, write_config

from notifier import curation
from notifier.config import Config
from notifier.models import Listing, Subscriber, SubscriberState
from notifier.pipeline import tag
from notifier.store import papers, reading, subscribers
from notifier.subscribers import SignUp, pause
from notifier.topics import catalogue_of

BOB = "bob@example.org"
OWN = {"Sec-Fetch-Site": "same-origin"}
POSTS = ("pin", "unpin", "hide", "unhide", "correct", "merge", "part", "undo")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = write_config(tmp_path)
    web = config.web.model_copy(update={"curators": ("ANN@Example.ORG",)})
    changed = config.model_copy(update={"web": web})
    changed._base = config.base
    return changed


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    """Serve two papers, to Ann, who is a curator, and to Bob, who is not."""
    for email in (ANN, BOB):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True), settings=config)
    ingest_page(engine, config.base, ["The First Paper of All", "The Second Paper of All"])
    with serve_pages(engine, config) as client:
        as_visitor(client, session_token(engine))
        yield client


def keys(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(papers.keys_of(connection, [1, 2]).values())


def send(client: httpx.Client, action: str, **fields: str) -> httpx.Response:
    return client.post(f"/curation/{action}", data=fields, headers=OWN)


def test_a_curator_pins_hides_corrects_merges_parts_and_undoes(client: httpx.Client, engine: Engine) -> None:
    first, second = keys(engine)
    page = client.get(f"/paper/{first}")
    assert set(form_to(page, "/curation/pin#curate").fields) == {"key", "day", "name", "note"}
    answer = send(client, "pin", key=first, day="2026-07-06", name="Ann", note="Read <this>.")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/paper/{first}?done=pin#curate")
    page = client.get(answer.headers["Location"])
    assert "The paper is pinned." in shown(page)
    assert "Pinned to 6 July 2026 by Ann: Read <this>." in shown(page)
    assert form_to(page, "/curation/pin#curate").fields["note"] == "Read <this>."
    filled = dict(form_to(page, "/curation/correct#curate").form_values())
    assert send(client, "correct", **{**filled, "title": "A Better Title", "add": "robotics"}).status_code == 303
    assert send(client, "hide", key=first).status_code == 303
    page = client.get(f"/paper/{first}")
    assert "A Better Title" in shown(page)
    assert "This paper is hidden: only curators see this page." in shown(page)
    assert "Robotics" in shown(page)
    answer = send(client, "merge", key=second, into=first)
    assert answer.headers["Location"] == f"/paper/{first}?done=merge#curate"
    page = client.get(answer.headers["Location"])
    assert form_to(page, "/curation/part#curate").fields["merged"] == second
    assert send(client, "part", key=first, merged=second).status_code == 303
    log = client.get("/curation")
    assert [form.fields["entry"] for form in parsed(log).forms] == ["5", "4", "3", "2", "1"]
    assert "ann@example.org pinned The First Paper of All" in shown(log)
    assert send(client, "undo", entry="3").headers["Location"] == "/curation?done=undone"
    assert "The change is undone." in shown(client.get("/curation?done=undone"))
    assert send(client, "undo", entry="3").status_code == 409
    assert len(curation.read_log(engine)) == 6
    assert curation.read_log(engine)[0].actor == ANN


def test_a_curator_finds_the_log_and_above_it_what_is_pinned_and_hidden_now(
    client: httpx.Client, engine: Engine
) -> None:
    first, second = keys(engine)
    own = ("/manage", "/manage/reactions", "/manage/feeds", "/manage/delete", "/manage/subscriptions", "/digests")
    for path in ("/", "/papers", "/papers/trending", f"/paper/{first}", *own, "/topics", "/feeds", "/docs"):
        assert 'href="/curation"' in client.get(path).text, path
    send(client, "pin", key=first, day="2026-07-08", name="Ann", note="Later.")
    send(client, "hide", key=second)
    page = shown(client.get("/curation"))
    now = page[page.index("Pinned today or later") : page.index("The log")]
    assert "8 July 2026: The First Paper of All, by Ann Hidden The Second Paper of All" in now
    for action, key in (("unhide", second), ("pin", first)):
        send(client, action, key=key, day="2026-07-05", name="Ann", note="Earlier.")
    page = shown(client.get("/curation"))
    assert "Pinned today" not in page
    assert "Hidden" not in page


def test_a_curator_learns_that_a_pin_comes_too_late_for_digests(client: httpx.Client, engine: Engine) -> None:
    answer = send(client, "pin", key=keys(engine)[0], day="2026-07-20", name="Ann", note="Later.")
    assert "digests do not bring it again" not in shown(client.get(answer.headers["Location"]))
    answer = send(client, "pin", key=keys(engine)[0], day="2026-07-22", name="Ann", note="Too late.")
    assert "The paper is pinned." in shown(client.get(answer.headers["Location"]))
    assert "digests do not bring it again" in shown(client.get(answer.headers["Location"]))


PIN = {"day": "2026-07-06", "name": "Ann", "note": "x"}
WRONG: tuple[tuple[str, dict[str, str], str], ...] = (
    ("pin", {**PIN, "note": "x" * 281}, "The note has 281 characters"),
    ("pin", {**PIN, "day": "\0"}, "The day is missing"),
    ("pin", {**PIN, "name": ""}, "The name is empty"),
    ("pin", {**PIN, "day": "9999-12-31"}, "The day is in the year 9999"),
    ("correct", {"title": "The First Paper of All", "shown_title": "The First Paper of All"}, "nothing to correct"),
    ("correct", {"url": "javascript:alert(1)"}, "is not the URL of a page"),
    ("correct", {"add": "no-topic"}, "There is no topic 'no-topic'"),
    ("merge", {"into": "\0\ud7ff"}, "There is no paper"),
    ("unpin", {}, "The paper t-"),
)


def test_what_is_wrong_is_said_on_the_page_and_what_was_typed_is_kept(client: httpx.Client, engine: Engine) -> None:
    first = keys(engine)[0]
    for action, fields, why in WRONG:
        answer = send(client, action, key=first, **fields)
        assert answer.status_code == 422
        assert why in shown(answer)
        if fields.get("note") == "x":
            assert form_to(answer, "/curation/pin#curate").fields["note"] == "x"
    assert curation.read_log(engine) == []


def test_after_a_merge_the_page_has_the_arxiv_id_of_the_merged_paper(client: httpx.Client, engine: Engine) -> None:
    add_listings(engine, "two", date(2026, 7, 6), Listing(1, "The Third Paper of All", arxiv_id="2607.00003"))
    answer = send(client, "merge", key="2607.00003", into=keys(engine)[0])
    assert answer.headers["Location"] == "/paper/2607.00003?done=merge#curate"
    page = client.get(answer.headers["Location"])
    assert "The papers are merged." in shown(page)
    assert "merged into: – → 2607.00003" in shown(page)
    assert send(client, "undo", **form_to(page, "/curation/undo").fields).status_code == 303
    assert [line.did for line in curation.read_log(engine, paper_id=1)] == ["undid 1", "merged"]


def topics_of(client: httpx.Client, key: str) -> set[str]:
    """Return which of two topics the page of a paper shows."""
    found = parsed(client.get(f"/paper/{key}")).xpath("//main//a/@href")
    return {path.removeprefix("/topics/") for path in found} & {"robotics", "quantization"}


def test_a_page_shows_at_once_the_topics_of_a_paper_that_was_corrected_parted_or_undone(
    client: httpx.Client, engine: Engine, config: Config
) -> None:
    ingest_page(engine, config.base, ["Robots That Learn Robotics from Robots"])
    tag(engine, catalogue_of(config))
    with reading(engine) as connection:
        first, _, own = (paper.key for paper in all_papers(connection))
    assert topics_of(client, own) == {"robotics"}
    send(client, "correct", key=own, remove="robotics", add="quantization")
    assert topics_of(client, own) == {"quantization"}
    send(client, "merge", key=own, into=first)
    send(client, "part", key=first, merged=own)
    assert topics_of(client, own) == {"quantization"}
    send(client, "undo", entry="1")
    assert topics_of(client, own) == {"robotics"}


def test_hostile_forms_change_nothing(client: httpx.Client, engine: Engine) -> None:
    first = keys(engine)[0]
    assert send(client, "hide", key="\0").status_code == 404
    assert send(client, "nothing", key=first).status_code == 404
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/curation/hide", data={"key": first}, headers=from_elsewhere).status_code == 403
    assert send(client, "undo", entry="9" * 99).status_code == 409
    assert client.get("/curation?before=x").status_code == 200
    broken = b"key=%ff&day=%00&note=%ed%a0%80"
    assert client.post("/curation/pin", content=broken, headers={**OWN, **FORM}).status_code == 404
    assert curation.read_log(engine) == []


def stranger(client: httpx.Client, _engine: Engine) -> None:
    client.cookies.clear()


def bob(client: httpx.Client, engine: Engine) -> None:
    as_visitor(client, session_token(engine, BOB))


def paused_ann(_client: httpx.Client, engine: Engine) -> None:
    pause(engine, ANN, None, AT_EIGHT)


@pytest.mark.parametrize("become", [stranger, bob, paused_ann])
def test_everybody_else_gets_the_answer_of_a_page_that_does_not_exist(
    client: httpx.Client, engine: Engine, become: Callable[[httpx.Client, Engine], None]
) -> None:
    first, second = keys(engine)
    curation.hide(engine, "", second, AT_EIGHT)
    become(client, engine)
    missing = client.get("/nothing")
    answer = client.get("/curation")
    assert (answer.status_code, answer.content) == (404, missing.content)
    for action in POSTS:
        answer = send(client, action, key=first, day="2026-07-06", note="x", name="y", entry="1", into=second)
        assert (answer.status_code, answer.content) == (404, client.post("/nothing").content), action
    assert len(curation.read_log(engine)) == 1
    assert "curat" not in client.get(f"/paper/{first}").text.casefold()
    hidden = client.get(f"/paper/{second}")
    assert hidden.status_code == 410
    assert "This paper is hidden" in shown(hidden)
    assert "Second" not in hidden.text
    assert client.get(f"/paper/{second}.bib").status_code == 410


def test_only_active_subscribers_whose_address_is_in_the_config_are_curators(config: Config, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), settings=config)
    with reading(engine) as connection:
        ann = subscribers.find(connection, ANN)
    assert isinstance(ann, Subscriber)
    assert curation.is_curator(config, ann)
    assert not curation.is_curator(config, None)
    assert not curation.is_curator(Config(), ann)
    for state in SubscriberState:
        assert curation.is_curator(config, replace(ann, state=state)) is (state is SubscriberState.ACTIVE)
    admin = Config.model_validate({"web": {"admins": ["Ann@xn--bcher-kva.example"]}})
    assert curation.is_curator(admin, replace(ann, email="ann@bücher.example"))
