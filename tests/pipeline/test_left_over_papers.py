"""Papers for which a digest has no room: the next digests list them, each exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from lxml import html as parser
from sqlalchemy import Engine, select
from support.digest_samples import bodies
from support.planned_papers import plan_and_accept, stored_subscriber
from support.service import MONDAY, add_listings, add_subscriber

from notifier.config import Config
from notifier.mail.shortening import MAIL_BYTES
from notifier.models import Cadence, DeliveryState, Listing
from notifier.operations import Backlog, service_status
from notifier.pipeline.next_digest import next_digest
from notifier.pipeline.planning import plan
from notifier.sending import mail_of, sender_for
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.leaving import unsubscribe, unsubscribe_from_one
from notifier.subscribers.pausing import pause, resume
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
EMAIL = "ann@example.org"
TOPICS = ("quantization", "agents", "pruning")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")


def listings(first: int, count: int, text: str = "") -> list[Listing]:
    """Return listings of papers about one of three topics each, with numbers from `first` on."""
    return [
        Listing(
            1,
            f"Paper {number} about {TOPICS[number % 3]} {text}"[:500],
            f"Abstract number {number}.",
            arxiv_id=f"2607.{number:05}",
        )
        for number in range(first, first + count)
    ]


def ingest_on(store: Engine, now: datetime, first: int, count: int, text: str = "") -> None:
    add_listings(store, f"{now:%m-%d} {first}", now.date(), *listings(first, count, text), now=now)


def mailed(store: Engine, *, states: tuple[DeliveryState, ...] = (DeliveryState.ACCEPTED,)) -> list[list[str]]:
    """Return the arXiv ids that each mail to the subscriber links, oldest mail first, as the mail is composed."""
    sender = sender_for(store, CONFIG, lambda: AT_EIGHT)
    with reading(store) as connection:
        ids = list(
            connection.scalars(select(delivery.c.id).where(delivery.c.state.in_(states)).order_by(delivery.c.id))
        )
    found = []
    for number in ids:
        mail = mail_of(sender, number)
        assert len(mail.content) <= MAIL_BYTES
        html = bodies(mail)[1]
        assert "not listed here" not in html
        addresses = parser.document_fromstring(html).xpath("//h3/a/@href | //li/a[@class='line']/@href")
        found.append([address.removeprefix("https://arxiv.org/abs/") for address in addresses])
    return found


def ids(first: int, count: int) -> set[str]:
    return {f"2607.{number:05}" for number in range(first, first + count)}


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "混合专家模型的量化" * 20], ids=["latin", "chinese"])
def test_each_paper_is_mailed_exactly_once_over_several_days(store: Engine, text: str) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, ("all",), confirmed=True))
    for day in range(3):
        ingest_on(store, MONDAY + day * A_DAY, 1 + 300 * day, 300 if day < 2 else 5, text)
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
    day = 3
    while stored_subscriber(store, EMAIL).left_over:
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
        day += 1
        assert day < 60
    mails = mailed(store)
    assert Counter(paper for mail in mails for paper in mail) == dict.fromkeys(
        ids(1, 300) | ids(301, 300) | ids(601, 5), 1
    )
    assert len(mails) > 4
    assert plan(store, CONFIG, AT_EIGHT + day * A_DAY).digests == 0, "nothing is left"


def test_after_the_best_papers_of_a_day_those_that_waited_longest_come_first(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, confirmed=True))
    ingest_on(store, MONDAY, 1, 150)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    ingest_on(store, MONDAY + A_DAY, 151, 150)
    plan_and_accept(store, CONFIG, AT_EIGHT + A_DAY)
    first, second = mailed(store)
    assert ids(1, 150) <= {*first, *second}, "all papers of the first day are mailed on the second day at the latest"
    assert len(ids(151, 150) & {*second}) >= CONFIG.digest.papers, "the best papers of the second day are mailed, too"


def test_what_is_left_over_survives_a_mail_that_was_never_sent(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, confirmed=True))
    ingest_on(store, MONDAY, 1, 300)
    plan(store, CONFIG, AT_EIGHT)
    plan(store, CONFIG, AT_EIGHT + A_DAY)  # takes in the digest of the first day, which still waits
    for day in range(2, 7):
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
    assert Counter(paper for mail in mailed(store) for paper in mail) == dict.fromkeys(ids(1, 300), 1)


def test_a_paper_that_is_announced_again_while_it_waits_is_mailed_once(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, (*TOPICS, "author:Lovelace"), confirmed=True))
    ingest_on(store, MONDAY, 1, 300)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    again = [replace(each, authors=("Ada Lovelace",)) for each in listings(1, 300)]  # missing details arrive
    add_listings(store, "again", MONDAY.date(), *again, now=MONDAY + A_DAY)
    for day in range(1, 6):
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
    assert Counter(paper for mail in mailed(store) for paper in mail) == dict.fromkeys(ids(1, 300), 1)


def test_papers_of_an_ended_subscription_do_not_come_any_more(store: Engine) -> None:
    one = add_subscriber(store, SignUp(EMAIL, ("quantization", "agents"), confirmed=True))
    ingest_on(store, MONDAY, 1, 450)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    unsubscribe_from_one(store, one.subscriptions[0].id, AT_EIGHT)
    for day in range(1, 5):
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
    first, *later = mailed(store)
    agents = {f"2607.{number:05}" for number in range(1, 451) if TOPICS[number % 3] == "agents"}
    assert {paper for mail in later for paper in mail} == agents - {*first} != set()


def test_the_rest_of_an_instant_digest_is_mailed_once_a_day_without_another_dump(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, cadence=Cadence.INSTANT, confirmed=True))
    ingest_on(store, MONDAY, 1, 300)
    plan_and_accept(store, CONFIG, MONDAY)
    assert stored_subscriber(store, EMAIL).next_due == AT_EIGHT
    assert plan(store, CONFIG, MONDAY + timedelta(minutes=5)).due == 0
    for day in range(5):
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
        assert plan(store, CONFIG, AT_EIGHT + day * A_DAY + timedelta(minutes=1)).due == 0, "one mail a day"
    assert Counter(paper for mail in mailed(store) for paper in mail) == dict.fromkeys(ids(1, 300), 1)
    assert stored_subscriber(store, EMAIL).next_due is None


def test_what_an_instant_digest_left_over_comes_with_the_next_dump_if_that_is_earlier(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, cadence=Cadence.INSTANT, confirmed=True))
    for hour in range(3):
        ingest_on(store, MONDAY + timedelta(hours=hour), 1 + 150 * hour, 150 if hour < 2 else 1)
        plan_and_accept(store, CONFIG, MONDAY + timedelta(hours=hour))
    assert Counter(paper for mail in mailed(store) for paper in mail) == dict.fromkeys(ids(1, 301), 1)
    assert plan(store, CONFIG, AT_EIGHT).due == 0, "nothing is left"


def test_mails_and_status_say_how_many_papers_wait(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, ("all",), confirmed=True))
    ingest_on(store, MONDAY, 1, 300)
    shown = next_digest(store, CONFIG, EMAIL, AT_EIGHT).digest
    plan_and_accept(store, CONFIG, AT_EIGHT)
    (first,) = mailed(store)
    wait = f"This mail has no room for {300 - len(first)} other new papers: they wait for the next one."
    assert all(
        wait in " ".join(body.split()) for body in bodies(mail_of(sender_for(store, CONFIG, lambda: AT_EIGHT), 1))
    )
    assert shown and shown.waiting == 300 - len(first)
    backlog = service_status(store, CONFIG, AT_EIGHT).backlog
    assert backlog == Backlog(papers=300 - len(first), subscribers=1, most=300 - len(first))
    for day in range(1, 5):
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
    with reading(store) as connection:
        last = connection.scalar(
            select(delivery.c.id)
            .where(delivery.c.state == DeliveryState.ACCEPTED)
            .order_by(delivery.c.id.desc())
            .limit(1)
        )
    assert last is not None
    assert not any("no room" in body for body in bodies(mail_of(sender_for(store, CONFIG, lambda: AT_EIGHT), last)))
    assert service_status(store, CONFIG, AT_EIGHT).backlog is None


def test_looking_at_the_next_digest_shows_what_waits_and_changes_nothing(store: Engine) -> None:
    add_subscriber(store, SignUp(EMAIL, TOPICS, confirmed=True))
    ingest_on(store, MONDAY, 1, 200)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    before = stored_subscriber(store, EMAIL)
    found = next_digest(store, CONFIG, EMAIL, AT_EIGHT + timedelta(hours=1))
    assert found.is_new and found.digest and len(found.digest.paper_ids) == 200 - len(mailed(store)[0])
    assert stored_subscriber(store, EMAIL) == before
    assert found.digest.subject.startswith(f"{len(found.digest.paper_ids)} new papers")


def test_what_is_left_over_waits_through_a_pause_but_not_through_leaving(store: Engine) -> None:
    for email in (EMAIL, "bob@example.org"):
        add_subscriber(store, SignUp(email, TOPICS, confirmed=True))
    ingest_on(store, MONDAY, 1, 300)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    pause(store, EMAIL, None, AT_EIGHT)
    resume(store, EMAIL, AT_EIGHT + 7 * A_DAY)
    unsubscribe(store, "bob@example.org", AT_EIGHT)
    add_subscriber(store, SignUp("bob@example.org", TOPICS, confirmed=True), AT_EIGHT + 7 * A_DAY)
    assert stored_subscriber(store, EMAIL).left_over != ""
    assert stored_subscriber(store, "bob@example.org").left_over == ""
