"""Votes and feedback by the buttons of pages and by the link of each paper in a mail."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Engine, text
from support.service import add_listings, add_subscriber
from support.stored_papers import all_papers
from support.visitors import as_visitor, parsed, session_token, shown
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    database_content,
    deliver_first_mail,
    serve_pages,
    stored_ann,
    urls_in,
    write_config,
)

from notifier import curation
from notifier.config import Config, secret_key
from notifier.models import Listing, SubscriberState
from notifier.signing import VOTE_PATH, Grant, LinkPurpose, redact_links, sign
from notifier.store import feedback, limits, reading, votes, writing
from notifier.subscribers import Action, SignUp, erase, set_taste, sign_out_everywhere
from notifier.subscribers.limiting import BY_ADDRESS
from notifier.web.sessions import PLAIN_NAME

BOB = "bob@example.org"


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> Engine:
    """Return an empty store in either database."""
    found: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return found


@pytest.fixture
def mail(engine: Engine, config: Config) -> EmailMessage:
    """Deliver a digest with two papers to Ann."""
    return deliver_first_mail(engine, config, "quantization", "experts")


@pytest.fixture
def link(mail: EmailMessage) -> str:
    """Return the path of the link for voting of the first paper in the mail."""
    return vote_paths(mail)[0]


@pytest.fixture
def signed_in(engine: Engine, client: httpx.Client, mail: EmailMessage) -> httpx.Client:
    """Return a client of Ann, who is signed in."""
    assert mail
    as_visitor(client, session_token(engine))
    return client


def vote_paths(mail: EmailMessage) -> list[str]:
    return [urlsplit(url).path for url in urls_in(mail) if url.startswith(BASE_URL + VOTE_PATH)]


def counts(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return [paper.votes for paper in all_papers(connection)]


def opinions(engine: Engine) -> list[tuple[int, bool]]:
    """Return Ann's feedback: the ids of papers, and whether she likes them."""
    with reading(engine) as connection:
        found = feedback.feedback_of(connection, [stored_ann(engine).id])
    return [(each.paper_id, each.liked) for some in found.values() for each in some]


def set_state(engine: Engine, state: str) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE subscriber SET state = :state"), {"state": state})


def key_of(engine: Engine, number: int = 0) -> str:
    with reading(engine) as connection:
        return all_papers(connection)[number].key


def press(client: httpx.Client, path: str, do: str) -> httpx.Response:
    return client.post(path, data={"do": do})


def test_a_link_scanner_that_follows_every_link_of_a_mail_changes_nothing(
    engine: Engine, client: httpx.Client, mail: EmailMessage
) -> None:
    paths = [url.removeprefix(BASE_URL) for url in urls_in(mail) if url.startswith(BASE_URL)]
    assert len(vote_paths(mail)) == 2
    before = database_content(engine)
    for path in paths:
        assert client.get(path).status_code == client.head(path).status_code == 200, path
    assert database_content(engine) == before


def test_the_link_in_a_mail_shows_the_paper_and_its_buttons_vote(
    engine: Engine, client: httpx.Client, link: str
) -> None:
    asked = client.get(link)
    assert "Quantization of Large Models" in parsed(asked).xpath("string(//h1)")
    assert "a…@example.org" in shown(asked) and ANN not in asked.text
    assert parsed(asked).xpath("//button/@value") == ["vote", "like", "dislike"]
    for do, done in [
        ("vote", "Your vote counts"),
        ("vote", "Your vote counts"),
        ("like", "papers like this one move up"),
    ]:
        assert done in parsed(press(client, link, do)).xpath("string(//main)")
    assert (counts(engine), opinions(engine)) == ([1, 0], [(1, True)])
    assert parsed(client.get(link)).xpath("//button/@value") == ["unvote", "forget", "dislike"]
    press(client, link, "dislike")
    assert opinions(engine) == [(1, False)]
    press(client, link, "forget")
    press(client, link, "unvote")
    assert (counts(engine), opinions(engine)) == ([0, 0], [])


def test_the_page_of_a_mail_promises_no_order_to_who_has_switched_it_off(
    engine: Engine, client: httpx.Client, link: str
) -> None:
    assert "order the papers of your own digests" in shown(client.get(link))
    set_taste(engine, stored_ann(engine).id, is_on=False)
    for do, done in [("like", "stored that you want more"), ("dislike", "stored that this paper is not for you")]:
        pressed = shown(press(client, link, do))
        assert done in pressed and "you have switched off that they order your digests" in pressed
        assert "move" not in pressed.replace("A vote moves", "") and "hide none" not in pressed


def test_every_paper_of_a_mail_shares_one_signed_id_that_logs_do_not_show(mail: EmailMessage) -> None:
    signed = {path.removeprefix(VOTE_PATH).split("/")[0] for path in vote_paths(mail)}
    assert len(signed) == 1
    assert all(signed.pop() not in redact_links(f"GET {path} HTTP/1.1") for path in vote_paths(mail)[:1])


def test_a_forged_or_foreign_link_is_refused_and_changes_nothing(
    engine: Engine, config: Config, client: httpx.Client, link: str
) -> None:
    add_listings(engine, "other", AT_EIGHT.date(), Listing(1, "A Paper That Ann Did Not Get"))
    key = secret_key(config)
    signed = link.removeprefix(VOTE_PATH).split("/")[0]
    forged = [
        (VOTE_PATH + signed[:-1] + "2/1", 404),  # another digest
        (VOTE_PATH + "A" * 24 + "v1/1", 404),
        (VOTE_PATH + sign(key, Grant(LinkPurpose.DIGEST, 1)) + "/1", 404),
        (VOTE_PATH + sign(b"another key" * 3, Grant(LinkPurpose.VOTE, 1)) + "/1", 404),
        (VOTE_PATH + sign(key, Grant(LinkPurpose.VOTE, 999)) + "/1", 410),  # the digest was removed
        (f"{VOTE_PATH}{signed}/3", 410),  # a paper that the digest does not hold
        *(
            (f"{VOTE_PATH}{signed}/{number}", 404)
            for number in ("-1", "1.0", "%00", "9" * 30, "9223372036854775808", "٣")
        ),
    ]
    before = database_content(engine)
    for path, status in forged:
        assert client.get(path).status_code == press(client, path, "vote").status_code == status, path
    assert database_content(engine) == before


@pytest.mark.parametrize("state", [state for state in SubscriberState if state is not SubscriberState.ACTIVE])
def test_only_active_subscribers_vote_and_the_others_get_a_plain_page(
    engine: Engine, client: httpx.Client, link: str, state: SubscriberState
) -> None:
    press(client, link, "vote")
    set_state(engine, state)
    asked = client.get(link)
    assert asked.status_code == 200 and parsed(asked).forms == []
    assert "vote and give feedback" in shown(asked)
    assert press(client, link, "like").status_code == 403
    as_visitor(client, session_token(engine))
    refused = client.post("/reactions", data={"paper": key_of(engine), "do": "like"})
    assert refused.status_code == 403 and "vote and give feedback" in shown(refused)
    assert "/reactions" not in client.get("/papers").text.replace("/manage/reactions", "")
    assert (counts(engine), opinions(engine)) == ([1, 0], [])
    assert press(client, link, "unvote").status_code == 200  # what was given can always be taken back
    assert counts(engine) == [0, 0]


def test_nobody_votes_for_a_hidden_paper_and_what_was_given_can_be_taken_back(
    engine: Engine, client: httpx.Client, link: str
) -> None:
    key, title = key_of(engine), "Quantization of Large Models"
    press(client, link, "vote")
    curation.hide(engine, ANN, key, AT_EIGHT)
    asked = client.get(link)
    assert asked.status_code == 410 and parsed(asked).forms == []
    assert title not in shown(asked) and "is hidden" in shown(asked)
    assert press(client, link, "like").status_code == 410
    as_visitor(client, session_token(engine))
    refused = client.post("/reactions", data={"paper": key, "do": "like"})
    assert refused.status_code == 410 and "has hidden this paper" in shown(refused)
    digest = client.get("/digests/1")
    assert title in shown(digest) and f'value="{key}"' not in digest.text
    own = client.get("/manage/reactions")
    assert "has hidden this paper" in shown(own) and f"/paper/{key}" not in own.text
    assert (counts(engine), opinions(engine)) == ([1, 0], [])
    back = press(client, link, "unvote")
    assert back.status_code == 200 and "taken back" in shown(back) and title not in shown(back)
    assert counts(engine) == [0, 0]
    curation.unhide(engine, ANN, key, AT_EIGHT)
    assert parsed(client.get(link)).xpath("//button/@value") == ["vote", "like", "dislike"]


def test_links_end_with_signing_out_everywhere_and_with_erasing(
    engine: Engine, client: httpx.Client, link: str
) -> None:
    press(client, link, "vote")
    sign_out_everywhere(engine, stored_ann(engine).id, AT_EIGHT + timedelta(hours=1))
    assert press(client, link, "unvote").status_code == 410
    erase(engine, ANN, AT_EIGHT)
    assert client.get(link).status_code == 410
    assert counts(engine) == [0, 0]


def test_the_buttons_of_a_card_lead_back_to_it(engine: Engine, signed_in: httpx.Client) -> None:
    for path in (
        "/",
        "/papers",
        "/papers/date/2026-07-06?order=newest",
        "/papers/trending",
        "/search?q=%22of+large%22",
    ):
        form = parsed(signed_in.get(path)).forms[-1 if path != "/" else 1]
        assert form.action == "/reactions"
        answer = signed_in.post("/reactions", data={**dict(form.fields), "do": "vote"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{path}#paper-"), path
    assert sum(counts(engine)) >= 1
    page = parsed(signed_in.get("/papers"))
    assert page.xpath("//button[@aria-pressed='true']/@value")[0] == "unvote"
    assert page.xpath("//article/@id") and page.xpath("//form[@class='reactions']/@aria-label")


@pytest.mark.parametrize("root", ["/papers", "/pa", "/reading"])
@pytest.mark.parametrize("removes_path", [False, True])
def test_the_buttons_lead_back_also_below_a_path_that_a_proxy_may_remove(
    engine: Engine, tmp_path: Path, root: str, removes_path: bool
) -> None:
    config = write_config(tmp_path, base_url=f"http://127.0.0.1{root}")
    deliver_first_mail(engine, config, "quantization", "experts")
    before = "" if removes_path else root
    with serve_pages(engine, config) as client:
        client.cookies.set(PLAIN_NAME, session_token(engine))
        for path in ("/papers/trending", "/papers/date/2026-07-06?order=newest", "/search?q=%22of+large%22"):
            form = parsed(client.get(before + path)).xpath("//form[@class='reactions']")[0]
            answer = client.post(f"{before}/reactions", data={**dict(form.fields), "do": "vote"})
            assert answer.headers["location"].startswith(f"{root}{path}#paper-"), path


def test_htmx_gets_the_row_alone(engine: Engine, signed_in: httpx.Client) -> None:
    part = {"HX-Request": "true"}
    data = {"paper": key_of(engine), "back": "/papers", "do": "like"}
    answer = signed_in.post("/reactions", data=data, headers=part)
    assert "<html" not in answer.text and parsed(answer).xpath("//button/@value") == ["vote", "forget", "dislike"]
    set_state(engine, "PAUSED")
    refused = signed_in.post("/reactions", data=data, headers=part)
    assert refused.status_code == 200 and "Your digests are paused" in refused.text
    signed_in.cookies.clear()
    ended = signed_in.post("/reactions", data=data, headers=part)
    assert (ended.status_code, ended.headers["hx-redirect"]) == (200, "/sign-in")


def test_htmx_also_gets_the_counts_that_the_card_shows_from_then_on(engine: Engine, signed_in: httpx.Client) -> None:
    part = {"HX-Request": "true"}
    for path in ("/papers", f"/paper/{key_of(engine)}"):
        form = parsed(signed_in.get(path)).xpath("//form[@class='reactions']")[0]
        place = form.xpath("ancestor::main//*[starts-with(@id, 'count-')]")[0]
        for do in ("vote", "unvote"):
            answer = signed_in.post("/reactions", data={**dict(form.fields), "do": do}, headers=part)
            (new,) = parsed(answer).xpath("//*[@data-hx-swap-oob]")
            assert new.get("id") == place.get("id")
            now = parsed(signed_in.get(path)).get_element_by_id(place.get("id"))
            assert new.text_content() == now.text_content() == ("▲\xa01 vote here" if do == "vote" else "")
    shown_after = {"12": " · 12 upvotes, from HF", "0": "", "unknown": ""}
    expected = {upvotes: "▲\xa01 vote here" + rest for upvotes, rest in shown_after.items()}
    expected |= dict.fromkeys(("", "-1", "1e9", "<b>", "٣", "9" * 5000), "")
    for upvotes, counts in expected.items():
        data = {"paper": key_of(engine), "do": "vote", "upvotes": upvotes}
        answer = signed_in.post("/reactions", data=data, headers=part)
        assert parsed(answer).xpath("string(//*[@data-hx-swap-oob])") == counts, upvotes


def test_hostile_forms_change_nothing_and_lead_nowhere_else(engine: Engine, signed_in: httpx.Client) -> None:
    key = key_of(engine)
    before = database_content(engine)
    wrong = [
        ({"do": "vote"}, 404),
        ({"paper": "no-such-key", "do": "vote"}, 404),
        ({"paper": "a\0b", "do": "vote"}, 404),
        ({"paper": key}, 400),
        ({"paper": key, "do": "VOTE; DROP TABLE vote"}, 400),
        ({"paper": key * 500, "do": "vote"}, 404),
    ]
    for data, status in wrong:
        assert signed_in.post("/reactions", data=data).status_code == status, data
    assert database_content(engine) == before
    backs = [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\r\nX: y",
        "/a b",
        "/é",
        "",
        "/" + "x" * 3000,
    ]
    for back in backs:
        answer = signed_in.post("/reactions", data={"paper": key, "do": "vote", "back": back})
        assert answer.headers["location"] == f"/paper/{key}#paper-1", back
    assert counts(engine) == [1, 0]


def test_pages_differ_for_who_is_signed_in_so_no_old_one_is_shown(
    engine: Engine, client: httpx.Client, mail: EmailMessage
) -> None:
    assert mail
    open_page = client.get("/papers")
    assert "/reactions" not in open_page.text
    assert "Sign in to vote" in shown(client.get(f"/paper/{key_of(engine)}"))
    as_visitor(client, session_token(engine))
    again = client.get("/papers", headers={"If-None-Match": open_page.headers["etag"]})
    assert again.status_code == 200 and "/reactions" in again.text
    known = {"If-None-Match": again.headers["etag"]}
    assert client.get("/papers", headers=known).status_code == 304
    client.post("/reactions", data={"paper": key_of(engine), "do": "vote"})
    assert client.get("/papers", headers=known).status_code == 200
    assert "private" in again.headers["cache-control"]


def test_50_votes_at_once_are_one_for_each_subscriber(either: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    add_listings(either, "one", AT_EIGHT.date(), Listing(1, "The Title of a Paper", arxiv_id="2607.00001"))
    for email in (ANN, BOB):
        add_subscriber(either, SignUp(email, topics=("all",), confirmed=True))
    secrets = [session_token(either, email) for email in (ANN, BOB)]
    with serve_pages(either, config) as client:

        def vote(number: int) -> int:
            cookie = {"Cookie": f"__Host-session={secrets[number % 2]}"}
            form = {"paper": "2607.00001", "do": "vote"}
            return client.post("/reactions", data=form, headers=cookie, timeout=60).status_code

        with ThreadPoolExecutor(50) as pool:
            assert set(pool.map(vote, range(50))) == {303}
    assert counts(either) == [2]
    with reading(either) as connection:
        days = votes.votes_by_day(connection, [1], AT_EIGHT.date())
    assert days == {1: {AT_EIGHT.date(): 2}}


def test_old_links_and_keys_lead_to_the_paper_that_a_paper_was_merged_into(
    engine: Engine, client: httpx.Client, mail: EmailMessage
) -> None:
    old_key = key_of(engine, 1)
    first, second = sorted(vote_paths(mail))
    titles = ["Quantization of Large Models", "Mixture of Experts at Scale"]
    press(client, first, "vote")
    press(client, second, "vote")
    for number, title in enumerate(titles):
        add_listings(engine, f"merge {number}", AT_EIGHT.date(), Listing(1, title, arxiv_id="2607.00001"))
    assert counts(engine) == [1]
    assert press(client, second, "unvote").status_code == 200
    assert counts(engine) == [0]
    as_visitor(client, session_token(engine))
    answer = client.post("/reactions", data={"paper": old_key, "do": "vote"})
    assert answer.headers["location"].startswith("/paper/2607.00001#paper-1")
    assert counts(engine) == [1]


def test_the_number_of_votes_in_an_hour_is_limited(engine: Engine, client: httpx.Client, link: str) -> None:
    most, window = BY_ADDRESS[Action.REACTION][0]
    with writing(engine) as connection:
        for _ in range(most):
            limits.allow(connection, [limits.Limit(f"{Action.REACTION} address {ANN}", most, window)], AT_EIGHT)
    refused = press(client, link, "vote")
    assert refused.status_code == 429 and "Too many votes and feedback" in shown(refused)
    assert counts(engine) == [0, 0]


def test_settings_show_votes_and_feedback_and_forget_them(engine: Engine, signed_in: httpx.Client) -> None:
    signed_in.follow_redirects = True
    keys = [key_of(engine, number) for number in range(2)]
    assert "You can vote for papers" in shown(signed_in.get("/manage"))
    for do, key in [("vote", keys[0]), ("like", keys[0]), ("dislike", keys[1])]:
        signed_in.post("/reactions", data={"paper": key, "do": do})
    assert "You have voted for 1 paper, and given feedback on 2." in shown(signed_in.get("/manage"))
    page = signed_in.get("/manage/reactions")
    assert "More like this" in shown(page) and "Not for me" in shown(page)
    data = json.loads(signed_in.get("/manage/data.json").text)
    assert [(each["paper"]["key"], each["voted_on"]) for each in data["votes"]] == [(keys[0], "2026-07-06")]
    assert {each["paper"]["key"]: each["liked"] for each in data["feedback"]} == {keys[0]: True, keys[1]: False}
    assert data["subscriber"]["taste"] is True
    form = parsed(page).forms[0]
    signed_in.post("/reactions", data={**dict(form.fields), "do": "forget"})
    assert len(opinions(engine)) == 1
    assert "does not order" in shown(signed_in.post("/manage/taste", data={"taste": "off"}))
    assert not stored_ann(engine).taste
    signed_in.post("/manage/taste", data={"taste": "on"})
    assert stored_ann(engine).taste
    assert "is forgotten" in shown(signed_in.post("/manage/reactions/forget"))
    assert (counts(engine), opinions(engine)) == ([1, 0], [])
