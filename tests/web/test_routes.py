"""Every route of the application, each with a request: GET and HEAD change nothing, and POST comes from our own pages.

A route that is not in the table here makes a test fail.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.service import add_subscriber
from support.visitors import TYPED, as_visitor, asked_session_token, link_path, mails_soon, parsed, session_token
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    database_content,
    deliver_and_read_mails,
    deliver_first_mail,
    serve_pages,
    urls_in,
    write_config,
)

from notifier.config import Config
from notifier.models import SubscriberState
from notifier.signing import Grant, LinkPurpose, sign
from notifier.store import papers, reading, subscribers
from notifier.store.engine import connect
from notifier.subscribers import SignUp, manage_grant, renew_private_feed, request_sign_in, request_sign_up
from notifier.web import make_app

NEW = "new@example.org"
# Rows that a GET may write: when a session was used last, and how many searches a network has asked for.
CHANGED_BY_READING = re.compile(r"^(session|usage_count): .*$", re.MULTILINE)

# The routes and what answers a GET of somebody who is not signed in: 200, or 303 to the page for signing in.
OPEN, SIGNED_IN = 200, 303
FOR_CURATORS = 404  # for everybody else, there is no such page; Ann is a curator
FOR_ADMINS = 404  # the same for administrators; Ann is one of them too
ROUTES = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/style.css"): OPEN,
    ("GET", "/scripts/{name}"): OPEN,
    ("GET", "/unsubscribe/{signed_id}"): OPEN,
    ("POST", "/unsubscribe/{signed_id}"): OPEN,
    ("POST", "/unsubscribe/{signed_id}/fewer"): OPEN,
    ("GET", "/"): OPEN,
    ("GET", "/papers"): OPEN,
    ("GET", "/papers/date/{day}"): OPEN,
    ("GET", "/papers/week/{week}"): OPEN,
    ("GET", "/papers/month/{month}"): OPEN,
    ("GET", "/papers/trending"): OPEN,
    ("GET", "/search"): OPEN,
    ("GET", "/robots.txt"): OPEN,
    ("GET", "/sitemap.xml"): OPEN,
    ("GET", "/sitemap/lists.xml"): OPEN,
    ("GET", "/sitemap/papers-{number}.xml"): OPEN,
    ("GET", "/subscribe"): OPEN,
    ("POST", "/subscribe"): OPEN,
    ("POST", "/subscribe/preview"): OPEN,
    ("GET", "/subscribe/embed"): OPEN,
    ("POST", "/subscribe/embed"): OPEN,
    ("GET", "/confirm/{signed_id}"): OPEN,
    ("POST", "/confirm/{signed_id}"): OPEN,
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("GET", "/sign-in/{signed_id}"): OPEN,
    ("POST", "/sign-in/{signed_id}"): OPEN,
    ("GET", "/manage/{signed_id}"): OPEN,
    ("POST", "/manage/{signed_id}"): OPEN,
    ("POST", "/confirm/{signed_id}/again"): OPEN,
    ("POST", "/sign-in/{signed_id}/again"): OPEN,
    ("POST", "/manage/{signed_id}/again"): OPEN,
    ("POST", "/sign-out"): OPEN,
    ("GET", "/manage"): SIGNED_IN,
    ("GET", "/manage/subscriptions"): SIGNED_IN,
    ("POST", "/manage/subscriptions"): SIGNED_IN,
    ("GET", "/manage/subscriptions/{subscription_id}"): SIGNED_IN,
    ("POST", "/manage/subscriptions/{subscription_id}"): SIGNED_IN,
    ("POST", "/manage/subscriptions/{subscription_id}/remove"): SIGNED_IN,
    ("POST", "/manage/subscriptions/{subscription_id}/move"): SIGNED_IN,
    ("POST", "/manage/schedule"): SIGNED_IN,
    ("POST", "/manage/pause"): SIGNED_IN,
    ("POST", "/manage/resume"): SIGNED_IN,
    ("POST", "/manage/address"): SIGNED_IN,
    ("GET", "/manage/data.json"): SIGNED_IN,
    ("GET", "/manage/delete"): SIGNED_IN,
    ("POST", "/manage/delete"): SIGNED_IN,
    ("POST", "/manage/unsubscribe"): SIGNED_IN,
    ("POST", "/manage/subscribe"): SIGNED_IN,
    ("GET", "/feeds"): OPEN,
    ("GET", "/feeds/search.{ending}"): OPEN,
    ("GET", "/feeds/private/{signed_id}.{ending}"): OPEN,
    ("GET", "/feeds/private/{signed_id}/{subscription_id}.{ending}"): OPEN,
    ("GET", "/manage/feeds"): SIGNED_IN,
    ("POST", "/manage/feeds"): SIGNED_IN,
    ("POST", "/manage/feeds/remove"): SIGNED_IN,
    ("GET", "/manage/feeds.opml"): SIGNED_IN,
    ("GET", "/digests"): SIGNED_IN,
    ("GET", "/digests/{digest_id}"): SIGNED_IN,
    ("GET", "/digests/view/{signed_id}"): OPEN,
    ("GET", "/vote/{signed_id}/{paper_id}"): OPEN,
    ("POST", "/vote/{signed_id}/{paper_id}"): OPEN,
    ("POST", "/reactions"): SIGNED_IN,
    ("GET", "/manage/reactions"): SIGNED_IN,
    ("POST", "/manage/reactions/forget"): SIGNED_IN,
    ("POST", "/manage/taste"): SIGNED_IN,
    ("GET", "/paper/{key}"): OPEN,
    ("GET", "/paper/{key}.bib"): OPEN,
    ("GET", "/paper/{key}.ris"): OPEN,
    ("GET", "/curation"): FOR_CURATORS,
    ("POST", "/curation/undo"): FOR_CURATORS,
    ("POST", "/curation/{action}"): FOR_CURATORS,
    ("GET", "/admin"): FOR_ADMINS,
    ("GET", "/admin/"): FOR_ADMINS,
    ("GET", "/admin/log"): FOR_ADMINS,
    ("GET", "/admin/deliveries"): FOR_ADMINS,
    ("POST", "/admin/deliveries/hold"): FOR_ADMINS,
    ("GET", "/admin/deliveries/{delivery_id}"): FOR_ADMINS,
    ("POST", "/admin/deliveries/{delivery_id}/retry"): FOR_ADMINS,
    ("POST", "/admin/deliveries/{delivery_id}/hold"): FOR_ADMINS,
    ("GET", "/admin/subscribers"): FOR_ADMINS,
    ("GET", "/admin/subscribers/add"): FOR_ADMINS,
    ("POST", "/admin/subscribers/add"): FOR_ADMINS,
    ("GET", "/admin/subscribers/import"): FOR_ADMINS,
    ("POST", "/admin/subscribers/import"): FOR_ADMINS,
    ("POST", "/admin/subscribers/export"): FOR_ADMINS,
    ("GET", "/admin/subscribers/reinstate"): FOR_ADMINS,
    ("POST", "/admin/subscribers/reinstate"): FOR_ADMINS,
    ("GET", "/admin/subscribers/{subscriber_id}"): FOR_ADMINS,
    ("POST", "/admin/subscribers/{subscriber_id}/{action}"): FOR_ADMINS,
    ("GET", "/admin/subscribers/{subscriber_id}/erase"): FOR_ADMINS,
    ("POST", "/admin/subscribers/{subscriber_id}/erase"): FOR_ADMINS,
    ("POST", "/admin/subscribers/{subscriber_id}/schedule"): FOR_ADMINS,
    ("POST", "/admin/subscribers/{subscriber_id}/subscriptions"): FOR_ADMINS,
    ("POST", "/admin/subscribers/{subscriber_id}/subscriptions/{subscription_id}"): FOR_ADMINS,
    ("POST", "/admin/subscribers/{subscriber_id}/subscriptions/{subscription_id}/remove"): FOR_ADMINS,
    ("GET", "/admin/quarantine"): FOR_ADMINS,
    ("POST", "/admin/quarantine/retry"): FOR_ADMINS,
    ("POST", "/admin/quarantine/drop"): FOR_ADMINS,
    ("GET", "/admin/quarantine/dump"): FOR_ADMINS,
    ("GET", "/admin/topics"): FOR_ADMINS,
    ("GET", "/admin/topics/add"): FOR_ADMINS,
    ("POST", "/admin/topics/add"): FOR_ADMINS,
    ("POST", "/admin/topics/preview"): FOR_ADMINS,
    ("GET", "/admin/topics/edit/{slug}"): FOR_ADMINS,
    ("POST", "/admin/topics/edit/{slug}"): FOR_ADMINS,
    ("GET", "/admin/topics/remove/{slug}"): FOR_ADMINS,
    ("POST", "/admin/topics/remove/{slug}"): FOR_ADMINS,
    ("POST", "/admin/topics/restore/{slug}"): FOR_ADMINS,
    ("GET", "/admin/sources"): FOR_ADMINS,
    ("POST", "/admin/sources/fetch"): FOR_ADMINS,
    ("GET", "/admin/tokens"): FOR_ADMINS,
    ("POST", "/admin/tokens"): FOR_ADMINS,
    ("POST", "/admin/tokens/{token_id}/revoke"): FOR_ADMINS,
    ("GET", "/topics"): OPEN,
    ("GET", "/topics/{slug}"): OPEN,
    ("GET", "/help/queries"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/docs"): OPEN,
}
# The answers other than 200 to somebody who is signed in. A dump is named in the query of the address; here is none.
OTHER_ANSWERS = {"/sign-in": 303, "/manage/{signed_id}": 303, "/admin": 308, "/admin/quarantine/dump": 404}
GETS = [path for method, path in ROUTES if method == "GET"]
POSTS = [path for method, path in ROUTES if method == "POST"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = write_config(tmp_path)
    web = config.web.model_copy(update={"embed": ("https://group.example.org",), "curators": (ANN,), "admins": (ANN,)})
    changed = config.model_copy(update={"web": web})
    changed._base = config.base
    return changed


@pytest.fixture
def links(engine: Engine, config: Config) -> dict[str, str]:
    """Return the path of each link in mails by the beginning of its path, and the ids of Ann's rows."""
    deliver_first_mail(engine, config, "quantization", "experts")
    request_sign_up(engine, config, SignUp(NEW, ("graph",)), AT_EIGHT)
    request_sign_in(engine, config, ANN, AT_EIGHT)
    mails = {mail["To"]: mail for mail in deliver_and_read_mails(engine, config)[1:]}
    with reading(engine) as connection:
        ann = subscribers.find(connection, ANN)
        (paper,) = papers.papers_by_id(connection, [1]).values()
    assert ann is not None
    key = (config.base / "secret.key").read_bytes().strip()
    return {
        "/unsubscribe/": "/unsubscribe/" + sign(key, Grant(LinkPurpose.UNSUBSCRIBE_ALL, ann.id)),
        "/manage/": "/manage/" + sign(key, manage_grant(ann, AT_EIGHT)),
        "/confirm/": link_path(mails[NEW], "/confirm/"),
        "/sign-in/": link_path(mails[ANN], "/sign-in/"),
        "/feeds/private/": "/feeds/private/" + sign(key, renew_private_feed(engine, ann.id, AT_EIGHT)),
        "/digests/view/": "/digests/view/" + sign(key, Grant(LinkPurpose.DIGEST, 1)),
        "/vote/": "/vote/" + sign(key, Grant(LinkPurpose.VOTE, 1)),
        "subscription": str(ann.subscriptions[0].id),
        "paper": paper.key,
    }


def path_of(route: str, links: dict[str, str]) -> str:
    """Return the path of a request for this route."""
    concrete = route.replace("{name}", "zone.js").replace("{subscription_id}", links["subscription"])
    for name in ("{delivery_id}", "{subscriber_id}", "{token_id}"):
        concrete = concrete.replace(name, "1")
    concrete = concrete.replace("{action}", "pin")
    concrete = concrete.replace("{day}", "2026-07-06").replace("{week}", "2026-W28").replace("{month}", "2026-07")
    concrete = (
        concrete.replace("{number}", "1")
        .replace("{paper_id}", "1")
        .replace("{digest_id}", "1")
        .replace("search.{ending}", "search.atom?q=quantization")
    )
    concrete = concrete.replace("{ending}", "rss").replace("{key}", links["paper"]).replace("{slug}", "quantization")
    start, signed, rest = concrete.partition("{signed_id}")
    return links[start] + rest if signed else concrete


def content(engine: Engine) -> str:
    """Return the database without what a GET may write."""
    return CHANGED_BY_READING.sub("", database_content(engine))


def test_every_route_of_the_application_is_in_the_table(engine: Engine, config: Config) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a route for GET and HEAD has one name for both
        paths = make_app(engine, config, lambda: AT_EIGHT).openapi()["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert found - {(method, path) for method, path in found if method == "HEAD"} == set(ROUTES)
    assert {path for method, path in found if method == "HEAD"} == set(GETS), "each GET answers HEAD too"


def test_get_and_head_change_nothing(engine: Engine, client: httpx.Client, links: dict[str, str]) -> None:
    before = content(engine)
    for route in GETS:
        assert client.get(path_of(route, links)).status_code == ROUTES["GET", route], route
    assert content(engine) == before
    as_visitor(client, asked_session_token(engine))
    before = content(engine)
    for route in GETS:
        answer, head = client.get(path_of(route, links)), client.head(path_of(route, links))
        assert answer.status_code == OTHER_ANSWERS.get(route, 200), route
        assert (head.status_code, head.content) == (answer.status_code, b""), route
        assert head.headers["content-security-policy"], route
        assert content(engine) == before, route


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}]
)
def test_a_post_from_another_site_is_refused_and_changes_nothing(
    engine: Engine, client: httpx.Client, links: dict[str, str], headers: dict[str, str]
) -> None:
    as_visitor(client, asked_session_token(engine))
    before = content(engine)
    for route in POSTS:
        assert client.post(path_of(route, links), data=TYPED, headers=headers).status_code == 403, route
    assert content(engine) == before


def test_without_a_session_nothing_can_be_changed(engine: Engine, client: httpx.Client, links: dict[str, str]) -> None:
    before = content(engine)
    for route in [path for path in POSTS if ROUTES["POST", path] == SIGNED_IN]:
        for cookie in ("", "x" * 43, "\xe9", "../../etc"):
            headers = [(b"cookie", f"__Host-session={cookie}".encode("latin-1"))] if cookie else []
            answer = client.post(path_of(route, links), data=TYPED, headers=headers)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), route
    assert content(engine) == before


@pytest.mark.usefixtures("links")
def test_a_wrong_id_or_a_wrong_link_is_not_found(engine: Engine, client: httpx.Client) -> None:
    as_visitor(client, asked_session_token(engine))
    before = content(engine)
    for route in [path for path in {**dict.fromkeys(GETS), **dict.fromkeys(POSTS)} if "{" in path]:
        for value in ("x", "0", "-1", "9" * 30, "1%20OR%201=1", "%00", "é", "a" * 5000):
            path = re.sub(r"\{\w+\}", value, route)
            answer = client.get(path) if route in GETS else client.post(path, data=TYPED)
            assert answer.status_code == 404, (route, value)
    assert content(engine) == before


def test_a_link_of_one_purpose_opens_no_page_of_another(client: httpx.Client, links: dict[str, str]) -> None:
    starts = ["/unsubscribe/", "/manage/", "/confirm/", "/sign-in/", "/digests/view/"]
    for purpose in starts:
        signed = links[purpose].removeprefix(purpose)
        for other in starts:
            assert client.get(other + signed).status_code == (200 if other == purpose else 404)


def test_no_page_holds_an_inline_script_or_style_or_loads_anything_from_elsewhere(
    engine: Engine, client: httpx.Client, links: dict[str, str]
) -> None:
    as_visitor(client, asked_session_token(engine))
    for route in GETS:
        answer = client.get(path_of(route, links))
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = parsed(answer)
        assert page.xpath("//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]") == [], route
        loaded = page.xpath("//script/@src | //link[not(@rel='canonical')]/@href | //img/@src")
        assert all(url.startswith("/") and not url.startswith("//") for url in loaded), route
        assert (page.xpath("//script") != []) == ("script-src" in answer.headers["content-security-policy"]), route


def test_every_link_and_form_of_every_page_leads_somewhere(
    engine: Engine, client: httpx.Client, links: dict[str, str]
) -> None:
    """A link is printed only if this version answers it."""
    as_visitor(client, asked_session_token(engine))
    known = {(method, re.sub(r"\{\w+\}", "[^/]+", path)) for method, path in ROUTES}
    known |= {("GET", r"/feeds/[a-z-]+\.(atom|rss|json)"), ("GET", "/feeds.opml")}  # see test_feeds
    for route in GETS:
        answer = client.get(path_of(route, links))
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = parsed(answer)
        asked = {("GET", url) for url in page.xpath("//a/@href | //link/@href | //script/@src")}
        asked |= {(form.method.upper(), form.action or answer.url.path) for form in page.forms}
        asked |= {("POST", url) for url in page.xpath("//@data-hx-post | //@formaction")}
        for method, url in asked:
            path = url.partition("?")[0].partition("#")[0]
            if path.startswith("/"):
                assert any(method == way and re.fullmatch(form, path) for way, form in known), (
                    f"{route}: {method} {url}"
                )


def test_no_page_has_the_forged_host_in_it(engine: Engine, client: httpx.Client, links: dict[str, str]) -> None:
    as_visitor(client, asked_session_token(engine))
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    for route in GETS:
        answer = client.get(path_of(route, links), headers=forged)
        assert "evil.example" not in answer.text + str(answer.headers), route


def test_a_sign_up_with_a_forged_host_gets_links_to_the_base_url(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    client.post("/subscribe", data=TYPED, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    (mail,) = mails_soon(engine, config)
    assert b"evil" not in mail.as_bytes()
    assert link_path(mail, "/confirm/")


@pytest.mark.usefixtures("links")
def test_every_link_in_a_mail_can_be_followed_by_a_scanner(
    engine: Engine, client: httpx.Client, config: Config
) -> None:
    before = content(engine)
    for mail in deliver_and_read_mails(engine, config):
        for url in urls_in(mail):
            if url.startswith(BASE_URL):
                assert client.get(url.removeprefix(BASE_URL)).status_code == 200
                assert client.head(url.removeprefix(BASE_URL)).status_code == 200
    assert content(engine) == before
    with reading(engine) as connection:
        new = subscribers.find(connection, NEW)
    assert new is None or new.state is SubscriberState.PENDING


def test_every_page_answers_503_while_the_database_fails(config: Config, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is not a database" * 100)
    broken = connect(f"sqlite:///{tmp_path}/broken.db")
    with serve_pages(broken, config) as client:
        as_visitor(client, "x" * 43)
        for path in ("/", "/subscribe", "/manage", "/digests"):
            assert client.get(path).status_code == 503
        assert client.post("/subscribe", data=TYPED).status_code == 503
    broken.dispose()


def test_two_subscribers_never_see_each_other(engine: Engine, client: httpx.Client, links: dict[str, str]) -> None:
    add_subscriber(engine, SignUp("bob@example.org", ("secret words",), confirmed=True))
    as_visitor(client, session_token(engine, "bob@example.org"))
    before = content(engine)
    for path in (f"/manage/subscriptions/{links['subscription']}", "/digests/1"):
        assert client.get(path).status_code == 404
    for end in ("", "/remove", "/move"):
        path = f"/manage/subscriptions/{links['subscription']}{end}"
        assert client.post(path, data={"words": "changed"}).status_code == 404
    assert content(engine) == before
    assert ANN not in client.get("/manage").text + client.get("/manage/data.json").text + client.get("/digests").text
