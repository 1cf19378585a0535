"""Programs read papers, topics, previews and the status as pages and commands show them, page by page."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event
from support.api_site import PAPERS, ApiClient, api_client, with_web
from support.service import ingest_page, run_notifier
from support.web_site import AT_EIGHT, BASE_URL, database_content, serve_pages

from notifier import curation
from notifier.config import Config
from notifier.curation import PinRequest
from notifier.models import Scope
from notifier.store import hidden_papers, tables, writing

TITLES = [f"Quantization of Models of Size {number}" for number in range(70)]


@pytest.fixture
def papers(engine: Engine, config: Config) -> None:
    ingest_page(engine, config.base, TITLES, now=AT_EIGHT)


@pytest.fixture
def api(engine: Engine, config: Config, papers: None) -> ApiClient:  # noqa: ARG001
    return api_client(engine, config)


def all_keys(api: ApiClient, path: str) -> list[str]:
    """Follow the links from page to page, and return the keys of all papers."""
    return [paper["key"] for paper in all_papers(api, path)]


def all_papers(api: ApiClient, path: str) -> list[dict[str, Any]]:
    """Follow the links from page to page, and return all papers."""
    papers: list[dict[str, Any]] = []
    while path:
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.links.get("next", {}).get("url") == answer.json()["next"]
        papers += answer.json()["papers"]
        path = answer.json()["next"] or ""
    return papers


LISTS = [
    f"{PAPERS}?query=quantization",
    f"{PAPERS}?query=quantization&order=trending",
    f"{PAPERS}?query=quantization&order=relevance",
    PAPERS,
    f"{PAPERS}?listed=2026-07-06&order=newest",
    f"{PAPERS}?listed=2026-W28",
    f"{PAPERS}?listed=2026-07",
    f"{PAPERS}/trending",
    "/api/v1/topics/all/papers",
    "/api/v1/topics/all/papers?order=trending",
]


def test_the_links_lead_through_every_list_and_show_each_paper_once(api: ApiClient) -> None:
    for path in LISTS:
        keys = all_keys(api, path)
        assert len(keys) == len(set(keys)) == len(TITLES), path


def test_links_are_absolute_only_with_a_base_url(engine: Engine, config: Config, papers: None) -> None:  # noqa: ARG001
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = api_client(engine, config).get(PAPERS, headers=forged)
    assert answer.json()["next"].startswith(f"{BASE_URL}/api/v1/papers?")
    assert answer.json()["papers"][0]["web_url"].startswith(f"{BASE_URL}/paper/")
    answer = api_client(engine, with_web(config, base_url="")).get(PAPERS, headers=forged)
    assert answer.json()["next"].startswith("/api/v1/papers?")
    assert answer.json()["papers"][0]["web_url"] is None
    assert "evil" not in answer.text


def test_a_search_marks_what_matches(api: ApiClient) -> None:
    (paper,) = api.get(PAPERS, params={"query": '"size 7"'}).json()["papers"]
    assert paper["title"] == "Quantization of Models of Size 7"
    ((start, end),) = paper["spans"]["title"]
    assert paper["title"][start:end] == "Size 7"


def test_a_former_key_shows_the_paper_that_it_was_merged_into(engine: Engine, api: ApiClient) -> None:
    paper = api.get(PAPERS).json()["papers"][0]
    with writing(engine) as connection:
        connection.execute(tables.paper_alias.insert().values(old_id=99, old_key="cs/0309040", paper_id=1))
    answer = api.get(f"{PAPERS}/cs/0309040")
    assert answer.json()["key"] == paper["key"]
    assert answer.json()["former_keys"] == ["cs/0309040"]
    assert answer.headers["Content-Location"] == f"{BASE_URL}/api/v1/papers/{paper['key']}"
    assert answer.json()["listings"][0]["listed_on"] == "2026-07-06"
    assert api.get(f"{PAPERS}/cs%2F0309040").json() == answer.json()


def test_a_hidden_paper_is_in_no_list_and_is_gone(engine: Engine, api: ApiClient) -> None:
    key = api.get(PAPERS).json()["papers"][0]["key"]
    with writing(engine) as connection:
        hidden_papers.hide(connection, 1, AT_EIGHT)
    answer = api.get(f"{PAPERS}/{key}")
    assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")
    for path in LISTS:
        assert key not in all_keys(api, path), path
    assert key not in api.get("/api/v1/preview?query=models&limit=100").text


def test_a_pinned_paper_has_its_note_alone_and_first_on_its_day(engine: Engine, api: ApiClient) -> None:
    key = all_keys(api, PAPERS)[-1]
    curation.pin(engine, "", key, PinRequest(AT_EIGHT.date(), "Read <this>.", "Ann"), AT_EIGHT)
    pin = {"day": "2026-07-06", "note": "Read <this>.", "name": "Ann"}
    for listed, expected in (("2026-07-06", pin), ("2026-W28", None)):
        papers = all_papers(api, f"{PAPERS}?listed={listed}")
        assert [paper["pin"] for paper in papers if paper["key"] == key] == [expected]
        assert sum(paper["pin"] is not None for paper in papers) == (expected is not None)
    assert api.get(PAPERS).json()["papers"][0]["key"] == key
    assert api.get(f"{PAPERS}/{key}").json()["pin"] == pin
    curation.pin(engine, "", key, PinRequest(AT_EIGHT.date() + timedelta(days=9), "Later.", "Ann"), AT_EIGHT)
    assert api.get(f"{PAPERS}/{key}").json()["pin"] is None


def test_a_topic_has_the_papers_that_the_command_counts(api: ApiClient) -> None:
    topics = {each["slug"]: each for each in api.get("/api/v1/topics").json()["topics"]}
    slug = "quantization"
    assert api.get(f"/api/v1/topics/{slug}").json() == topics[slug]
    assert topics[slug]["papers"] == len(TITLES)


@pytest.mark.slow
def test_preview_and_status_are_the_documents_of_the_commands(config: Config, api: ApiClient) -> None:
    def printed(*arguments: str) -> Any:
        now = "--now", AT_EIGHT.isoformat()
        done = run_notifier(*arguments, "--json", *now, "--config", config.base / "config.toml", cwd=config.base)
        return json.loads(done.stdout.replace("+00:00", "Z"))

    query = {"query": "models -survey", "limit": "3"}
    assert api.get("/api/v1/preview", params=query).json() == printed("preview", "models -survey", "--limit", "3")
    assert api.get("/api/v1/status").json() == printed("status")


WRONG = [
    ("/api", 404),
    ("/api/", 404),
    ("/api/v2/papers", 404),
    ("/api/%0A", 404),
    ("/api/v1/topics/a%0Ab", 404),
    ("/api/v1/papers/2401.99999", 404),
    ("/api/v1/papers/%00", 404),
    ("/api/v1/topics/nothing", 404),
    ("/api/v1/topics/trending/papers", 404),
    (f"{PAPERS}?listed=2026-02-31", 404),
    (f"{PAPERS}?listed=today", 422),
    (f"{PAPERS}?q=models", 422),
    (f"{PAPERS}?query=models&query=bees", 422),
    (f"{PAPERS}?query=", 422),
    (f"{PAPERS}?query=(models", 422),
    (f"{PAPERS}?query=topic:nothing", 422),
    (f"{PAPERS}?query=models&listed=2026-07", 422),
    (f"{PAPERS}?query=models&order=best", 422),
    (f"{PAPERS}?order=relevance", 422),
    ("/api/v1/preview", 422),
    ("/api/v1/preview?query=a&days=0", 422),
    ("/api/v1/preview?query=%E2%80%AE%00", 422),
]


def test_every_error_is_a_problem_document(api: ApiClient) -> None:
    for path, status in WRONG:
        answer = api.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
        found = answer.json()
        assert (found["status"], found["type"]) == (status, "about:blank")
        assert found["title"]
        assert found["detail"].endswith((".", ")", ";"))


def test_the_place_of_an_error_in_a_query_is_told(api: ApiClient) -> None:
    found = api.get(PAPERS, params={"query": "models AND AND"}).json()
    assert found["errors"] == [{"where": ["query"], "detail": found["errors"][0]["detail"], "column": 8}]


HOSTILE_MARKS = [
    "x",
    "-1",
    "1.2.3.4.5.6.7",
    "1." * 60,
    "9" * 19,
    "1.-1.1.0.1",
    "0.0.9",
    "' OR 1=1",
    "\0",
    "é",
    "1.99.99999",
]


def test_a_mark_that_no_list_gave_is_answered_with_a_page_or_a_problem(api: ApiClient) -> None:
    for path, after in product(
        (PAPERS, f"{PAPERS}?query=models", f"{PAPERS}/trending", "/api/v1/topics/all/papers"), HOSTILE_MARKS
    ):
        answer = api.get(path, params={**dict(httpx.URL(path).params), "after": after})
        assert answer.status_code in (200, 404, 422), (path, after, answer.text)


def test_methods_that_a_path_does_not_take_are_refused_with_those_that_it_takes(api: ApiClient) -> None:
    answer = api("DELETE", PAPERS)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["content-type"] == "application/problem+json"
    answer = api("OPTIONS", PAPERS)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, HEAD, OPTIONS", b"")


def test_a_client_that_has_the_answer_gets_304(api: ApiClient) -> None:
    first = api.get(PAPERS)
    again = api.get(PAPERS, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ratelimit"]
    assert api.get(PAPERS, headers={"If-None-Match": '"other"'}).status_code == 200


def test_304_has_the_headers_that_caches_need(api: ApiClient) -> None:
    path = f"{PAPERS}/{api.get(PAPERS).json()['papers'][0]['key']}"
    first = api.get(path)
    again = api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    for name in ("ETag", "Content-Location", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]


def test_head_and_gzip_over_a_real_connection(engine: Engine, config: Config, papers: None) -> None:  # noqa: ARG001
    token = api_client(engine, config).token
    with serve_pages(engine, config) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        got, head = client.get(PAPERS), client.head(PAPERS)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
        with client.stream("GET", PAPERS, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert gzip.decompress(b"".join(answer.iter_raw())) == got.content
        assert "content-encoding" not in client.get(PAPERS, headers={"Accept-Encoding": "gzip;q=0"}).headers
        assert client.post(PAPERS, content=b"x" * 100_000).status_code == 405


def test_get_changes_nothing(engine: Engine, api: ApiClient) -> None:
    api.get(PAPERS)  # stores the first use of the token, and takes requests from the count
    before = database_content(engine)
    for path in (PAPERS, "/api/v1/status", "/api/v1/days", f"{PAPERS}?query=models"):
        api.get(path), api("HEAD", path)
    lines = set(before.splitlines()) ^ set(database_content(engine).splitlines())
    assert all(line.startswith("usage_count: ") for line in lines), lines


def test_a_database_that_does_not_answer_is_a_problem_with_retry_after(engine: Engine, api: ApiClient) -> None:
    api.get(PAPERS)
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE listing RENAME TO gone")
    answer = api.get(f"{PAPERS}?listed=2026-07")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "listing" not in answer.text


def test_an_error_of_the_program_is_a_problem_that_tells_nothing(
    engine: Engine, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    api = api_client(engine, config)
    monkeypatch.setattr("notifier.web.api.status.service_status", fail)
    answer = api.get("/api/v1/status")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]


def test_only_papers_and_topics_may_be_opened_to_everybody(engine: Engine, config: Config) -> None:
    closed = api_client(engine, config, ())
    opened = api_client(engine, with_web(config, public_api=True), ())
    for path in (PAPERS, "/api/v1/topics", "/api/v1/days", f"{PAPERS}/trending"):
        assert (closed.get(path).status_code, opened.get(path).status_code) == (401, 200), path
        assert opened.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert opened.get("/api/v1/status").status_code == 401


def test_a_wrong_token_is_refused(engine: Engine, config: Config) -> None:
    api = api_client(engine, config)
    for sent in ["Bearer", "Bearer ", "Basic eDp5", "Bearer notifier_" + "a" * 43, "x" * 5000, "\x7f"]:
        answer = api.get(PAPERS, headers={"Authorization": sent})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_may_do_only_what_its_scopes_say(engine: Engine, config: Config) -> None:
    answer = api_client(engine, config, [Scope.READ_STATUS]).get(PAPERS)
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="read:papers"'


def test_requests_are_limited_and_the_headers_say_so(
    engine: Engine, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.web.api.access.BY_TOKEN", 100)
    now = [AT_EIGHT]
    api = api_client(engine, config, clock=lambda: now[0])
    other = ApiClient(api_client(engine, config, clock=lambda: now[0]).application, api.token)
    answers = [(api, other)[number % 2].get("/api/v1/days") for number in range(110)]
    statuses = [each.status_code for each in answers]
    assert 90 <= statuses.count(200) <= 100, "what one service has taken, the other does not get"
    refused = answers[-1]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert refused.headers["ratelimit"] == '"hour";r=0;t=3600'
    assert refused.headers["ratelimit-policy"] == '"hour";q=100;w=3600'
    assert answers[0].headers["ratelimit"] == '"hour";r=99;t=3600'
    now[0] += timedelta(hours=1)
    assert api.get("/api/v1/days").status_code == 200


def test_few_requests_write_to_the_database(engine: Engine, config: Config) -> None:
    api = api_client(engine, config)
    written: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: written.append(given[2]))
    for _ in range(60):
        assert api.get("/api/v1/days").status_code == 200
    assert sum(each.startswith(("INSERT", "UPDATE")) for each in written) <= 8


def test_the_documents_show_every_operation(engine: Engine, config: Config) -> None:
    api = api_client(engine, config, ())
    document, page = api.get("/openapi.json").json(), api.get("/docs")
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": BASE_URL}]
    assert "servers" not in api_client(engine, with_web(config, base_url=""), ()).get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_api_is_also_at_the_path_of_the_base_url(engine: Engine, config: Config) -> None:
    api = api_client(engine, with_web(config, base_url="https://example.org/digests"))
    for root in ("", "/digests"):
        assert api.get(f"{root}/api/v1/days").status_code == 200
        assert api.get(f"{root}/api/x").headers["content-type"] == "application/problem+json"
        assert api.get(f"{root}/openapi.json").json()["servers"] == [{"url": "https://example.org/digests"}]
    assert api.get("/apiary").headers["content-type"].startswith("text/html")
