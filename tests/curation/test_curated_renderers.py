"""Each renderer shows a pinned paper first with its note, a correction in place of the mistake, and no hidden paper."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.service import add_subscriber, ingest_page
from support.stored_papers import all_papers
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    deliver_and_read_mails,
    serve_pages,
    stored_ann,
    urls_in,
    write_config,
)

from notifier import curation
from notifier.cli.mails import body_of
from notifier.config import Config, secret_key
from notifier.curation import Correction, PinRequest
from notifier.pipeline import next_digest, plan, publish
from notifier.pipeline.welcoming import plan_welcomes
from notifier.sending import mail_of_digest, sender_for
from notifier.signing import sign, verify
from notifier.store import reading
from notifier.subscribers import SignUp, confirm, renew_private_feed, request_sign_up
from notifier.topics import catalogue_of

PINNED, OTHER, HIDDEN, MISTAKE = "A Paper to Read First", "Another Paper of It", "A Hidden Paper of It", "Lrage Papers"
RIGHT, LINK = "Large Papers", "https://a.example/right"
TO_ALL = SignUp(ANN, topics=("all",), confirmed=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return write_config(tmp_path)


@pytest.fixture
def curated(engine: Engine, config: Config) -> Engine:
    """Return a store with four papers: one is pinned, one hidden, one corrected, and one as it came."""
    abstracts = ["We study how it works, and show with experiments that it works better than all before."] * 4
    ingest_page(engine, config.base, [OTHER, HIDDEN, MISTAKE, PINNED], abstracts=abstracts)
    with reading(engine) as connection:
        keys = {paper.title: paper.key for paper in all_papers(connection)}
    curation.pin(engine, "", keys[PINNED], PinRequest(AT_EIGHT.date(), "Read this first.", "Ann"), AT_EIGHT)
    curation.hide(engine, "", keys[HIDDEN], AT_EIGHT)
    correction = Correction(title=RIGHT, url=LINK).state(catalogue_of(config))
    curation.correct(engine, "", keys[MISTAKE], correction, AT_EIGHT)
    return engine


def texts_of(mail: EmailMessage) -> list[str]:
    """Return the plain text and the HTML of a mail."""
    return [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]


def digest_mail(engine: Engine, config: Config, cards: int = 8) -> list[str]:
    digest = config.digest.model_copy(update={"cards": cards})
    changed = config.model_copy(update={"digest": digest})
    add_subscriber(engine, TO_ALL, settings=changed)
    plan(engine, changed, AT_EIGHT)
    return texts_of(deliver_and_read_mails(engine, changed)[0])


def lines_of_mail(engine: Engine, config: Config) -> list[str]:
    """Return a digest in which all papers are lines, without cards."""
    return digest_mail(engine, config, cards=0)


def next_digest_command(engine: Engine, config: Config) -> list[str]:
    """Return the mail that `notifier digest` shows."""
    add_subscriber(engine, TO_ALL, settings=config)
    found = next_digest(engine, config, ANN, AT_EIGHT).digest
    assert found is not None
    mail = mail_of_digest(sender_for(engine, config, lambda: AT_EIGHT), found)
    return [body_of(mail, "plain"), body_of(mail, "html")]


def welcome_mail(engine: Engine, config: Config) -> list[str]:
    request_sign_up(engine, config, SignUp(ANN, topics=("all",)), AT_EIGHT)
    (confirmation,) = deliver_and_read_mails(engine, config)
    before = f"{BASE_URL}/confirm/"
    link = next(url for url in urls_in(confirmation) if url.startswith(before))
    grant = verify(secret_key(config), link.removeprefix(before))
    assert grant is not None
    confirm(engine, config, grant, AT_EIGHT)
    assert plan_welcomes(engine, config, AT_EIGHT) == 1
    return texts_of(deliver_and_read_mails(engine, config)[-1])


def feed_files(engine: Engine, config: Config) -> list[str]:
    publish(engine, config)
    return [(config.base / f"var/feeds/all.{ending}").read_text("utf-8") for ending in ("atom", "rss", "json")]


def made_feeds(engine: Engine, config: Config) -> list[str]:
    """Return the feed of a search, and the private feeds of Ann: of everything, and of one subscription."""
    add_subscriber(engine, TO_ALL, settings=config)
    private = f"/feeds/private/{sign(secret_key(config), renew_private_feed(engine, stored_ann(engine).id, AT_EIGHT))}"
    number = stored_ann(engine).subscriptions[0].id
    paths = ("/feeds/search{}?q=paper", private + "{}", f"{private}/{number}" + "{}")
    with serve_pages(engine, config) as client:
        answers = [client.get(path.format(ending)) for path in paths for ending in (".atom", ".rss", ".json")]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.text for answer in answers]


@pytest.mark.parametrize(
    "render", [digest_mail, lines_of_mail, next_digest_command, welcome_mail, feed_files, made_feeds]
)
def test_a_renderer_shows_what_curators_did(
    curated: Engine, config: Config, render: Callable[[Engine, Config], list[str]]
) -> None:
    for text in render(curated, config):
        shown = " ".join(text.split())
        assert shown.index(PINNED) < min(shown.index(OTHER), shown.index(RIGHT))
        assert "Read this first." in shown and "Pinned by Ann:" in shown
        assert RIGHT in shown and LINK in shown
        assert HIDDEN not in shown and MISTAKE not in shown
