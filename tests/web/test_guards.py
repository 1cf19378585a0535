"""Guards before every page: security headers, a limit for bodies, and refusals of forms from other sites.

The tests also cover forged hosts, and what visitors see when a template or the database fails.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import httpx
import pytest
from lxml import html
from sqlalchemy import Engine
from support.visitors import mails_soon
from support.web_site import (
    BASE_URL,
    FORM,
    database_content,
    deliver_first_mail,
    send_raw_request,
    serve_pages,
    stored_ann,
    unsubscribe_path,
    write_config,
)

from notifier.config import Config
from notifier.models import SubscriberState
from notifier.store.engine import connect
from notifier.web.guards import MAX_BODY


@pytest.fixture
def path(engine: Engine, config: Config) -> str:
    """Return the path of the page that stops all mail, to which Ann's first mail links."""
    return unsubscribe_path(deliver_first_mail(engine, config, "quantization"))


def assert_secured(answer: httpx.Response) -> None:
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and "script-src" not in policy
    assert policy["frame-ancestors"] == "'none'" and policy["base-uri"] == "'none'"
    assert policy["style-src"] == "'self'" and policy["form-action"] == "'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


def test_every_answer_has_the_security_headers(client: httpx.Client, path: str) -> None:
    answers = {
        200: client.get(path),
        404: client.get("/nowhere"),
        405: client.put(path),
        413: client.post(path, content=b"x" * (MAX_BODY + 1)),
        403: client.post(path, headers={"Origin": "https://evil.example"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert_secured(answer)
        assert answer.headers["cache-control"] == "no-store"
    for answer in (client.head(path), client.get("/healthz"), client.get("/style.css"), client.post("/style.css")):
        assert_secured(answer)


def test_no_page_contains_a_script_or_an_inline_style(client: httpx.Client, path: str) -> None:
    for answer in (client.get(path), client.get("/nowhere"), client.post(path), client.get(path)):
        page = html.document_fromstring(answer.text)
        assert page.xpath("//script | //style | //@style | //@*[starts-with(name(), 'on')]") == []
        assert page.xpath("//@src | //link/@href") == ["/style.css"]


def test_the_url_of_the_stylesheet_starts_with_the_path_of_the_base_url(engine: Engine, tmp_path: Path) -> None:
    with serve_pages(engine, write_config(tmp_path, base_url="https://example.org/papers/")) as client:
        page = html.document_fromstring(client.get("/nowhere").text)
        # A reverse proxy removes /papers before it passes the request on.
        assert page.xpath("//link/@href") == ["/papers/style.css"]


def test_the_stylesheet_loads_no_other_files(client: httpx.Client) -> None:
    answer = client.get("/style.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "@import" not in answer.text and "url(" not in answer.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://papers.example.org", "https://papers.example.org:8443"]
)
def test_a_form_of_another_origin_is_refused(engine: Engine, client: httpx.Client, path: str, origin: str) -> None:
    before = database_content(engine)
    assert client.post(path, headers={"Origin": origin}).status_code == 403
    assert database_content(engine) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("origin", ["null", "https://papers.example.org"])
def test_a_form_is_refused_if_the_browser_says_that_it_comes_from_another_site(
    engine: Engine, client: httpx.Client, path: str, site: str, origin: str
) -> None:
    before = database_content(engine)
    assert client.post(path, headers={"Origin": origin, "Sec-Fetch-Site": site}).status_code == 403
    assert database_content(engine) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://papers.example.org"},
        {"Origin": "https://papers.example.org", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://www.papers.example.org", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_form_and_clients_that_are_not_browsers_are_served(
    engine: Engine, client: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    assert client.post(path, headers=headers).status_code == 200
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_no_answer_contains_a_forged_host(client: httpx.Client, path: str) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    for requested in (path, f"{path}/", "/nowhere", "/style.css", "/healthz", "/unsubscribe/x"):
        answer = client.get(requested, headers=forged)
        assert "evil" not in answer.text and "evil" not in str(answer.headers)
        assert answer.status_code in (200, 404), "the answer is never a redirect"


def test_a_body_of_the_largest_allowed_size_is_accepted(engine: Engine, client: httpx.Client, path: str) -> None:
    assert client.post(path, content=b"x" * MAX_BODY).status_code == 200
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 10_000_000])
def test_a_larger_body_is_refused_with_and_without_a_content_length(
    engine: Engine, client: httpx.Client, path: str, size: int, method: str
) -> None:
    before = database_content(engine)
    chunks = (b"x" * min(8192, size - start) for start in range(0, size, 8192))
    for content in (b"x" * size, chunks):
        # The server closes the connection while the client still sends, so the client may never read the answer.
        with suppress(httpx.TransportError) if size > MAX_BODY + 1 else nullcontext():
            assert client.request(method, path, content=content).status_code == 413
    assert database_content(engine) == before


def test_a_body_that_is_too_large_is_refused_before_its_end(client: httpx.Client, path: str) -> None:
    chunk = b"%x\r\n" % MAX_BODY + b"x" * MAX_BODY + b"\r\n1\r\nx\r\n"
    head = (f"POST {path} HTTP/1.1", "Host: papers.example.org", "Transfer-Encoding: chunked")
    assert send_raw_request(client, *head, body=chunk).startswith(b"HTTP/1.1 413 ")


def test_the_description_of_the_api_has_no_page(client: httpx.Client) -> None:
    assert client.get("/redoc").status_code == 404
    assert not [path for path in client.get("/openapi.json").json()["paths"] if not path.startswith("/api/")]


def test_a_failing_template_gives_a_500_that_reveals_nothing_about_it(
    engine: Engine, path: str, tmp_path: Path
) -> None:
    (tmp_path / "templates" / "web").mkdir(parents=True)
    (tmp_path / "templates" / "web" / "unsubscribe.html.j2").write_text("{{ nothing.like.it }}", encoding="utf-8")
    with serve_pages(engine, write_config(tmp_path, mail='templates = "templates"')) as client:
        answer = client.get(path)
    assert answer.status_code == 500 and "nothing" not in answer.text and "j2" not in answer.text
    assert_secured(answer)


@pytest.fixture(params=["sqlite:///{}/broken.db", "postgresql+psycopg://nobody@127.0.0.1:1/nothing"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Return the engine of a store whose file is not a database, or whose server is down."""
    (tmp_path / "broken.db").write_bytes(b"this is not a database" * 100)
    engine = connect(request.param.format(tmp_path))
    yield engine
    engine.dispose()


def test_while_the_database_fails_every_page_answers_503_with_retry_after(
    broken: Engine, config: Config, path: str
) -> None:
    with serve_pages(broken, config) as client:
        for answer in (client.get(path), client.post(path)):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
            assert "Please try again in a minute" in answer.text
            assert_secured(answer)


def test_healthz_says_whether_the_database_answers(client: httpx.Client, config: Config, broken: Engine) -> None:
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
    assert client.head("/healthz").status_code == 200
    with serve_pages(broken, config) as failing:
        assert failing.get("/healthz").status_code == 503
        assert failing.head("/healthz").status_code == 503
        assert failing.get("/style.css").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", BASE_URL), ("Origin", "https://evil.example")],
        [("Origin", "https://evil.example"), ("Origin", BASE_URL)],
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "same-origin, cross-site")],
        [("Sec-Fetch-Site", "Cross-Site")],
        [("Origin", "")],
        [("Origin", "null")],
        [("Origin", "null"), ("Sec-Fetch-Site", "none")],
        [("Origin", "null"), ("Origin", BASE_URL), ("Sec-Fetch-Site", "same-origin")],
    ],
)
def test_a_header_that_no_browser_sends_for_our_pages_proves_nothing(
    client: httpx.Client, path: str, headers: list[tuple[str, str]]
) -> None:
    assert client.post(path, headers=headers).status_code == 403


def test_a_form_that_is_cut_off_is_not_taken_for_a_whole_one(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    head = ("POST /subscribe HTTP/1.1", "Host: x", f"Content-Type: {FORM['Content-Type']}", "Content-Length: 40")
    address = (client.base_url.host, client.base_url.port or 0)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall("\r\n".join((*head, "", "email=ann@example.co")).encode())
    client.post("/subscribe", data={"email": "bob@example.net", "topic": "trending"})
    recipients = {str(mail["To"]) for mail in mails_soon(engine, config)}
    assert recipients == {"bob@example.net"}
