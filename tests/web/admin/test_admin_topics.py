"""The pages of topics: add, edit with a preview, remove and restore, each change with its entry in the log."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.admin_site import BOB, OWN, admin_config, logged_entries, send
from support.service import add_subscriber, ingest_page
from support.stored_papers import all_papers
from support.visitors import shown
from support.web_site import ANN, AT_EIGHT, database_content

from notifier.config import Config
from notifier.curation import Correction, correct
from notifier.models import Paper
from notifier.operations.topics import Edit, add_topic, edit_topic, find_topic, remove_topic
from notifier.pipeline import tag_all
from notifier.store import reading
from notifier.store.topics import catalogue_in_use
from notifier.subscribers import SignUp
from notifier.topics import Topic, TopicDraft

BEES = {"slug": "bees", "title": "Bees", "description": "Insects.", "query": "bee OR honey", "terms": "honey"}
PAPERS = ("How Bees Fly at Night", "Honey as a Medium of Storage", "A Survey of Wasps")
CONFIG = '[topics.wasps]\ntitle = "Wasps"\nquery = "wasp"\n[topics.speech]\nremoved = true\n'
BY_BOB = Edit(BOB, AT_EIGHT)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return admin_config(tmp_path, more=CONFIG)


def bees(**changes: str) -> Topic:
    return TopicDraft(**{**BEES, **changes}).topic


def add_papers(engine: Engine, config: Config) -> None:
    ingest_page(engine, config.base, PAPERS)
    tag_all(engine, config)


def slugs_in_use(engine: Engine, config: Config) -> set[str]:
    return set(catalogue_in_use(engine, config).topics)


def preview(client: httpx.Client, **typed: str) -> str:
    """Return the words of the preview that the script shows."""
    part = client.post("/admin/topics/preview", data=typed, headers=OWN).text
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def all_papers_of(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def revision_of(page: httpx.Response) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    assert found
    return found[1]


def test_an_added_topic_is_in_use_at_once_on_every_page_and_logged(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_papers(engine, config)
    answer = send(client, "topics/add", **BEES)
    assert "The topic is added." in shown(client.get(answer.headers["location"]))
    assert "Bees" in shown(client.get("/topics"))
    assert client.get("/topics/bees").status_code == 200
    tag_all(engine, config)
    assert "How Bees Fly at Night" in shown(client.get("/topics/bees"))
    (entry,) = logged_entries(engine)
    assert (entry.actor, entry.action, entry.subject) == (ANN, "add a topic", "topic bees")
    assert (entry.details, entry.outcome) == ("Bees: bee OR honey", "done")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slug": "../x"}, "lower-case words joined by hyphens"),
        ({"slug": "Bees"}, "lower-case words joined by hyphens"),
        ({"slug": "bienen-für-alle"}, "lower-case words joined by hyphens"),
        ({"slug": "b" * 61}, "at most 60 letters"),
        ({"slug": "trending"}, "trending is reserved"),
        ({"slug": "search"}, "search is reserved"),
        ({"slug": "quantization"}, "There is a topic quantization already"),
        ({"slug": "wasps"}, "The config names the topic wasps"),
        ({"slug": "speech"}, "The config names the topic speech"),
        ({"title": ""}, "Write a title"),
        ({"title": "x" * 101}, "a title may have at most 100 characters"),
        ({"query": ""}, "query"),
        ({"query": "bee OR (honey"}, "This parenthesis is never closed"),
        ({"query": "topic:quantization"}, "topic"),
        ({"query": "like:2509.01234 bee"}, "like"),
        ({"query": "bee " * 2000}, "5,000 characters"),
        ({"terms": "x" * 61}, "a leading term may have at most 60 characters"),
    ],
)
def test_a_topic_that_is_not_valid_is_refused_with_the_reason_and_what_was_typed(
    engine: Engine, client: httpx.Client, changes: dict[str, str], words: str
) -> None:
    before = database_content(engine)
    answer = send(client, "topics/add", **{**BEES, **changes})
    assert answer.status_code == 422
    assert words.casefold() in shown(answer).casefold()
    assert "Insects." in answer.text
    assert database_content(engine) == before


def test_the_preview_shows_which_papers_gain_and_lose_the_topic_and_changes_nothing(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_topic(engine, config, bees(), BY_BOB)
    add_subscriber(engine, SignUp("dan@example.org", topics=("bees",), confirmed=True), settings=config)
    add_papers(engine, config)
    before = database_content(engine)
    changed = {**BEES, "query": "bee OR wasp"}
    part = preview(client, **changed)
    page = send(client, "topics/edit/bees", **changed, do="preview")
    for text in (part, shown(page)):
        assert "2 papers of 5" in text
        assert "1 gains the topic, 1 loses it" in text
        assert "1 subscriber follows this topic." in text
        assert re.search(r"1 paper gain\w* it\s+A Survey of Wasps", text)
        assert re.search(r"1 paper los\w* it\s+Honey as a Medium", text)
    assert '<span class="mark">Wasps</span>' in page.text
    assert database_content(engine) == before


def test_the_preview_points_at_the_column_of_a_mistake_and_at_a_slug_that_is_nearly_the_same(
    client: httpx.Client,
) -> None:
    wrong = client.post("/admin/topics/preview", data={"query": "bee\r\nOR (honey"}, headers=OWN)
    assert "bee OR <span>(</span>honey" in wrong.text
    assert "There is a topic quantization" in preview(client, slug="quantisation", query="bits")
    assert "Write a query" in preview(client)


def test_papers_that_curators_have_decided_on_are_neither_gained_nor_lost(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_topic(engine, config, bees(), BY_BOB)
    add_papers(engine, config)
    keys = {paper.title: paper.key for paper in all_papers_of(engine)}
    catalogue = catalogue_in_use(engine, config)
    for title, decided in ((PAPERS[0], Correction(added=("bees",))), (PAPERS[2], Correction(removed=("bees",)))):
        correct(engine, ANN, keys[title], decided.state(catalogue), AT_EIGHT)
    text = preview(client, **{**BEES, "query": "wasp"})
    assert "1 paper of 5" in text
    assert "0 papers gain it" in text
    assert re.search(r"1 paper los\w* it\s+Honey as a Medium", text)


def test_a_built_in_topic_is_changed_and_taken_back(engine: Engine, config: Config, client: httpx.Client) -> None:
    built_in = catalogue_in_use(engine, config).topics["quantization"]
    form = client.get("/admin/topics/edit/quantization")
    fields = {"title": "Fewer Bits", "query": "title:quantiz*", "revision": revision_of(form)}
    send(client, "topics/edit/quantization", **fields)
    changed = catalogue_in_use(engine, config).topics["quantization"]
    assert (changed.title, changed.query, changed.terms) == ("Fewer Bits", "title:quantiz*", ())
    assert "built in, changed here" in shown(client.get("/admin/topics"))
    page = client.get("/admin/topics/edit/quantization")
    send(client, "topics/restore/quantization", revision=revision_of(page))
    assert catalogue_in_use(engine, config).topics["quantization"] == built_in
    assert [each.action for each in logged_entries(engine)] == ["restore a topic", "change a topic"]


def test_a_built_in_topic_that_is_saved_as_it_is_stays_built_in(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    form = client.get("/admin/topics/edit/quantization")
    fields = dict(re.findall(r'name="(title|description|terms)"[^>]* value="([^"]*)"', form.text))
    query = " ".join(catalogue_in_use(engine, config).topics["quantization"].query.split())
    answer = send(client, "topics/edit/quantization", **fields, query=query, revision="0")
    assert "nothing was changed" in shown(answer)
    assert find_topic(engine, config, "quantization").stored is None
    assert logged_entries(engine) == []


def test_of_two_administrators_who_edit_the_same_topic_the_second_is_told(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_topic(engine, config, bees(), BY_BOB)
    form = client.get("/admin/topics/edit/bees")
    edit_topic(engine, config, bees(query="honey"), BY_BOB)
    mine = {**BEES, "query": "wasp"}
    told = send(client, "topics/edit/bees", **mine, revision=revision_of(form))
    assert told.status_code == 409
    assert f"{BOB} has changed the topic bees meanwhile" in shown(told)
    assert "As it is now" in shown(told)
    assert catalogue_in_use(engine, config).topics["bees"].query == "honey"
    send(client, "topics/edit/bees", **mine, revision=revision_of(told))
    assert catalogue_in_use(engine, config).topics["bees"].query == "wasp"
    late = send(client, "topics/remove/bees", revision=revision_of(form))
    assert late.status_code == 409
    assert "bees" in slugs_in_use(engine, config)


def test_a_removed_topic_is_out_of_use_until_it_is_restored(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_topic(engine, config, bees(), BY_BOB)
    add_subscriber(engine, SignUp("dan@example.org", topics=("bees",), confirmed=True), settings=config)
    asked = client.get("/admin/topics/remove/bees")
    assert "One subscriber follows it." in shown(asked)
    send(client, "topics/remove/bees", revision=revision_of(asked))
    assert "bees" not in slugs_in_use(engine, config)
    assert client.get("/topics/bees").status_code == 404
    page = client.get("/admin/topics")
    assert re.search(r"Not in use\s+Bees\s+bees · 1 subscriber", shown(page))
    assert "Topic bees, which has ended" in shown(client.get("/admin/subscribers/4"))
    taken = send(client, "topics/add", **BEES)
    assert "There was a topic bees; restore it" in shown(taken)
    send(client, "topics/restore/bees")
    assert catalogue_in_use(engine, config).topics["bees"] == bees()
    assert [each.action for each in logged_entries(engine)][:2] == ["restore a topic", "remove a topic"]


def test_a_topic_of_the_config_can_be_looked_at_only(engine: Engine, client: httpx.Client) -> None:
    assert "from the config" in shown(client.get("/admin/topics"))
    assert client.get("/admin/topics/edit/wasps").status_code == 404
    before = database_content(engine)
    for verb in ("edit", "remove", "restore"):
        answer = send(client, f"topics/{verb}/wasps", **BEES)
        assert answer.status_code in (404, 409), verb
    for slug in ("nothing", "all", "speech", "..%2fx"):
        assert client.get(f"/admin/topics/edit/{slug}").status_code == 404
    assert database_content(engine) == before


def test_markup_in_a_topic_is_shown_as_text(client: httpx.Client) -> None:
    script = "<script>alert(1)</script>"
    send(client, "topics/add", **{**BEES, "title": script, "description": script, "terms": script})
    for path in ("/admin/topics", "/admin/topics/edit/bees", "/admin/topics/remove/bees", "/topics", "/topics/bees"):
        page = client.get(path)
        assert script not in page.text, path
        assert "&lt;script&gt;" in page.text, path


def test_a_form_of_a_megabyte_is_refused(engine: Engine, client: httpx.Client) -> None:
    before = database_content(engine)
    assert send(client, "topics/add", **{**BEES, "query": "bee " * 250_000}).status_code == 413
    assert database_content(engine) == before


def test_the_change_and_its_entry_in_the_log_are_stored_together(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_topic(engine, config, bees(), BY_BOB)
    remove_topic(engine, config, "bees", BY_BOB)
    assert [each.outcome for each in logged_entries(engine)] == ["done", "done"]
    assert "changed" not in shown(client.get("/admin/topics/edit/nothing"))
