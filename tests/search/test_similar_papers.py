"""Similar papers, and `like:KEY`, which means the same in previews, searches, digests and feeds; on both databases."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.planned_papers import digests_of
from support.service import MONDAY, add_subscriber, run_notifier
from support.stored_papers import all_papers
from support.subjects import SUBJECTS, add_papers, paper_about

from notifier import curation, queries, search
from notifier.config import Config
from notifier.errors import NotifierError
from notifier.models import Listing, Paper
from notifier.pipeline.planning import plan
from notifier.pipeline.vectorising import refit
from notifier.search import near_papers, similar_papers, with_similar
from notifier.search.newest_seen import newest_seen
from notifier.search.searching import Search, count, find_newest
from notifier.store import hidden_papers, paper_pages, papers, reading, subscribers, tables, writing
from notifier.subscribers import import_subscribers
from notifier.subscribers.subscribing import SignUp

BEE = "2607.00000"
EIGHT = MONDAY.replace(hour=8)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return a store with 120 papers about three subjects."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    add_papers(engine, *[paper_about(subject, number) for number in range(40) for subject in SUBJECTS])
    return engine


def keys_of(engine: Engine, query: str) -> list[str]:
    """Return the keys of the papers that a preview shows."""
    return [match.key for match in search.preview(engine, query, None, MONDAY).matches]


def about(key: str) -> str:
    return list(SUBJECTS)[int(key[5])]


def read(engine: Engine, key: str) -> Paper:
    with reading(engine) as connection:
        paper = paper_pages.paper_by_key(connection, key)
    assert paper is not None
    return paper


def twin_of(listing: Listing, key: str) -> Listing:
    """Return another paper with nearly the same words."""
    return Listing(position=1, title=f"{listing.title} revisited", abstract=listing.abstract, arxiv_id=key)


def test_similar_papers_are_about_the_same_subject_and_say_which_words_they_share(store: Engine) -> None:
    with reading(store) as connection:
        found = similar_papers(connection, read(store, BEE))
    assert [about(each.paper.key) for each in found] == ["bees"] * 5
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert all(set(each.words) <= {*SUBJECTS["bees"].split(), "colonies"} and each.words for each in found)
    assert BEE not in [each.paper.key for each in found]


def test_a_hidden_paper_is_in_no_list_of_similar_papers(store: Engine) -> None:
    bee = read(store, BEE)
    with writing(store) as connection:
        nearest = similar_papers(connection, bee)[0].paper
        hidden_papers.hide(connection, nearest.id, MONDAY)
        found = [each.paper.id for each in similar_papers(connection, bee)]
    assert nearest.id not in found
    assert len(found) == search.SIMILAR


def test_a_new_a_changed_and_a_merged_paper_are_found_as_they_are_now(store: Engine) -> None:
    bee = read(store, BEE)
    add_papers(store, twin_of(paper_about("bees", 0), "2608.00001"))
    with reading(store) as connection:
        assert similar_papers(connection, bee)[0].paper.key == "2608.00001"
    title = f"{paper_about('bees', 0).title} revisited"
    longer = "galaxy telescope nebula orbit planet comet dust spectrum redshift cluster " * 9
    add_papers(store, Listing(position=1, title=title, abstract=longer, arxiv_id="2608.00001"), name="changed")
    with reading(store) as connection:
        assert "2608.00001" not in [each.paper.key for each in similar_papers(connection, bee)]
    add_papers(store, Listing(position=1, title="Some Other Title of Bees"), name="title only")
    (absorbed,) = keys_of(store, '"some other title of bees"')
    joined = twin_of(paper_about("bees", 0), "2608.00002")
    add_papers(store, joined, name="with id")
    titled = Listing(position=1, title="Some Other Title of Bees", arxiv_id="2608.00002", abstract=joined.abstract)
    add_papers(store, titled, name="joined")
    with reading(store) as connection:
        found = [each.paper.key for each in similar_papers(connection, bee, 100)]
        assert paper_pages.paper_by_key(connection, absorbed) is not None
    assert len(found) == len(set(found))
    assert absorbed not in found
    assert "2608.00002" in found
    assert keys_of(store, f"like:{absorbed}") == keys_of(store, "like:2608.00002") != []


def test_like_finds_what_is_nearest_and_composes_with_other_words(store: Engine) -> None:
    add_papers(store, twin_of(paper_about("bees", 0), "2608.00001"))
    found = keys_of(store, f"like:{BEE}")
    assert "2608.00001" in found
    assert BEE not in found
    assert {about(key) for key in found if key < "2608"} <= {"bees"}
    assert keys_of(store, f"like:{BEE} -revisited") == [key for key in found if key != "2608.00001"]
    assert keys_of(store, f"like:{BEE}v2 title:revisited") == ["2608.00001"]
    either = keys_of(store, f"like:{BEE} OR like:2607.20001")
    assert set(either) == {*found, *keys_of(store, "like:2607.20001")}
    assert set(keys_of(store, f"like:{BEE} OR title:parser")) == {*found, *keys_of(store, "title:parser")}


def test_a_search_and_a_feed_find_the_same_as_the_papers_one_by_one(store: Engine) -> None:
    keys = [BEE, "2607.10009", "2607.20018"]
    with reading(store) as connection:
        everywhere = near_papers(connection, keys)
        for key in keys:
            some = [*sorted(everywhere[key]), *range(1, 120, 20)]
            stored = papers.papers_by_id(connection, some)
            alone = {each for each in some if near_papers(connection, [key], [stored[each]])[key]}
            assert alone == everywhere[key]
            query = with_similar(connection, queries.parse(f"like:{key}"))
            assert count(connection, Search(query)) == len(alone)
            assert {each.paper.id for each in find_newest(connection, Search(query), 200).papers} == alone
            assert {each.id for each in newest_seen(connection, query)} == alone
    assert all(everywhere.values())


def test_a_digest_brings_new_papers_like_one_under_its_title_also_when_the_basis_is_new(store: Engine) -> None:
    add_subscriber(store, SignUp("ann@example.org", (f"like:{BEE}",), confirmed=True))
    plan(store, Config(), EIGHT)
    tuesday = EIGHT.replace(day=7)
    twin, star = twin_of(paper_about("bees", 0), "2608.00001"), twin_of(paper_about("stars", 1), "2608.00002")
    add_papers(store, twin, star, day=tuesday.date())
    add_papers(store, *[paper_about("code", number) for number in range(100, 165)], day=tuesday.date())
    refit(store)
    plan(store, Config(), tuesday)
    (_, titles) = digests_of(store, "ann@example.org")[-1]
    assert f"{paper_about('bees', 0).title} revisited" in titles
    assert not any("galaxy" in title or "parser" in title for title in titles)


def test_a_subscription_to_the_papers_like_one_is_named_after_it(store: Engine) -> None:
    ann = add_subscriber(store, SignUp("ann@example.org", (f"like:{BEE}",), confirmed=True))
    assert [each.label for each in ann.subscriptions] == [f"Similar to {paper_about('bees', 0).title}"]
    ann = add_subscriber(store, SignUp("ann@example.org", (f"like:{BEE}v1",), name="Bees"))
    ann = add_subscriber(store, SignUp("ann@example.org", (f"like:{BEE}", f"like:{BEE} hive")))
    assert [each.label for each in ann.subscriptions] == ["Bees", f"hive, similar to {BEE}"]


def test_the_title_of_a_hidden_paper_names_no_subscription_to_the_papers_like_it(store: Engine) -> None:
    ann = add_subscriber(store, SignUp("ann@example.org", (f"like:{BEE}",), confirmed=True))
    named = ann.subscriptions[0].label
    add_subscriber(store, SignUp("bob@example.org", (f"like:{BEE}",), confirmed=True, name="Bees"))
    curation.hide(store, "", BEE, MONDAY)
    add_subscriber(store, SignUp("cat@example.org", (f"like:{BEE}", "like:2607.00001"), confirmed=True))
    assert labels(store) == [f"similar to {BEE}", "Bees", f"similar to {BEE}", labels(store)[-1]]
    assert labels(store)[-1].startswith("Similar to ")
    add_papers(store, twin_of(paper_about("bees", 0), "2608.00001"), day=EIGHT.replace(day=7).date())
    plan(store, Config(), EIGHT.replace(day=7))
    with reading(store) as connection:
        planned = "".join(map(str, connection.execute(select(tables.delivery.c["items"], tables.delivery.c.subject))))
    assert f"similar to {BEE}" in planned
    assert named not in planned
    curation.unhide(store, "", BEE, MONDAY)
    assert labels(store)[:3] == [named, "Bees", f"similar to {BEE}"]


def test_the_title_of_a_paper_names_no_subscription_after_it_was_merged_into_a_hidden_one(store: Engine) -> None:
    add_papers(store, Listing(1, "A Paper Without an Identifier of Its Own"), day=MONDAY.date())
    with reading(store) as connection:
        key = next(each.key for each in all_papers(connection) if each.key.startswith("t-"))
    add_subscriber(store, SignUp("ann@example.org", (f"like:{key}",), confirmed=True))
    curation.merge(store, "", key, BEE, MONDAY)
    curation.hide(store, "", BEE, MONDAY)
    assert labels(store) == [f"similar to {key}"]


def labels(engine: Engine) -> list[str]:
    """Return the names of all subscriptions as digests and pages show them, by address."""
    with reading(engine) as connection:
        found = subscribers.by_address(connection, [f"{name}@example.org" for name in ("ann", "bob", "cat")])
    return [each.label for _, one in sorted(found.items()) for each in one.subscriptions]


@pytest.mark.parametrize(
    "query", ["like:2699.99999", "bees OR like:t-0123456789abcdef", "like:../x", 'like:"a b"', "like:*"]
)
def test_a_paper_that_does_not_exist_is_refused_wherever_a_query_is_given(
    engine: Engine, tmp_path: Path, query: str
) -> None:
    add_papers(engine, paper_about("bees", 0))
    with pytest.raises(NotifierError, match=r"no paper|needs the key of a paper"):
        search.preview(engine, query, None, MONDAY)
    with pytest.raises(NotifierError, match=r"no paper|needs the key of a paper"):
        add_subscriber(engine, SignUp("ann@example.org", (query,), confirmed=True))
    file = tmp_path / "list.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([("email", "query"), ("ann@example.org", query), ("bob@example.org", "bees")])
    report = import_subscribers(engine, Config(), file, MONDAY)
    assert [refused.line for refused in report.refused] == [2]
    assert report.new_subscribers == 1


def test_a_stored_query_for_a_paper_that_is_gone_matches_nothing(engine: Engine) -> None:
    parsed = queries.parse("like:2699.00001 OR honey OR hive OR bees")
    with reading(engine) as connection:
        assert queries.canonical(with_similar(connection, parsed)) == queries.canonical(parsed)
    add_papers(engine, paper_about("bees", 0), paper_about("stars", 0))
    with reading(engine) as connection:
        found = find_newest(connection, Search(with_similar(connection, parsed)), 9).papers
    assert [each.paper.key for each in found] == [BEE]


def test_the_command_shows_similar_papers_for_each_way_to_write_a_key(tmp_path: Path, engine: Engine) -> None:
    add_papers(engine, *[paper_about(subject, number) for number in range(4) for subject in SUBJECTS])
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///store/notifier.db"\n', encoding="utf-8")
    shown = [
        run_notifier("similar", key, "--limit", "2", "--json", cwd=tmp_path).stdout
        for key in (BEE, f"https://arxiv.org/abs/{BEE}v3")
    ]
    assert shown[0] == shown[1]
    assert '"key": "2607.0' in shown[0]
    table = run_notifier("similar", BEE, cwd=tmp_path)
    assert table.returncode == 0
    assert "similarity" in table.stdout
    unknown = run_notifier("similar", "2699.00001", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "there is no paper 2699.00001" in unknown.stderr
