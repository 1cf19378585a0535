"""Topics: the catalogue, the operator's changes to it, and the tags of papers."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.planned_papers import accept_waiting
from support.service import MONDAY, add_listings, add_subscriber, ingest_page
from support.stored_papers import all_papers

from notifier.config import Config, TopicConfig
from notifier.digests import items
from notifier.errors import ConfigError, UsageError
from notifier.matching import tokenise
from notifier.models import Listing, Tags
from notifier.pipeline.planning import PlanReport, plan
from notifier.pipeline.tagging import tag
from notifier.store import tags
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery
from notifier.store.tags import TaggedPaper
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

AT_EIGHT = MONDAY.replace(hour=8)
BEES = TopicConfig(title="Bees", query="bee OR honey")


def config(**topics: TopicConfig) -> Config:
    """Return a config whose only topics are these."""
    return Config(built_in_topics=False, topics=topics)


def tagged(engine: Engine) -> dict[str, set[str]]:
    with reading(engine) as connection:
        return {paper.title: set(paper.topics) for paper in all_papers(connection)}


def marked_in_title(engine: Engine, email: str) -> list[str]:
    """Return the words, folded, that are to be marked in the title of the only paper of a subscriber's only digest."""
    with reading(engine) as connection:
        stored = connection.execute(select(delivery.c["items"]).where(delivery.c.recipient == email)).scalar_one()
    ((section,), _) = items.decode(stored)
    return list(section.items[0].words.title)


def test_an_operator_adds_edits_and_removes_topics() -> None:
    edited = TopicConfig(description="Fewer bits.")
    topics = catalogue_of(
        Config(topics={"bees": BEES, "quantization": edited, "speech": TopicConfig(removed=True)})
    ).topics
    built_in = catalogue_of(Config()).topics
    assert topics["bees"].query == "bee OR honey"
    assert topics["quantization"].description == "Fewer bits."
    assert topics["quantization"].query == built_in["quantization"].query
    assert set(topics) == (set(built_in) - {"speech"}) | {"bees"}


def test_the_leading_terms_of_a_topic_are_the_parts_of_its_title_unless_it_has_terms() -> None:
    both = TopicConfig(title="Bees, Wasps, and Honey and Wax", query="bee")
    with_terms = TopicConfig(title="Bees", query="bee OR honey", terms=("honey",))
    topics = catalogue_of(config(bees=both, sweet=with_terms)).topics
    assert topics["bees"].leading_terms == ("Bees", "Wasps", "Honey", "Wax")
    assert topics["sweet"].leading_terms == ("honey",)


@pytest.mark.parametrize(
    ("slug", "topic", "message"),
    [
        ("bees", TopicConfig(title="Bees"), "needs a title and a query"),
        ("bees", TopicConfig(title="Bees", query="bee OR (honey"), "column 8"),
        ("bees", TopicConfig(title="Bees", query="topic:quantization bee"), "column 1"),
        ("trending", BEES, "not all, trending, for-you"),
        ("Two Words", BEES, "lower-case words"),
    ],
)
def test_a_wrong_topic_is_refused_with_its_slug(slug: str, topic: TopicConfig, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue_of(Config(topics={slug: topic}))
    assert f"topics.{slug}" in str(caught.value)
    assert message in str(caught.value)


def test_a_similar_slug_is_proposed_for_an_unknown_one() -> None:
    with pytest.raises(UsageError, match="did you mean quantization"):
        catalogue_of(Config()).title("quantisation")


def test_papers_are_tagged_only_once_unless_they_or_the_topics_change(engine: Engine) -> None:
    add_listings(
        engine, "one", date(2026, 7, 1), Listing(1, "How Bees Fly at Night"), Listing(2, "About Something Else")
    )
    assert tag(engine, catalogue_of(config(bees=BEES))) == 2
    assert tag(engine, catalogue_of(config(bees=BEES))) == 0
    assert tagged(engine) == {"How Bees Fly at Night": {"bees"}, "About Something Else": set()}
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "About Something Else", "Namely honey."))
    assert tag(engine, catalogue_of(config(bees=BEES))) == 1
    assert tagged(engine)["About Something Else"] == {"bees"}
    nights = TopicConfig(title="Nights", query="night")
    assert tag(engine, catalogue_of(config(nights=nights))) == 0, "only papers that the new topic may match are matched"
    assert tagged(engine) == {"How Bees Fly at Night": {"nights"}, "About Something Else": set()}


def test_a_paper_that_changes_while_it_is_tagged_is_tagged_again(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), Listing(1, "About Something Else"))
    with reading(engine) as connection:
        ((paper, revision),) = tags.untagged(connection, "fingerprint", 10)
    add_listings(engine, "two", date(2026, 7, 2), Listing(1, "About Something Else", "Namely honey."))
    with writing(engine) as connection:
        wrong = Tags("fingerprint", ("wrong",), tokenise(paper))
        tags.tag(connection, [TaggedPaper(paper.id, revision, wrong)])
        assert tags.first_untagged(connection, "fingerprint", after=0) is not None
    assert tagged(engine)["About Something Else"] == set()


def test_a_subscriber_to_a_topic_gets_a_digest_of_its_papers(engine: Engine, tmp_path: Path) -> None:
    bees = config(bees=BEES)
    add_subscriber(engine, SignUp("ann@example.org", topics=("bees",), confirmed=True), settings=bees)
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    assert plan(engine, bees, AT_EIGHT) == PlanReport(due=1, digests=1)


def test_only_the_leading_terms_of_a_topic_are_marked_but_all_words_of_a_query(engine: Engine, tmp_path: Path) -> None:
    bees = config(bees=BEES)
    title = "How Bees Make Honey"
    add_subscriber(engine, SignUp("ann@example.org", topics=("bees",), confirmed=True), settings=bees)
    add_subscriber(engine, SignUp("bob@example.org", ("bee OR honey",), confirmed=True), settings=bees)
    ingest_page(engine, tmp_path, [title])
    plan(engine, bees, AT_EIGHT)
    assert marked_in_title(engine, "ann@example.org") == ["bees"]
    assert marked_in_title(engine, "bob@example.org") == ["bees", "honey"]


def test_a_topic_with_a_longer_query_than_a_subscriber_may_have_reaches_digests(engine: Engine, tmp_path: Path) -> None:
    long = config(
        bees=TopicConfig(title="Bees", query=" OR ".join(["bees", *(f'"wasp number {i}"' for i in range(99))]))
    )
    add_subscriber(engine, SignUp("ann@example.org", topics=("bees",), confirmed=True), settings=long)
    ingest_page(engine, tmp_path, ["How Bees Make Honey"])
    assert plan(engine, long, AT_EIGHT) == PlanReport(due=1, digests=1)
    assert marked_in_title(engine, "ann@example.org") == ["bees"]


def test_new_leading_terms_tag_no_paper_again(engine: Engine) -> None:
    add_listings(engine, "one", date(2026, 7, 1), Listing(1, "How Bees Fly at Night"))
    assert tag(engine, catalogue_of(config(bees=BEES))) == 1
    assert tag(engine, catalogue_of(config(bees=BEES.model_copy(update={"terms": ("honey",)})))) == 0


def test_a_changed_topic_announces_no_old_paper(engine: Engine, tmp_path: Path) -> None:
    before, after = config(bees=BEES), config(bees=TopicConfig(title="Bees", query="bee OR something"))
    add_subscriber(engine, SignUp("ann@example.org", topics=("bees",), confirmed=True), settings=before)
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    assert plan(engine, before, AT_EIGHT).digests == 1
    accept_waiting(engine)
    assert plan(engine, after, AT_EIGHT + timedelta(days=1)) == PlanReport(due=1, skipped=1)
    assert tagged(engine)["About Something Else"] == {"bees"}


def test_a_subscription_to_a_removed_topic_stays_and_matches_nothing(engine: Engine, tmp_path: Path) -> None:
    subscriber = add_subscriber(
        engine, SignUp("ann@example.org", topics=("bees",), confirmed=True), settings=config(bees=BEES)
    )
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "About Something Else"])
    assert plan(engine, config(), AT_EIGHT) == PlanReport(due=1, skipped=1)
    assert [each.topic for each in subscriber.subscriptions] == ["bees"]


def test_a_query_may_ask_for_a_topic(engine: Engine, tmp_path: Path) -> None:
    bees = config(bees=BEES)
    add_subscriber(engine, SignUp("ann@example.org", ("topic:bees -night",), confirmed=True), settings=bees)
    ingest_page(engine, tmp_path, ["How Bees Fly at Night", "Where Honey Comes from Today"])
    assert plan(engine, bees, AT_EIGHT).digests == 1
