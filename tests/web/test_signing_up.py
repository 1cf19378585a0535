"""Signing up on the pages: the form and its preview, errors at their fields, and the same answer to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.service import add_listings, add_subscriber, ingest_page
from support.visitors import TYPED, form_to, link_path, mails_soon, parsed, shown
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    database_content,
    deliver_and_read_mails,
    serve_pages,
    stored_ann,
    write_config,
)

from notifier.config import Config
from notifier.models import Cadence, Listing, SubscriberState
from notifier.subscribers import Action, SignUp, within_limits
from notifier.topics import catalogue_of

LARGEST = 30_000  # bytes of the page for signing up and all that it loads, gzipped


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    ingest_page(engine, config.base, ["Quantization of Large Models", "Graph Search at Scale"], now=AT_EIGHT)
    with serve_pages(engine, config) as client:
        yield client


def test_previews_are_limited_however_they_are_asked_for(client: httpx.Client, engine: Engine) -> None:
    def statuses() -> list[int]:
        shown = client.get("/subscribe?words=graph")
        return [shown.status_code, client.post("/subscribe", data={"words": "graph", "do": "preview"}).status_code]

    assert statuses() == [200, 200]
    while within_limits(engine, Action.PREVIEW, "", "127.0.0.1", AT_EIGHT):
        pass
    assert statuses() == [429, 429]
    assert client.get("/subscribe?topic=all").status_code == 200


def test_the_first_page_shows_the_box_over_the_papers_of_the_newest_day(client: httpx.Client) -> None:
    answer = client.get("/")
    assert parsed(answer).xpath("string(//h1)") == "Get trending papers in your email inbox once a day!"
    assert parsed(answer).xpath("//h2/text()") == ["Papers of 6 July 2026"]
    assert parsed(answer).xpath("//h3/a/text()") == ["Quantization of Large Models", "Graph Search at Scale"]
    assert dict(form_to(answer, "/subscribe").fields)["topic"] == "trending"


def test_without_a_base_url_the_first_page_shows_papers_and_nobody_can_sign_up(engine: Engine, tmp_path: Path) -> None:
    with serve_pages(engine, write_config(tmp_path, base_url="")) as client:
        assert "No papers have come in yet" in shown(client.get("/"))
        assert parsed(client.get("/")).forms == []
        for path in ("/subscribe", "/sign-in", "/subscribe/embed"):
            assert client.get(path).status_code == 404
        assert client.post("/subscribe", data=TYPED).status_code == 404


def test_the_form_offers_every_topic_with_its_description_and_volume(client: httpx.Client) -> None:
    page = parsed(client.get("/subscribe"))
    labels = [" ".join(label.text_content().split()) for label in page.xpath("//label[@class='topic']")]
    assert len(labels) == len(catalogue_of(Config()).topics) + 3, "and the three reserved topics"
    assert labels[0].startswith("Trending up to 10 a day") and labels[-1].startswith("All papers about 2 a week")
    assert any(label.startswith("Quantization") and "Fewer bits for weights" in label for label in labels)
    assert page.xpath("//input[@name='topic'][@checked]/@value") == ["trending"]


def test_the_form_is_filled_in_from_the_address_of_the_page(client: httpx.Client) -> None:
    page = parsed(client.get("/subscribe", params={"topic": "vision", "words": '"graph search"'}))
    assert page.xpath("//input[@name='topic'][@checked]/@value") == ["vision"]
    assert page.xpath("//input[@name='words']/@value") == ['"graph search"']


def test_a_preview_says_how_many_papers_and_which(client: httpx.Client) -> None:
    fields = TYPED | {"words": "quantization, graph search", "do": "preview"}
    for answer in (client.post("/subscribe", data=fields), client.post("/subscribe/preview", data=fields)):
        text = " ".join(parsed(answer).text_content().split())
        assert "2 papers in the last day, about 2 a week" in text
        assert "Quantization of Large Models" in text
        assert answer.status_code == 200
    assert parsed(client.post("/subscribe", data=fields)).xpath("//input[@name='words']/@value") == [fields["words"]]


def test_a_preview_names_older_papers_that_came_in_lately(client: httpx.Client, engine: Engine) -> None:
    day = AT_EIGHT.date() - timedelta(days=80)
    add_listings(engine, "old", day, Listing(1, "Graph Search of Spring"), Listing(2, "Trees of Spring"), now=AT_EIGHT)

    def said(words: str) -> str:
        answer = client.post("/subscribe/preview", data={"words": words})
        return " ".join(parsed(answer).text_content().split())

    assert "1 paper in the last 30 days, less than 1 a week, and 1 older one that came in lately" in said("graph")
    assert "No paper in the last 30 days, but 1 older one that came in lately" in said("trees")
    assert "Trees of Spring" in said("trees")


def test_a_comma_list_is_no_mistake(client: httpx.Client) -> None:
    page = parsed(client.post("/subscribe/preview", data={"words": "quantization, graph"}))
    assert not any("ommas" in hint for hint in page.xpath("//ul[@class='tips']/li/text()"))


def test_a_preview_sends_and_stores_nothing(client: httpx.Client, engine: Engine, config: Config) -> None:
    before = without_limits(engine)
    client.post("/subscribe", data=TYPED | {"do": "preview"})
    client.post("/subscribe/preview", data=TYPED)
    assert without_limits(engine) == before
    assert deliver_and_read_mails(engine, config) == []


def without_limits(engine: Engine) -> list[str]:
    """Return the database without the rows that count requests."""
    return [line for line in database_content(engine).splitlines() if "usage_count" not in line]


def test_a_preview_gives_hints_and_marks_the_words(client: httpx.Client) -> None:
    page = parsed(client.post("/subscribe/preview", data={"words": "quantizaton or graph"}))
    hints = page.xpath("//ul[@class='tips']/li/text()")
    assert any("did you mean quantization?" in hint for hint in hints)
    assert any("write OR, or else" in hint for hint in hints)
    marked = parsed(client.post("/subscribe/preview", data={"words": "graph"})).xpath("//*[@class='mark']/text()")
    assert marked == ["Graph"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "", "Write your email address."),
        ("email", "ann", "is not an email address"),
        ("email", "ann@exa mple.org", "is not an email address"),
        ("words", '"open phrase', "quot"),
        ("words", "-survey", ""),
        ("name", "x" * 101, "at most 100 characters"),
        ("timezone", "Mars/Olympus", "is unknown"),
        ("hour", "25:00", "is not a time of day"),
        ("weekday", "someday", "is unknown"),
        ("cadence", "hourly", "Choose how often"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    client: httpx.Client, engine: Engine, field: str, value: str, words: str
) -> None:
    before = database_content(engine)
    answer = client.post("/subscribe", data=TYPED | {"topic": "vision", "name": "Mine", field: value})
    page = parsed(answer)
    assert answer.status_code == 422
    assert page.xpath("//title/text()")[0].startswith("Error: ")
    (wrong,) = page.xpath("//*[@aria-invalid]")
    assert wrong.get("name") == field
    (note,) = [page.get_element_by_id(each) for each in wrong.get("aria-describedby").split() if "wrong" in each]
    assert words in note.text_content()
    assert page.xpath("//*[@role='alert']//a/@href") == [f"#{field}"]
    kept = TYPED | {"name": "Mine", field: value}
    for name in ("email", "words", "name"):
        assert page.xpath(f"//input[@name='{name}']/@value") == [kept[name]]
    assert page.xpath("//input[@name='topic'][@checked]/@value") == ["vision"]
    assert database_content(engine) == before


def test_the_place_of_an_error_in_a_query_is_shown(client: httpx.Client) -> None:
    page = parsed(client.post("/subscribe", data=TYPED | {"words": "graph, (tree"}))
    typed = page.xpath("//p[@class='typed']")[0]
    assert typed.text_content() in ("graph, (tree", "graph, (tree ")
    assert len(typed.xpath("span")) == 1


def test_a_sign_up_is_confirmed_by_a_link_in_a_mail(client: httpx.Client, engine: Engine, config: Config) -> None:
    fields = TYPED | {"topic": "vision", "cadence": "weekly", "weekday": "friday", "hour": "07:30"}
    answer = client.post("/subscribe", data=fields | {"timezone": "Europe/Berlin"})
    assert (answer.status_code, ANN in shown(answer)) == (200, True)
    (mail,) = mails_soon(engine, config)
    path = link_path(mail, "/confirm/")
    before = database_content(engine)
    asked = client.get(path)
    assert "quantization" in shown(asked) and "Vision" in shown(asked)
    assert "every Friday at 07:30 (Europe/Berlin)" in shown(asked)
    assert client.head(path).status_code == 200
    assert database_content(engine) == before
    assert "You are subscribed" in shown(client.post(path))
    ann = stored_ann(engine)
    assert (ann.state, ann.cadence, ann.weekday, ann.hour) == (SubscriberState.ACTIVE, Cadence.WEEKLY, 4, "07:30")
    assert {each.topic or each.query for each in ann.subscriptions} == {"vision", "quantization"}


def test_a_comma_list_with_a_name_becomes_one_subscription(
    client: httpx.Client, engine: Engine, config: Config
) -> None:
    client.post("/subscribe", data=TYPED | {"words": 'graph search, "tree search"', "name": "Searching"})
    client.post(link_path(mails_soon(engine, config)[0], "/confirm/"))
    (one,) = stored_ann(engine).subscriptions
    assert (one.name, one.label) == ("Searching", "Searching")
    assert one.query == 'graph search OR "tree search"'


def test_known_and_unknown_addresses_get_the_same_answer(client: httpx.Client, engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), confirmed=True))
    add_subscriber(engine, SignUp("pending@example.org", ("quantization",)))
    for path in ("/subscribe", "/sign-in"):
        answers = [
            client.post(path, data=TYPED | {"email": email})
            for email in (ANN, "pending@example.org", "nobody@example.org")
        ]
        texts = {
            answer.text.replace(email, "X")
            for answer, email in zip(answers, (ANN, "pending@example.org", "nobody@example.org"), strict=True)
        }
        assert len(texts) == 1 and {answer.status_code for answer in answers} == {200}
        assert len({str(answer.url) for answer in answers}) == 1


def test_many_sign_ups_for_one_address_send_one_mail(client: httpx.Client, engine: Engine, config: Config) -> None:
    answers = {client.post("/subscribe", data=TYPED).status_code for _ in range(30)}
    assert answers <= {200, 429}
    assert len(mails_soon(engine, config)) == 1


def test_the_form_in_a_frame_is_off_unless_the_config_names_sites(
    client: httpx.Client, engine: Engine, tmp_path: Path
) -> None:
    assert client.get("/subscribe/embed").status_code == 404
    assert "iframe" not in client.get("/subscribe").text
    config = config_with_frames(tmp_path)
    with serve_pages(engine, config) as framed:
        for answer in (framed.get("/subscribe/embed"), framed.post("/subscribe/embed", data={"email": ANN})):
            assert answer.status_code == 200
            policy = answer.headers["content-security-policy"]
            assert policy.endswith("frame-ancestors https://group.example.org http://localhost:8080")
            assert "x-frame-options" not in answer.headers
        assert framed.post("/subscribe/embed", data={"email": "ann"}).status_code == 422
        assert "frame-ancestors 'none'" in framed.get("/subscribe").headers["content-security-policy"]
        assert framed.get("/subscribe").headers["x-frame-options"] == "DENY"
        snippet = parsed(framed.get("/subscribe")).xpath("string(//textarea)")
        assert f'<iframe src="{BASE_URL}/subscribe/embed"' in snippet
    (mail,) = mails_soon(engine, config)
    assert link_path(mail, "/confirm/")


def config_with_frames(folder: Path) -> Config:
    config = write_config(folder)
    web = config.web.model_copy(update={"embed": ("https://group.example.org", "http://localhost:8080")})
    changed = config.model_copy(update={"web": web})
    changed._base = config.base
    return changed


def test_the_page_for_signing_up_and_all_that_it_loads_are_small_and_zipped(client: httpx.Client) -> None:
    page = client.get("/subscribe")
    loaded = ["/subscribe", *parsed(page).xpath("//link/@href"), *parsed(page).xpath("//script/@src")]
    sizes = {}
    for path in loaded:
        with client.stream("GET", path) as answer:
            sizes[path] = len(b"".join(answer.iter_raw()))
            assert answer.headers.get("content-encoding") == "gzip" or sizes[path] < 1000
    assert len(loaded) == 4 and all(path.startswith("/") for path in loaded)
    assert sum(sizes.values()) < LARGEST, sizes


def test_a_field_with_markup_is_shown_as_text(client: httpx.Client) -> None:
    markup = '"><script>alert(1)</script>'
    answer = client.post("/subscribe", data=TYPED | {"words": markup, "name": markup, "email": markup})
    assert parsed(answer).xpath("//script[not(@src)]") == []
    assert parsed(answer).xpath("//input[@name='name']/@value") == [markup]


def test_another_encoding_of_a_form_and_very_many_fields_are_refused(client: httpx.Client) -> None:
    assert client.post("/subscribe", json=TYPED).status_code == 415
    many = "&".join(f"topic=t{number}" for number in range(400))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/subscribe", content=many, headers=form).status_code == 400
