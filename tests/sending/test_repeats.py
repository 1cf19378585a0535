"""A mail that is sent again: what is fixed when it is planned, and what a dump may complete in between."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import Engine
from support.scripted_relay import DROP, HOST, Pieces, ScriptedRelay
from support.service import MONDAY, add_listings, add_subscriber

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.models import Listing
from notifier.pipeline.planning import plan
from notifier.sending.run import send_due
from notifier.sending.sender import sender_for
from notifier.subscribers.subscribing import SignUp

AT_EIGHT = MONDAY.replace(hour=8)
FIRST, SECOND = "Quantization of Large Models at Scale", "A Survey of Quantized Networks and Models"
REPLY_LOST = (Pieces(("250 2.0.0 ke",)), DROP)  # the relay has kept the mail, and the sender cannot know
ABSTRACT = "We study quantization of large models in depth, and find that it works better than all earlier methods."


def send(engine: Engine, folder: Path, relay: ScriptedRelay, minutes: int) -> None:
    config = Config(
        mail=MailConfig(sender="Daily Papers <papers@example.org>", transport="smtp"),
        smtp=SmtpConfig(host=HOST, port=relay.port, tls="none"),
    )
    sender = sender_for(engine, config, lambda: AT_EIGHT + timedelta(minutes=minutes))
    asyncio.run(send_due(replace(sender, owners_folder=folder / "owners")))


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_repeat_is_the_same_mail_with_links_that_a_dump_has_completed(engine: Engine, tmp_path: Path) -> None:
    """Message-ID, Date, subject, papers, order, upvotes and marks are those of the first mail."""
    add_subscriber(engine, SignUp("ann@example.org", ("quantization",), confirmed=True))
    papers = [Listing(0, FIRST, ABSTRACT, upvotes=301), Listing(0, SECOND, ABSTRACT, upvotes=202)]
    add_listings(engine, "morning", MONDAY.date(), *papers)
    plan(engine, Config(), AT_EIGHT)
    with ScriptedRelay({"DOT": [REPLY_LOST]}) as relay:
        send(engine, tmp_path, relay, minutes=0)
        completed = replace(papers[1], arxiv_id="2607.01234", upvotes=999)
        add_listings(engine, "noon", MONDAY.date(), completed, now=AT_EIGHT + timedelta(minutes=5))
        send(engine, tmp_path, relay, minutes=20)
        first, repeat = (message_from_bytes(kept.content, policy=policy.default) for kept in relay.kept)
    assert first.items() == repeat.items()
    for kind in ("plain", "html"):
        before, after = body(first, kind), body(repeat, kind)
        assert "2607.01234" not in before
        assert "2607.01234" in after
        for facts in (
            r"Large Models at Scale|Quantized Networks",
            r"\b(?:301|202|999)\b",
            r'<span[^>]*class="mark">.*?</span>',
        ):
            assert re.findall(facts, before) == re.findall(facts, after)
    assert re.findall(r"\b(?:301|202|999)\b", body(repeat, "plain")) == ["301", "202"]
    assert 'class="mark"' in body(repeat, "html")


def sent_after(engine: Engine, folder: Path, *completing: Listing) -> EmailMessage:
    """Store these listings, send the mail that was planned before, and return it."""
    add_listings(engine, "noon", MONDAY.date(), *completing, precedence=4, now=AT_EIGHT + timedelta(minutes=5))
    with ScriptedRelay({}) as relay:
        send(engine, folder, relay, minutes=20)
        (kept,) = relay.kept
    return message_from_bytes(kept.content, policy=policy.default)


def marked(mail: EmailMessage) -> list[str]:
    return re.findall(r"<span[^>]*class=\"mark\">(.*?)</span>", body(mail, "html"))


def test_marks_stay_on_their_words_when_a_dump_has_completed_the_text(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("bees OR flowers", "bees"), confirmed=True))
    paper = Listing(0, "How Insects Find Flowers", "We follow bees.", arxiv_id="2607.00001")
    add_listings(engine, "morning", MONDAY.date(), paper)
    plan(engine, Config(), AT_EIGHT)
    longer = "In this paper we study pollinators of many kinds in meadows. We follow Bees over the hills."
    mail = sent_after(engine, tmp_path, replace(paper, title="On Flowers and How Insects Find Them", abstract=longer))
    assert marked(mail) == ["Flowers", "Bees"]


def test_words_that_a_completed_text_no_longer_holds_are_not_marked(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("bees",), confirmed=True))
    paper = Listing(0, "How Insects Find Flowers", "We follow bees.", arxiv_id="2607.00001")
    add_listings(engine, "morning", MONDAY.date(), paper)
    plan(engine, Config(), AT_EIGHT)
    mail = sent_after(engine, tmp_path, replace(paper, abstract="In this paper we study pollinators of many kinds."))
    assert marked(mail) == []


def test_papers_that_have_proved_to_be_one_are_shown_once(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("bees", "insects"), confirmed=True))
    published = Listing(0, "On the Flight of Bees", ABSTRACT, authors=("Ann Fox",))
    preprint = Listing(0, "Insects in Flight over Meadows", ABSTRACT, authors=("Ann Fox",), arxiv_id="2607.00001")
    add_listings(engine, "morning", MONDAY.date(), published, preprint, Listing(0, "Wasps, Bees and Ants", ABSTRACT))
    plan(engine, Config(), AT_EIGHT)
    text = body(sent_after(engine, tmp_path, replace(published, arxiv_id="2607.00001")), "plain")
    assert [text.count(part) for part in ("Wasps, ", "On the Flight of ", " in Flight over Meadows")] == [1, 1, 0]
