"""Topics that administrators change: every process uses them from its next step on, and no paper is announced again."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update
from support.service import MONDAY, add_subscriber, ingest_page
from support.stored_papers import all_papers
from support.web_site import write_config

from notifier.config import Config, TopicConfig
from notifier.errors import ComposeError, QueryError, UsageError
from notifier.models import Mail
from notifier.operations.topics import (
    COMMAND,
    Edit,
    TopicConflictError,
    add_topic,
    edit_topic,
    list_topics,
    remove_topic,
    restore_topic,
)
from notifier.pipeline import plan, plan_dry_run, publish, tag, tag_all, tagging
from notifier.pipeline.planning import PlanReport
from notifier.sending import sender_for
from notifier.sending.composing import mails_of, paper_cache
from notifier.store import outbox, reading, tables, writing
from notifier.store.tags import TaggedPaper
from notifier.store.topics import catalogue_in_use
from notifier.subscribers import SignUp
from notifier.topics import Catalogue, Topic, TopicDraft, catalogue_of

AT_EIGHT = MONDAY.replace(hour=8)
TITLES = ("How Bees Fly at Night", "Honey as a Medium of Storage", "A Survey of Wasps")
EDIT = Edit(COMMAND, AT_EIGHT)
ANN = "ann@example.org"


def bees(query: str = "bee OR honey", title: str = "Bees") -> Topic:
    return TopicDraft("bees", title, "Insects.", query).topic


def titles_of(engine: Engine, slug: str = "bees") -> set[str]:
    with reading(engine) as connection:
        return {paper.title for paper in all_papers(connection) if slug in paper.topics}


def html_of(mail: Mail | ComposeError) -> str:
    assert isinstance(mail, Mail)
    part = message_from_bytes(mail.content, policy=policy.default).get_body(("html",))
    assert part is not None
    return str(part.get_content())


def sequences(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return [paper.sequence for paper in all_papers(connection)]


def test_a_changed_topic_tags_stored_papers_again_and_announces_none(store: Engine, tmp_path: Path) -> None:
    config = Config()
    ingest_page(store, tmp_path, TITLES)
    tag_all(store, config)
    before = sequences(store)
    add_topic(store, config, bees(), EDIT)
    tag_all(store, config)
    assert titles_of(store) == set(TITLES[:2])
    edit_topic(store, config, bees("bee OR wasp"), EDIT)
    tag_all(store, config)
    assert titles_of(store) == {TITLES[0], TITLES[2]}
    remove_topic(store, config, "bees", EDIT)
    tag_all(store, config)
    assert titles_of(store) == set()
    restore_topic(store, config, "bees", EDIT)
    tag_all(store, config)
    assert titles_of(store) == {TITLES[0], TITLES[2]}
    assert sequences(store) == before


def test_the_subscription_to_a_removed_topic_stays_and_matches_nothing(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    add_topic(engine, config, bees(), EDIT)
    subscriber = add_subscriber(engine, SignUp(ANN, topics=("bees",), confirmed=True), settings=config)
    ingest_page(engine, tmp_path, TITLES)
    assert plan_dry_run(engine, config, AT_EIGHT).report == PlanReport(1, 1, 0)
    assert publish(engine, config).feeds == 41
    assert (config.path(config.feeds.folder) / "bees.atom").exists()
    remove_topic(engine, config, "bees", EDIT)
    assert [each.label for each in subscriber.subscriptions] == ["Bees"]
    assert plan(engine, config, AT_EIGHT) == PlanReport(1, 0, 1)
    publish(engine, config)
    assert not (config.path(config.feeds.folder) / "bees.atom").exists()
    with pytest.raises(UsageError, match="no topic 'bees'"):
        add_subscriber(engine, SignUp("bob@example.org", topics=("bees",), confirmed=True), settings=config)


def test_a_topic_that_changes_while_papers_are_tagged_is_used_for_all_of_them(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config()
    monkeypatch.setattr(tagging, "BLOCK", 1)
    add_topic(store, config, bees(), EDIT)
    ingest_page(store, tmp_path, TITLES)
    changed = bees("wasp")
    stored = tagging._store

    def changing(engine: Engine, tagged: list[TaggedPaper]) -> None:
        stored(engine, tagged)
        if catalogue_in_use(store, config).topics["bees"].query != "wasp":
            edit_topic(store, config, changed, EDIT)

    monkeypatch.setattr(tagging, "_store", changing)
    catalogue = tag_all(store, config)
    assert catalogue.topics["bees"].query == "wasp"
    assert titles_of(store) == {TITLES[2]}


def test_a_topic_that_changes_between_tagging_and_planning_delays_no_digest(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path)
    add_topic(engine, config, bees(), EDIT)
    add_subscriber(engine, SignUp(ANN, topics=("bees",), confirmed=True), settings=config)
    ingest_page(engine, tmp_path, TITLES)

    def change(*_: object) -> None:
        edit_topic(engine, config, bees("wasp"), EDIT)

    monkeypatch.setattr("notifier.pipeline.planning.end_pauses", change)  # it runs after papers were tagged
    assert plan(engine, config, AT_EIGHT) == PlanReport(1, 1, 0)


def test_a_process_that_still_tags_with_the_earlier_topics_delays_no_digest(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path)
    add_topic(engine, config, bees(), EDIT)
    add_subscriber(engine, SignUp(ANN, topics=("bees",), confirmed=True), settings=config)
    ingest_page(engine, tmp_path, TITLES)
    earlier = tag_all(engine, config)
    edit_topic(engine, config, bees("wasp"), EDIT)
    monkeypatch.setattr("notifier.pipeline.planning.end_pauses", lambda *_: tag(engine, earlier))
    assert plan(engine, config, AT_EIGHT) == PlanReport(1, 1, 0)


def test_two_configs_that_tag_by_turns_do_not_keep_planning_for_ever(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path)
    add_topic(engine, config, bees(), EDIT)
    add_subscriber(engine, SignUp(ANN, topics=("bees",), confirmed=True), settings=config)
    ingest_page(engine, tmp_path, TITLES)
    other = catalogue_of(Config(built_in_topics=False))

    def tagged_by_the_other_afterwards(*given: Any) -> Catalogue:
        mine = tag_all(*given)
        tag(engine, other)
        return mine

    monkeypatch.setattr("notifier.pipeline.planning.tag_all", tagged_by_the_other_afterwards)
    assert plan(engine, config, AT_EIGHT).due == 1


def test_the_config_wins_whatever_the_database_holds(engine: Engine) -> None:
    add_topic(engine, Config(), bees(), EDIT)
    remove_topic(engine, Config(), "speech", EDIT)
    edit_topic(engine, Config(), TopicDraft("vision", "Sight", "", "eye").topic, EDIT)
    named = {
        "bees": TopicConfig(title="Hives", query="hive"),
        "speech": TopicConfig(description="Spoken words."),
        "vision": TopicConfig(removed=True),
    }
    config = Config(topics=named)
    topics = catalogue_in_use(engine, config).topics
    assert (topics["bees"].title, topics["speech"].description) == ("Hives", "Spoken words.")
    assert "vision" not in topics
    for slug in named:
        with pytest.raises(UsageError, match="the config names the topic"):
            remove_topic(engine, config, slug, EDIT)
        with pytest.raises(UsageError, match="the config names the topic"):
            add_topic(engine, config, TopicDraft(slug, "X", "", "x").topic, EDIT)


def test_a_stored_query_that_this_version_refuses_stops_nothing_and_shows(engine: Engine, tmp_path: Path) -> None:
    config = Config()
    add_topic(engine, config, bees(), EDIT)
    with writing(engine) as connection:
        connection.execute(update(tables.topic).values(query="bee OR ("))
    ingest_page(engine, tmp_path, TITLES)
    tag_all(engine, config)
    assert "bees" not in catalogue_in_use(engine, config).topics
    (broken,) = [each for each in list_topics(engine, config) if each.slug == "bees"]
    assert broken.fault.startswith("column ")
    edit_topic(engine, config, bees("honey"), EDIT)
    assert "bees" in catalogue_in_use(engine, config).topics


def test_a_change_of_what_somebody_else_has_changed_is_refused(store: Engine) -> None:
    config = Config()
    seen = add_topic(store, config, bees(), EDIT).revision
    edit_topic(store, config, bees("honey"), EDIT)
    with pytest.raises(TopicConflictError, match="A command has changed the topic bees meanwhile"):
        edit_topic(store, config, bees("wasp"), EDIT._replace(seen=seen))
    with pytest.raises(QueryError):
        edit_topic(store, config, bees("bee OR ("), EDIT)
    with pytest.raises(UsageError, match="did you mean bees"):
        remove_topic(store, config, "beees", EDIT)


def test_mails_show_the_new_title_of_a_topic_without_a_restart(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    add_topic(engine, config, bees(), EDIT)
    add_subscriber(engine, SignUp(ANN, queries=("night",), confirmed=True), settings=config)
    ingest_page(engine, tmp_path, TITLES)
    plan(engine, config, AT_EIGHT)
    sender = sender_for(engine, config, lambda: AT_EIGHT)
    with writing(engine) as connection:
        claims = outbox.claim(connection, "owner", AT_EIGHT, 10)
    with paper_cache(engine) as cache:
        (before,) = mails_of(sender, claims, cache)
        edit_topic(engine, config, bees(title="Busy Insects"), EDIT)
        (after,) = mails_of(sender, claims, cache)
    assert "Busy Insects" not in html_of(before)
    assert "Busy Insects" in html_of(after)


def test_the_digests_of_a_topics_followers_have_its_new_title_alone(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    add_topic(engine, config, bees(title="Busy Insects"), EDIT)
    add_subscriber(engine, SignUp(ANN, topics=("bees",), confirmed=True), settings=config)
    ingest_page(engine, tmp_path, TITLES)
    edit_topic(engine, config, bees(title="Pollinators"), EDIT)
    plan(engine, config, AT_EIGHT)
    sender = sender_for(engine, config, lambda: AT_EIGHT)
    with writing(engine) as connection:
        claims = outbox.claim(connection, "owner", AT_EIGHT, 10)
    with paper_cache(engine) as cache:
        (mail,) = mails_of(sender, claims, cache)
    assert "Pollinators" in html_of(mail)
    assert "Busy Insects" not in html_of(mail)
