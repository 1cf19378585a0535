"""Programs vote and give feedback for subscribers, under the rules of the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert
from support.api_site import PAPERS, SUBSCRIBERS, ApiClient, api_client
from support.service import add_subscriber, ingest_page
from support.web_site import ANN, AT_EIGHT, database_content

from notifier import curation, subscribers
from notifier.config import Config
from notifier.models import Scope
from notifier.store import hidden_papers, reading, tables, votes, writing
from notifier.subscribers import SignUp, limiting
from notifier.subscribers.limiting import HOUR, Action

VOTES, FEEDBACK = f"{SUBSCRIBERS}/1/votes", f"{SUBSCRIBERS}/1/feedback"
TITLES = [f"Quantization of Models of Size {number}" for number in range(3)]


@pytest.fixture
def api(engine: Engine, config: Config) -> ApiClient:
    """Return a client; Ann is subscriber 1."""
    ingest_page(engine, config.base, TITLES, now=AT_EIGHT)
    add_subscriber(engine, SignUp(ANN, ("models",), confirmed=True), settings=config)
    return api_client(engine, config)


def keys(api: ApiClient) -> list[str]:
    return [each["key"] for each in api.get(PAPERS).json()["papers"]]


def votes_of_paper(api: ApiClient, key: str) -> int:
    number: int = api.get(f"{PAPERS}/{key}").json()["votes"]
    return number


def test_a_vote_counts_once_however_often_it_is_given_and_taken_back(api: ApiClient) -> None:
    key = keys(api)[0]
    for number, method in ((1, "PUT"), (1, "PUT"), (0, "DELETE"), (0, "DELETE"), (1, "PUT")):
        answer = api(method, f"{VOTES}/{key}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert votes_of_paper(api, key) == number
    (vote,) = api.get(VOTES).json()["votes"]
    assert vote == {"key": key, "title": vote["title"], "is_hidden": False, "voted_on": "2026-07-06"}


def test_feedback_is_one_opinion_of_a_paper_and_is_forgotten(engine: Engine, api: ApiClient) -> None:
    first, second, _ = keys(api)
    for key, liked in ((first, True), (second, True), (first, False)):
        assert api("PUT", f"{FEEDBACK}/{key}", json={"liked": liked}).status_code == 204
    found = {each["key"]: each["liked"] for each in api.get(FEEDBACK).json()["feedback"]}
    assert found == {first: False, second: True}
    assert subscribers.count_reactions(engine, 1) == (0, 2)
    assert api("DELETE", f"{FEEDBACK}/{first}").status_code == 204
    assert [each["key"] for each in api.get(FEEDBACK).json()["feedback"]] == [second]
    assert api("DELETE", FEEDBACK).status_code == 204
    assert api.get(FEEDBACK).json() == {"feedback": [], "next": None}
    for wrong in ({}, {"liked": None}, {"liked": 1}, {"liked": "yes"}, {"liked": True, "given_at": "2020-01-01"}):
        assert api("PUT", f"{FEEDBACK}/{first}", json=wrong).status_code == 422, wrong


def test_whether_feedback_orders_digests_is_a_setting(api: ApiClient) -> None:
    assert api.get(f"{SUBSCRIBERS}/1").json()["taste"] is True
    changed = api("PATCH", f"{SUBSCRIBERS}/1", json={"taste": False}).json()
    assert (changed["taste"], changed["hour"]) == (False, "08:00")
    assert api("PATCH", f"{SUBSCRIBERS}/1", json={"hour": "09:00"}).json()["taste"] is False
    assert api("PATCH", f"{SUBSCRIBERS}/1", json={"taste": "on"}).status_code == 422


@pytest.mark.parametrize("leave", [subscribers.pause, subscribers.unsubscribe])
def test_only_active_subscribers_vote_but_all_take_back(engine: Engine, api: ApiClient, leave: Any) -> None:
    first, second, _ = keys(api)
    assert api("PUT", f"{VOTES}/{first}").status_code == 204
    leave(engine, ANN, *(() if leave is subscribers.unsubscribe else (None,)), AT_EIGHT)
    answer = api("PUT", f"{VOTES}/{second}")
    assert (answer.status_code, "Only ACTIVE" in answer.json()["detail"]) == (409, True)
    assert api("PUT", f"{FEEDBACK}/{second}", json={"liked": True}).status_code == 409
    assert api("DELETE", f"{VOTES}/{first}").status_code == 204
    assert [votes_of_paper(api, key) for key in (first, second)] == [0, 0]


def test_who_has_not_confirmed_has_no_vote(api: ApiClient) -> None:
    bob = api.post(SUBSCRIBERS, json={"email": "bob@example.net"}).json()
    assert bob["state"] == "PENDING"
    assert api("PUT", f"{SUBSCRIBERS}/{bob['id']}/votes/{keys(api)[0]}").status_code == 409


def test_a_hidden_paper_takes_no_vote_and_gives_it_back(engine: Engine, api: ApiClient) -> None:
    key = keys(api)[0]
    assert api("PUT", f"{VOTES}/{key}").status_code == 204
    curation.hide(engine, "", key, AT_EIGHT)
    assert api("PUT", f"{VOTES}/{key}").status_code == 410
    assert api("PUT", f"{FEEDBACK}/{key}", json={"liked": True}).status_code == 410
    assert [each["is_hidden"] for each in api.get(VOTES).json()["votes"]] == [True]
    assert api("DELETE", f"{VOTES}/{key}").status_code == 204
    with reading(engine) as connection:
        assert votes.votes_of(connection, 1) == set()
        assert hidden_papers.hidden_among(connection, [1, 2, 3])


def test_a_former_key_votes_for_the_paper_of_today(engine: Engine, api: ApiClient) -> None:
    key = keys(api)[0]
    with writing(engine) as connection:
        paper_id = connection.execute(tables.paper.select().where(tables.paper.c.key == key)).one().id
        alias = {"old_id": 99, "old_key": "cs/0309040", "paper_id": paper_id}
        connection.execute(insert(tables.paper_alias).values(alias))
    assert api("PUT", f"{VOTES}/cs/0309040").status_code == 204
    assert api("PUT", f"{VOTES}/cs%2F0309040").status_code == 204
    assert votes_of_paper(api, key) == 1


def test_what_nobody_has_is_not_found_and_stores_nothing(engine: Engine, api: ApiClient) -> None:
    of_nobody = f"{SUBSCRIBERS}/7/votes/{keys(api)[0]}"
    before = [line for line in database_content(engine).splitlines() if "usage_count" not in line]
    for path in (f"{VOTES}/2401.99999", f"{VOTES}/%00", of_nobody, f"{VOTES}/x/similar"):
        for method in ("PUT", "DELETE"):
            assert api(method, path).status_code == 404, path
    assert api.get(f"{SUBSCRIBERS}/7/votes").status_code == 404
    assert api("DELETE", f"{SUBSCRIBERS}/7/feedback").status_code == 404
    assert [line for line in database_content(engine).splitlines() if "usage_count" not in line] == before


def test_the_limit_of_an_address_holds_for_programs_too(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limiting.BY_ADDRESS, Action.REACTION, ((5, HOUR),))
    key = keys(api)[0]
    statuses = [api("PUT", f"{VOTES}/{key}").status_code for _ in range(6)]
    assert statuses == [204] * 5 + [429]
    refused = api("DELETE", f"{VOTES}/{key}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert votes_of_paper(api, key) == 1


def test_a_token_that_votes_reads_and_changes_nothing_else(engine: Engine, config: Config, api: ApiClient) -> None:
    key, voter = keys(api)[0], api_client(engine, config, [Scope.WRITE_VOTES])
    assert voter("PUT", f"{VOTES}/{key}").status_code == 204
    for method, path in (("GET", VOTES), ("GET", f"{SUBSCRIBERS}/1"), ("DELETE", f"{SUBSCRIBERS}/1"), ("GET", PAPERS)):
        assert voter(method, path).status_code == 403


def test_votes_and_feedback_come_in_pages_the_newest_first_in_every_database(store: Engine, config: Config) -> None:
    titles = [f"Bees of Garden {number}" for number in range(250)]
    ingest_page(store, config.base, titles, now=AT_EIGHT)
    add_subscriber(store, SignUp(ANN, ("models",), confirmed=True), settings=config)
    api = api_client(store, config)
    with writing(store) as connection:
        rows = [{"subscriber_id": 1, "paper_id": each} for each in range(1, 251)]
        days = [{"voted_on": AT_EIGHT.date() - timedelta(days=each["paper_id"] % 7)} for each in rows]
        connection.execute(insert(tables.vote), [row | day for row, day in zip(rows, days, strict=True)])
        connection.execute(insert(tables.feedback), [{**row, "liked": True, "given_at": AT_EIGHT} for row in rows])
    assert api("PUT", f"{VOTES}/{keys(api)[0]}").status_code == 204
    for path, name, field in ((VOTES, "votes", "voted_on"), (FEEDBACK, "feedback", "given_at")):
        found: list[dict[str, Any]] = []
        following = path
        while following:
            answer = api.get(following)
            assert answer.links.get("next", {}).get("url") == answer.json()["next"]
            found += answer.json()[name]
            following = answer.json()["next"] or ""
        assert len({each["key"] for each in found}) == len(found) == 250
        assert [each[field] for each in found] == sorted((each[field] for each in found), reverse=True)
        for after in ("x", "1", "1.2.3", "9" * 19, "\0"):
            assert api.get(path, params={"after": after}).status_code == 404
