"""The papers of a digest in the order of its subscriber's taste, and the topic `for-you`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from support.planned_papers import plan_and_accept, stored_subscriber
from support.service import MONDAY, add_listings, add_subscriber

from notifier import curation
from notifier.config import Config, DigestConfig
from notifier.digests import items
from notifier.models import Listing, Section
from notifier.pipeline.dry_run import plan_dry_run
from notifier.pipeline.next_digest import next_digest
from notifier.pipeline.planning import plan
from notifier.pipeline.tagging import tag
from notifier.pipeline.tastes import FOR_YOU_PAPERS, NO_LIKES, SWITCHED_OFF, TITLE_COLUMNS
from notifier.store import feedback, papers
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery, paper, subscriber
from notifier.subscribers.subscribing import SignUp
from notifier.topics import catalogue_of

CONFIG = Config()
AT_NINE = MONDAY + timedelta(days=1, hours=3)
ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.org"
ROBOTS = ("Grasping Objects with Robot Arms", "Walking Robots on Rough Ground", "Robot Arms that Fold Laundry")
SPEECH = ("Speech Recognition in Noise", "Speech Synthesis for Audiobooks", "Speaker Separation in Meetings")
NEW_ROBOTS = ("Robot Hands that Catch Balls", "Navigation of Delivery Robots")
NEW_SPEECH = ("Speech Recognition for Radio", "Speech Translation for Travellers", "Speech Captions for Films")
ABSTRACTS = {
    "rob": "We study robots. The robot learns manipulation and locomotion policies by imitation of demonstrations.",
    "spe": "We study speech. The recognizer hears audio of speakers and writes transcripts of what was said in rooms.",
}
WORDS = ("Graphs", "Lattices", "Games", "Markets", "Proofs", "Codes", "Sets", "Trees")
OTHERS = [f"{word} in Theory" for word in WORDS]


def listed(titles: Sequence[str]) -> list[Listing]:
    """Return listings of these papers, the first with the most upvotes."""
    abstracts = [
        next((text for part, text in ABSTRACTS.items() if part in title.casefold()), f"A short note on {title}.")
        for title in titles
    ]
    return [
        Listing(0, title, abstract=text, upvotes=100 - place)
        for place, (title, text) in enumerate(zip(titles, abstracts, strict=True))
    ]


def ingest(engine: Engine, *titles: str, day: int = 0) -> None:
    now = MONDAY + timedelta(days=day)
    add_listings(engine, f"dump of {day}", now.date(), *listed(titles), now=now)


def rate(engine: Engine, email: str, liked: Sequence[str] = (), disliked: Sequence[str] = ()) -> None:
    one = stored_subscriber(engine, email)
    with writing(engine) as connection:
        for place, title in enumerate([*liked, *disliked]):
            paper_id = connection.scalar(select(paper.c.id).where(paper.c.title == title))
            assert paper_id is not None
            now = MONDAY + timedelta(seconds=place)
            feedback.give_feedback(connection, one.id, paper_id, title in liked, now)


def newest(engine: Engine, email: str) -> str:
    """Return the items of a subscriber's newest digest, as its row holds them."""
    row = delivery.c
    with reading(engine) as connection:
        found = connection.scalars(select(row["items"]).where(row.recipient == email).order_by(row.id.desc()))
        return found.first() or ""


def sections(engine: Engine, email: str = ANN) -> list[Section]:
    """Return the sections of a subscriber's newest digest."""
    return list(items.decode(newest(engine, email))[0])


def titles(engine: Engine, section: Section) -> list[str]:
    with reading(engine) as connection:
        found = papers.papers_by_id(connection, [item.paper_id for item in section.items])
    return [found[item.paper_id].title for item in section.items]


def filled(engine: Engine) -> Engine:
    """Add Ann and Bob, who want all papers, and a first day of papers, which they have got."""
    for email in (ANN, BOB):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True), now=MONDAY - timedelta(days=1))
    ingest(engine, *ROBOTS, *SPEECH, *OTHERS)
    plan_and_accept(engine, CONFIG, MONDAY + timedelta(hours=3))
    return engine


@pytest.fixture
def archive(engine: Engine) -> Engine:
    return filled(engine)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_archive(request: pytest.FixtureRequest) -> Engine:
    return filled(request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store"))


def plan_tuesday(engine: Engine, config: Config = CONFIG) -> None:
    plan(engine, config, AT_NINE)


def test_papers_near_the_liked_ones_move_up_and_say_why(either_archive: Engine) -> None:
    rate(either_archive, ANN, liked=ROBOTS[:1], disliked=SPEECH[:1])
    ingest(either_archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    plan_tuesday(either_archive)
    (of_ann,) = sections(either_archive)
    (of_bob,) = sections(either_archive, BOB)
    assert titles(either_archive, of_bob) == [*NEW_SPEECH, *NEW_ROBOTS]
    assert not any(item.because for item in of_bob.items)
    shown = titles(either_archive, of_ann)
    assert sorted(shown) == sorted([*NEW_SPEECH, *NEW_ROBOTS])
    assert shown[0] == NEW_SPEECH[0] and shown[1] in NEW_ROBOTS  # the first of trending, and the first by taste
    moved_up = [item.because for item in of_ann.items if item.because]
    assert of_ann.items[1].because and set(moved_up) == {ROBOTS[0]}


def test_a_pinned_paper_stays_first_whatever_the_taste(archive: Engine) -> None:
    rate(archive, ANN, liked=ROBOTS, disliked=SPEECH)
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    with reading(archive) as connection:
        key = connection.scalar(select(paper.c.key).where(paper.c.title == NEW_SPEECH[2])) or ""
    curation.pin(archive, BOB, key, curation.PinRequest(AT_NINE.date(), "Read this.", "Bob"), AT_NINE)
    plan_tuesday(archive)
    assert titles(archive, sections(archive)[0])[0] == NEW_SPEECH[2]


def test_no_paper_is_dropped_by_a_taste_whatever_the_limit(archive: Engine) -> None:
    rate(archive, ANN, liked=ROBOTS, disliked=SPEECH)
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    plan_tuesday(archive, Config(digest=DigestConfig(papers=2)))
    assert len(sections(archive)[0].items) == 2
    of_both = [set(items.paper_ids(newest(archive, email))) for email in (ANN, BOB)]
    assert of_both[0] == of_both[1] and len(of_both[0]) == 5


@pytest.mark.parametrize("way", ["erased", "switched off", "never given"])
def test_without_feedback_or_switched_off_the_order_is_that_of_trending(archive: Engine, way: str) -> None:
    if way != "never given":
        rate(archive, ANN, liked=ROBOTS, disliked=SPEECH)
    with writing(archive) as connection:
        if way == "erased":
            feedback.reset_feedback(connection, stored_subscriber(archive, ANN).id)
        if way == "switched off":
            connection.execute(subscriber.update().where(subscriber.c.email == ANN).values(taste=False))
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    plan_tuesday(archive)
    number, other = (stored_subscriber(archive, email).subscriptions[0].id for email in (ANN, BOB))
    assert newest(archive, ANN) == newest(archive, BOB).replace(f"[{other}]", f"[{number}]", 1)


def test_the_order_does_not_depend_on_the_order_in_which_feedback_is_stored(archive: Engine) -> None:
    said = {**dict.fromkeys(ROBOTS, True), **dict.fromkeys(SPEECH, False), OTHERS[0]: True}
    rate(archive, ANN, [title for title, liked in said.items() if liked], SPEECH)
    rate(archive, BOB, [title for title, liked in reversed(said.items()) if liked], SPEECH[::-1])
    ingest(archive, *NEW_SPEECH, *OTHERS[:2], *NEW_ROBOTS, day=1)
    plan_tuesday(archive)
    (of_ann,), (of_bob,) = sections(archive, ANN), sections(archive, BOB)
    assert of_ann.items == of_bob.items


def test_a_dry_run_and_the_digest_that_is_shown_have_the_same_order_and_reasons(archive: Engine) -> None:
    rate(archive, ANN, liked=ROBOTS[:1], disliked=SPEECH[:1])
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    tag(archive, catalogue_of(CONFIG))  # as after each ingesting
    shown = next_digest(archive, CONFIG, ANN, AT_NINE).digest
    dry = next(each for each in plan_dry_run(archive, CONFIG, AT_NINE).digests if each.subscriber.email == ANN)
    plan_tuesday(archive)
    assert shown is not None and dry.selection is not None
    assert list(shown.sections) == list(dry.selection.sections) == sections(archive)


def test_the_newest_papers_that_are_shown_if_nothing_is_new_are_in_the_same_order(archive: Engine) -> None:
    rate(archive, ANN, liked=OTHERS[-1:])
    shown = next_digest(archive, CONFIG, ANN, AT_NINE)
    assert shown.digest is not None and not shown.is_new
    (section,) = shown.digest.sections
    assert titles(archive, section).index(OTHERS[-1]) < 7  # it is the last by trending


def test_feedback_on_a_paper_that_was_merged_counts_for_the_other_one(archive: Engine) -> None:
    rate(archive, ANN, liked=ROBOTS[:1])
    with writing(archive) as connection:
        gone, kept = (connection.scalar(select(paper.c.id).where(paper.c.title == each)) for each in ROBOTS[:2])
        assert gone is not None and kept is not None
        feedback.merge(connection, gone, kept)
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    plan_tuesday(archive)
    assert {item.because for item in sections(archive)[0].items} == {"", ROBOTS[1]}


def test_the_title_of_a_liked_paper_is_shortened_and_harmless(archive: Engine) -> None:
    hostile = "Robots <script>alert(1)</script> \u202eand Manipulation\u202c of \x1b[31m Arms " + "x" * 300
    ingest(archive, hostile, day=1)
    plan_and_accept(archive, CONFIG, AT_NINE)
    with writing(archive) as connection:
        newest_id = connection.scalar(select(paper.c.id).order_by(paper.c.id.desc()).limit(1))
        assert newest_id is not None
        feedback.give_feedback(connection, stored_subscriber(archive, ANN).id, newest_id, True, MONDAY)
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=2)
    plan(archive, CONFIG, AT_NINE + timedelta(days=1))
    (because,) = {item.because for item in sections(archive)[0].items} - {""}
    assert because.startswith("Robots ") and because.endswith("…") and len(because) <= TITLE_COLUMNS
    assert not {"\u202e", "\x1b"} & set(because)


def test_for_you_holds_the_best_by_taste_alone_that_were_not_rated_and_says_why(archive: Engine) -> None:
    add_subscriber(archive, SignUp(EVE, topics=("for-you",), confirmed=True), now=MONDAY - timedelta(days=1))
    ingest(archive, *NEW_SPEECH, *[f"{title}, Revisited" for title in OTHERS], *NEW_ROBOTS, day=1)
    rate(archive, EVE, liked=[ROBOTS[0], NEW_ROBOTS[0]], disliked=SPEECH[:1])
    plan_tuesday(archive)
    (section,) = sections(archive, EVE)
    shown = titles(archive, section)
    assert section.label == "For you" and not section.note
    assert len(shown) == FOR_YOU_PAPERS and set(shown[:3]) == {NEW_ROBOTS[1], *ROBOTS[1:]}
    assert not {ROBOTS[0], *NEW_ROBOTS[:1], *SPEECH[:1]} & set(shown)
    assert {item.because for item in section.items[:3]} <= {ROBOTS[0], NEW_ROBOTS[0]}


@pytest.mark.parametrize("is_switched_off", [False, True])
def test_for_you_holds_trending_papers_and_says_why_until_there_is_a_taste(
    archive: Engine, is_switched_off: bool
) -> None:
    add_subscriber(archive, SignUp(EVE, topics=("for-you",), confirmed=True), now=MONDAY - timedelta(days=1))
    rate(archive, EVE, liked=ROBOTS[-1:] if is_switched_off else (), disliked=ROBOTS[:1])
    with writing(archive) as connection:
        connection.execute(subscriber.update().where(subscriber.c.email == EVE).values(taste=not is_switched_off))
    plan_tuesday(archive)
    (section,) = sections(archive, EVE)
    assert titles(archive, section) == [*ROBOTS, *SPEECH, *OTHERS][:FOR_YOU_PAPERS]
    assert section.note == (SWITCHED_OFF if is_switched_off else NO_LIKES)
    assert not any(item.because for item in section.items)


def test_trending_holds_its_ten_papers_in_the_order_of_the_taste(archive: Engine) -> None:
    add_subscriber(archive, SignUp(EVE, topics=("trending",), confirmed=True), now=MONDAY - timedelta(days=1))
    rate(archive, EVE, liked=SPEECH[2:])
    plan_tuesday(archive)
    (section,) = sections(archive, EVE)
    shown = titles(archive, section)
    assert set(shown) == {*[*ROBOTS, *SPEECH, *OTHERS][:10]} and shown.index(SPEECH[2]) < 3


def test_the_title_of_a_hidden_paper_is_no_reason_also_not_in_papers_of_an_unsent_digest(archive: Engine) -> None:
    rate(archive, ANN, liked=ROBOTS[:1])
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS, day=1)
    plan_tuesday(archive)
    assert any(item.because for item in sections(archive)[0].items)
    with reading(archive) as connection:
        key = connection.scalar(select(paper.c.key).where(paper.c.title == ROBOTS[0])) or ""
    curation.hide(archive, BOB, key, AT_NINE)
    ingest(archive, *[f"{title}, Revisited" for title in (*SPEECH, *ROBOTS)], day=2)
    plan(archive, CONFIG, AT_NINE + timedelta(days=1))
    (of_ann,) = sections(archive)
    assert len(of_ann.items) == 11  # those of both days, as Tuesday's digest was never sent
    assert titles(archive, of_ann)[0] == f"{ROBOTS[0]}, Revisited"  # the like still counts
    assert not any(item.because for item in of_ann.items)


def test_a_section_of_an_unsent_digest_does_not_say_what_is_no_longer_so(archive: Engine) -> None:
    add_subscriber(archive, SignUp(EVE, topics=("for-you", "robotics"), confirmed=True), now=MONDAY - timedelta(days=1))
    ingest(archive, *NEW_SPEECH, day=1)
    plan_tuesday(archive)
    assert sections(archive, EVE)[0].note == NO_LIKES
    rate(archive, EVE, liked=ROBOTS[:1])
    plan(archive, CONFIG, AT_NINE + timedelta(days=1))
    assert [section.note for section in sections(archive, EVE)] == [""]


def test_the_subject_of_a_digest_for_you_names_the_best_paper_by_taste(archive: Engine) -> None:
    add_subscriber(archive, SignUp(EVE, topics=("for-you",), confirmed=True), now=MONDAY - timedelta(days=1))
    plan_and_accept(archive, CONFIG, MONDAY + timedelta(hours=3))
    rate(archive, EVE, liked=ROBOTS)
    ingest(archive, *NEW_SPEECH, *NEW_ROBOTS[:1], day=1)
    plan_tuesday(archive)
    with reading(archive) as connection:
        row = delivery.c
        subject = connection.scalar(select(row.subject).where(row.recipient == EVE).order_by(row.id.desc()).limit(1))
    assert NEW_ROBOTS[0] in (subject or "")
