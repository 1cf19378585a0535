"""The web copy of a digest, for whoever has its mail: complete, without a session or links to settings."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from sqlalchemy import Engine, delete, select, update
from support.service import add_listings, add_subscriber
from support.visitors import as_visitor, link_path, parsed, session_token, shown
from support.web_site import (
    ANN,
    AT_EIGHT,
    database_content,
    deliver_and_read_mails,
    deliver_first_mail,
    stored_ann,
)

from notifier.config import Config, secret_key
from notifier.digests import items
from notifier.models import DeliveryState, Item, Listing
from notifier.pipeline.welcoming import plan_welcomes
from notifier.sending.composing import mail_of
from notifier.sending.sender import sender_for
from notifier.signing import DIGEST_PATH, Grant, LinkPurpose, sign, verify
from notifier.store.engine import writing
from notifier.store.tables import delivery, paper
from notifier.subscribers import SignUp, confirm, erase, request_sign_in, request_sign_up

TITLES = ("Quantization of Large Models", "Mixture of Experts at Scale")
BOB = "bob@example.org"


@pytest.fixture
def path(engine: Engine, config: Config) -> str:
    """Deliver a digest to Ann, and return the path of its web copy."""
    return link_path(deliver_first_mail(engine, config, "quantization", "experts"), DIGEST_PATH)


def copy_of(config: Config, row_id: int, purpose: LinkPurpose = LinkPurpose.DIGEST) -> str:
    key = secret_key(config)
    return DIGEST_PATH + sign(key, Grant(purpose, row_id))


def test_the_link_in_a_mail_shows_the_whole_digest_without_a_session(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200 and not answer.cookies
    assert all(title in shown(answer) for title in TITLES)
    assert len(parsed(answer).xpath("//h3")) == 2


def test_the_copy_says_why_a_taste_chose_a_paper_and_what_the_note_of_a_section_says(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    with writing(engine) as connection:
        stored, _ = items.decode(connection.scalars(select(delivery.c["items"])).one())
        chosen = tuple(each._replace(because="<b>Tiny Models</b>") for each in stored[0].items)
        changed = items.encode((replace(stored[0], items=chosen, note="A note & more."), *stored[1:]), ())
        connection.execute(update(delivery).values(items=changed))
    answer = client.get(path)
    assert "Because you liked “<b>Tiny Models</b>”" in shown(answer) and "A note & more." in shown(answer)


def test_the_copy_has_only_a_part_of_the_address_and_no_way_to_the_settings(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert ANN not in answer.text and "a…@example.org" in shown(answer)
    links = parsed(answer).xpath("//@href")
    assert not any(part in link for link in links for part in ("/manage", "/unsubscribe", "/digests"))
    assert parsed(answer).forms == []


def test_search_engines_and_caches_keep_no_copy(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["x-robots-tag"] == "noindex"
    assert parsed(answer).xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_reading_the_copy_changes_nothing_and_it_cannot_be_posted_to(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    before = database_content(engine)
    assert (client.head(path).status_code, client.head(path).content) == (200, b"")
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405
    assert database_content(engine) == before


def test_somebody_else_who_is_signed_in_sees_the_copy_and_not_the_digest_itself(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    add_subscriber(engine, SignUp(BOB, ("graph",), confirmed=True))
    as_visitor(client, session_token(engine, BOB))
    assert client.get(path).status_code == 200
    others, never = client.get("/digests/1"), client.get("/digests/999")
    assert (others.status_code, shown(others)) == (404, shown(never))
    assert "It is none of yours, or it was removed." in shown(others)


@pytest.mark.usefixtures("path")
def test_a_mail_that_is_sent_again_has_the_same_link(engine: Engine, config: Config) -> None:
    sender = sender_for(engine, config, lambda: AT_EIGHT)
    again = mail_of(sender, 1)
    assert again == mail_of(sender, 1)
    (delivered,) = (config.base / "mail").glob("new/*")
    assert delivered.read_bytes().endswith(again.content.replace(b"\r\n", b"\n"))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("purpose", sorted(set(LinkPurpose) - {LinkPurpose.DIGEST}))
def test_a_link_for_another_purpose_shows_no_digest(config: Config, client: httpx.Client, purpose: LinkPurpose) -> None:
    assert client.get(copy_of(config, 1, purpose)).status_code == 404


def test_a_row_that_does_not_exist_has_no_copy(config: Config, client: httpx.Client, path: str) -> None:
    assert path == copy_of(config, 1)
    for row_id in (2, 10**12, 10**18 - 1):
        assert client.get(copy_of(config, row_id)).status_code == 404


def test_a_digest_that_is_not_kept_any_more_says_so_and_does_not_blame_the_link(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    with writing(engine) as connection:
        connection.execute(delete(delivery))
    answer = client.get(path)
    assert answer.status_code == 404
    assert "It was removed. Digests can be read here for at most 365 days." in shown(answer)
    assert "incomplete" not in shown(answer)
    as_visitor(client, session_token(engine, ANN))
    assert parsed(client.get("/digests/1")).xpath("//main//a/@href") == ["/digests"]


def test_a_notice_has_no_copy(engine: Engine, config: Config, client: httpx.Client, path: str) -> None:
    request_sign_in(engine, config, ANN, AT_EIGHT)
    mail = deliver_and_read_mails(engine, config)[-1]
    assert DIGEST_PATH not in mail.as_string()
    assert client.get(path).status_code == 200
    assert client.get(copy_of(config, 2)).status_code == 404


def test_a_welcome_mail_has_a_copy(engine: Engine, config: Config, client: httpx.Client) -> None:
    request_sign_up(engine, config, SignUp(BOB, ("graph",)), AT_EIGHT)
    (confirmation,) = deliver_and_read_mails(engine, config)
    grant = verify(secret_key(config), link_path(confirmation, "/confirm/").removeprefix("/confirm/"))
    assert grant
    confirm(engine, config, grant, AT_EIGHT)
    plan_welcomes(engine, config, AT_EIGHT)
    welcome = deliver_and_read_mails(engine, config)[-1]
    answer = client.get(link_path(welcome, DIGEST_PATH))
    assert answer.status_code == 200
    assert str(welcome["Subject"]) in shown(answer)


@pytest.mark.parametrize("state", [DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.EXPIRED])
def test_a_digest_that_was_dropped_has_no_copy(
    engine: Engine, client: httpx.Client, path: str, state: DeliveryState
) -> None:
    with writing(engine) as connection:
        connection.execute(update(delivery).values(state=state))
    assert client.get(path).status_code == 404


def test_the_copies_of_somebody_who_is_erased_are_gone(engine: Engine, client: httpx.Client, path: str) -> None:
    erase(engine, stored_ann(engine).email, AT_EIGHT)
    assert client.get(path).status_code == 404


def test_the_copy_shows_the_papers_beyond_the_limit_of_a_digest_whole_too(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    listings = [Listing(1, f"Paper {number}", abstract=f"We propose number {number}.") for number in range(3)]
    add_listings(engine, "more", AT_EIGHT.date(), *listings)
    with writing(engine) as connection:
        sections, _ = items.decode(connection.execute(select(delivery.c["items"])).scalar_one())
        ids = connection.execute(select(paper.c.id).where(paper.c.title.like("Paper %"))).scalars()
        stored = items.encode(sections, tuple(Item(each) for each in ids))
        connection.execute(update(delivery).values(items=stored))
    answer = client.get(path)
    assert parsed(answer).xpath("//h2[last()]/text()") == ["And 3 more"]
    cards = parsed(answer).xpath("//h2[@id='more']/following::*[@class='card']")
    assert [card.xpath("string(.//h3)") for card in cards] == [f"Paper {number}" for number in range(3)]
    assert "We propose number 2." in shown(answer)
