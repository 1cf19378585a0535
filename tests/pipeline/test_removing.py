"""Old rows and files are removed, and no subscriber can tell from their digests."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, func, insert, select, update
from support.planned_papers import plan_and_accept
from support.service import MONDAY, add_listings, add_subscriber, clean_environment, run_notifier
from support.stores import new_store

from notifier.config import Config
from notifier.config.keep import KeepConfig
from notifier.digests.items import NO_ITEMS
from notifier.models import AdminEntry, Cadence, InboxState, Listing, ListOrder, ReturnedKind
from notifier.operations import read_admin_log, service_status
from notifier.pipeline import removing
from notifier.pipeline.removing import remove_old
from notifier.search.ranking import trending_papers
from notifier.store import admin_log, paper_lists, removals, returned
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery, listing, paper, subscriber
from notifier.store.tables import returned as returned_messages
from notifier.subscribers.subscribing import SignUp

DAY = timedelta(days=1)
OLD = MONDAY - 400 * DAY
CONFIG = Config(keep=KeepConfig(deliveries=60, listings=1))


def row(number: int, planned_at: datetime = OLD, **changes: object) -> dict[str, object]:
    values = {"kind": "digest", "period": f"day {number}", "recipient": "ann@example.org", "subject": ""}
    fixed = {"message_id": f"<{number}@example.org>", "items": "[1]", "state": "ACCEPTED", "next_try": None}
    flags = {"attempts": 0, "uncertain": 0, "epoch": 0, "reply": "", "taken_in": False, "too_large": False}
    return {**values, **fixed, **flags, "planned_at": planned_at, "settled_at": planned_at, **changes}


def add_rows(engine: Engine, *rows: dict[str, object]) -> None:
    with writing(engine) as connection:
        connection.execute(insert(delivery), list(rows))


def stored(engine: Engine) -> list[str]:
    """Return the periods of the stored deliveries."""
    with reading(engine) as connection:
        return list(connection.scalars(select(delivery.c.period).order_by(delivery.c.id)))


def remove(engine: Engine, now: datetime = MONDAY, config: Config = CONFIG) -> removing.RemovalReport:
    return remove_old(engine, config, now)


def test_settled_deliveries_are_removed_when_they_are_old(engine: Engine) -> None:
    states = ("ACCEPTED", "SKIPPED", "CANCELLED", "REJECTED", "UNCERTAIN", "FAILED")
    old = [row(number, state=state) for number, state in enumerate(states)]
    add_rows(engine, *old, row(10, MONDAY - 61 * DAY), row(11, MONDAY - 59 * DAY), row(12, MONDAY))
    assert remove(engine).removed == {"deliveries": 7}
    assert stored(engine) == ["day 11", "day 12"]
    assert remove(engine).removed == {}


@pytest.mark.parametrize(
    "needed",
    [
        {"state": "HELD"},
        {"state": "PENDING", "next_try": MONDAY},
        {"state": "DEFERRED", "next_try": MONDAY},
        {"state": "UNCERTAIN", "next_try": MONDAY},
        {"state": "EXPIRED"},  # the next digest includes its papers
        {"state": "FAILED", "too_large": True},
        {"settled_at": MONDAY},  # it was retried by hand
    ],
)
def test_a_delivery_on_which_something_depends_stays(engine: Engine, needed: dict[str, object]) -> None:
    taken_in = row(2, state="EXPIRED", taken_in=True), row(3, state="EXPIRED", items=NO_ITEMS)
    add_rows(engine, {**row(1), **needed}, *taken_in, row(4), row(5, MONDAY))
    assert remove(engine).removed == {"deliveries": 3}
    assert stored(engine) == ["day 1", "day 5"]


def test_zero_days_keep_everything_and_less_than_sixty_are_refused(engine: Engine) -> None:
    add_rows(engine, row(1), row(2, MONDAY))
    assert remove(engine, config=Config(keep=KeepConfig(deliveries=0, listings=0, fetched=0, sources=0))).removed == {}
    with pytest.raises(ValidationError, match="keep deliveries for 60 days or more"):
        KeepConfig(deliveries=59)


def test_digests_are_kept_while_their_papers_may_be_announced_again_to_an_active_subscriber(engine: Engine) -> None:
    """The service was away for long: the cursor of a subscriber is as old as the digest."""
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    add_listings(engine, "dump", OLD.date(), Listing(1, "A Paper of Long Ago", abstract="Bees."), now=OLD)
    add_rows(engine, row(1, OLD + DAY), row(2, MONDAY))
    with writing(engine) as connection:
        connection.execute(update(paper).values(sequence=9))
        connection.execute(update(subscriber).values(cursor=5))
    assert remove(engine).removed == {}
    with writing(engine) as connection:
        connection.execute(update(subscriber).values(cursor=9))
    assert remove(engine).removed == {"deliveries": 1}


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_off_removes_nothing_and_says_so(engine: Engine, years: int) -> None:
    wrong = MONDAY + years * 365 * DAY
    add_rows(engine, row(1), row(2, MONDAY))
    remove(engine, MONDAY, Config())
    add_rows(engine, row(3, wrong))  # what the service has written since then
    for hours in range(0, 7 * 24, 12):
        report = remove(engine, wrong + timedelta(hours=hours))
        assert not report.removed
        assert report.doubt.startswith(f"nothing is removed: the clock shows {wrong.date()}, far from 2026-07-06")
    assert service_status(engine, CONFIG, wrong).doubt == report.doubt
    assert stored(engine) == ["day 2", "day 3"]  # the first was removed while the clock was right
    assert remove(engine, MONDAY + DAY).doubt == service_status(engine, CONFIG, MONDAY).doubt == ""


def test_the_first_run_compares_the_clock_with_what_is_stored(engine: Engine) -> None:
    add_rows(engine, row(1, MONDAY))
    assert remove(engine, MONDAY + 3650 * DAY).doubt
    assert stored(engine) == ["day 1"]


def test_after_an_absence_the_clock_is_believed_when_it_has_gone_on_for_a_week(engine: Engine) -> None:
    add_rows(engine, row(1, MONDAY))
    remove(engine, MONDAY)
    back = MONDAY + 200 * DAY
    doubts = [bool(remove(engine, back + number * DAY).doubt) for number in range(9)]
    assert doubts == [True] * 7 + [False] * 2
    assert stored(engine) == []


def test_rows_that_a_wrong_clock_has_dated_long_ago_stay_as_long_as_those_around_them(engine: Engine) -> None:
    add_rows(engine, row(1), row(2, MONDAY - 10 * DAY), row(3, OLD), row(4, MONDAY + 3650 * DAY), row(5, MONDAY))
    remove(engine)
    assert stored(engine) == ["day 2", "day 3", "day 4", "day 5"]
    remove(engine, MONDAY + 20 * DAY)
    remove(engine, MONDAY + 51 * DAY)
    assert stored(engine) == ["day 4", "day 5"]


def test_listings_are_thinned_without_any_trace_in_lists_and_scores(engine: Engine) -> None:
    titles = [f"A Paper about the Flight of Bees {number}" for number in range(6)]
    rng = random.Random(7)
    for hour in range(24):
        now, shown = MONDAY + timedelta(hours=hour), rng.sample(titles, 5)
        listings = [Listing(1, title, upvotes=rng.choice((None, hour, 3 * hour))) for title in shown]
        add_listings(engine, f"dump {hour}", MONDAY.date(), *listings, now=now)
    later = MONDAY + 3 * DAY

    def seen() -> tuple[object, ...]:
        scores = [(each.paper.title, each.score) for each in trending_papers(engine, later.date(), 99)]
        with reading(engine) as connection:
            days = (MONDAY.date(), MONDAY.date())
            listed = [paper_lists.list_between(connection, days, order, 99) for order in ListOrder]
        return scores, listed

    before = seen()
    assert remove(engine, later).removed["listings"] > 24 * 5 / 3
    assert seen() == before
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(listing)).scalar_one() <= 4 * len(titles)
    assert remove(engine, later).removed == {}


def planned_at(engine: Engine, now: datetime) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        columns = [delivery.c[name] for name in ("recipient", "period", "subject", "items", "state")]
        planned = select(*columns).where(delivery.c.planned_at == now).order_by(delivery.c.id)
        return [tuple(each) for each in connection.execute(planned)]


def listings_of(rng: random.Random, number: int) -> list[Listing]:
    """Return papers that come again after days, with more upvotes, or with an abstract that they lacked."""
    numbers = dict.fromkeys(rng.randrange(max(1, number - 12), number + 5) for _ in range(4))
    return [
        Listing(
            1,
            f"Paper {each} about the Flight of Bees",
            abstract=rng.choice(("", "All about bees.")),
            upvotes=rng.choice((None, 3, 7)),
        )
        for each in numbers
    ]


def digests_of_ten_weeks(folder: Path, seed: int, *, removes: bool) -> tuple[list[tuple[object, ...]], int]:
    """Plan nine weeks with few dumps, and then one with many; return all digests, and how many stay stored."""
    engine, rng = new_store(folder / "notifier.db"), random.Random(seed)
    for each in (
        SignUp("ann@example.org", topics=("all",), confirmed=True),
        SignUp("bob@example.org", queries=("upvotes:>=5 OR bees",), confirmed=True),
        SignUp("cat@example.org", topics=("trending",), cadence=Cadence.WEEKLY, confirmed=True),
        SignUp("dan@example.org", topics=("all",), cadence=Cadence.MONTHLY, confirmed=True),
    ):
        add_subscriber(engine, each)
    digests = []
    for number in [*range(0, 63, 7), *range(63, 72)]:
        now = MONDAY + number * DAY
        for part in range(2):
            add_listings(engine, f"{number} {part}", now.date(), *listings_of(rng, number), now=now)
        plan_and_accept(engine, CONFIG, now.replace(hour=9))
        digests += planned_at(engine, now.replace(hour=9))
        if removes:
            remove(engine, now.replace(hour=10))
    left = len(stored(engine))
    engine.dispose()
    return digests, left


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_the_same_dumps_give_the_same_digests_with_and_without_removal(tmp_path: Path, seed: int) -> None:
    digests, all_rows = digests_of_ten_weeks(tmp_path / "kept", seed, removes=False)
    others, left = digests_of_ten_weeks(tmp_path / "removed", seed, removes=True)
    assert others == digests
    assert left < all_rows == len(digests)


DIE = """
import os, signal
from datetime import datetime
from pathlib import Path
from notifier.config import load
from notifier.pipeline import removing
from notifier.store import open_store, removals
config = load(Path("config.toml"))
delete = removals.delete_deliveries
done = []

def die_after_a_few(*each):
    removed = delete(*each)
    done.append(removed)
    if len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return removed

removals.delete_deliveries = die_after_a_few
removing.remove_old(open_store(config.store_url), config, datetime.fromisoformat(os.environ["AT"]))
"""


def test_a_removal_that_is_killed_is_finished_by_the_next(engine: Engine, tmp_path: Path) -> None:
    text = '[store]\nurl = "sqlite:///store/notifier.db"\n[keep]\ndeliveries = 60\n'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    add_rows(engine, *(row(number) for number in range(500)), row(500, MONDAY))
    environment = {**clean_environment(), "AT": MONDAY.isoformat()}
    run = subprocess.run([sys.executable, "-c", DIE], cwd=tmp_path, env=environment, check=False)
    assert run.returncode == -signal.SIGKILL
    left = len(stored(engine))
    assert 1 < left < 501
    assert remove(engine).removed == {"deliveries": left - 1}


def test_status_says_what_was_removed_last(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///store/notifier.db"\n', encoding="utf-8")
    add_rows(engine, row(1), row(2, MONDAY))
    remove(engine)
    remove(engine, MONDAY + DAY)
    assert [(each.name, each.removed, each.at) for each in service_status(engine, CONFIG, MONDAY).removed] == [
        ("deliveries", 1, MONDAY)
    ]
    assert "removed      1 old deliveries on 2026-07-06" in run_notifier("status", cwd=tmp_path).stdout


def test_fetched_documents_are_removed_when_they_are_old(engine: Engine, tmp_path: Path) -> None:
    config = replace_keep(Config().located_in(tmp_path), fetched=30)
    folder = tmp_path / "var" / "fetched" / "daily"
    folder.mkdir(parents=True)
    for name, at in (("old.json.gz", MONDAY - 31 * DAY), ("new.json.gz", MONDAY - 29 * DAY)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (at.timestamp(), at.timestamp()))
    assert remove(engine, config=config).removed == {"fetched": 1}
    assert [each.name for each in folder.iterdir()] == ["new.json.gz"]


def replace_keep(config: Config, **keys: int) -> Config:
    return config.model_copy(update={"keep": KeepConfig(**keys)}).located_in(config.base)


def test_messages_that_came_back_are_removed_when_they_are_old_and_not_before_somebody_has_looked(
    engine: Engine,
) -> None:
    ann = add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True)).id
    came = [("other", 91, None), ("other", 89, None), ("unclear", 900, None), ("soft", 399, ann), ("soft", 401, ann)]
    with writing(engine) as connection:
        for kind, days, owner in came:
            row_id = returned.add(connection, f"{kind} {days}", ReturnedKind(kind), MONDAY - days * DAY)
            assert row_id
            returned.change(connection, row_id, {"subscriber_id": owner})
        for name, at in (("old", MONDAY - 91 * DAY), ("new", MONDAY - 89 * DAY), ("", MONDAY - 900 * DAY)):
            returned.set_inbox_state(connection, name, InboxState(at))
    assert remove(engine).removed == {"returned messages": 2}
    with reading(engine) as connection:
        left = set(connection.scalars(select(returned_messages.c.fingerprint)))
        states = [returned.inbox_state(connection, name).read_at is not None for name in ("old", "new", "")]
    assert left == {"other 89", "unclear 900", "soft 399"}
    assert states == [False, True, True]


def test_a_clock_stays_doubted_until_it_is_near_the_believed_time_again(engine: Engine) -> None:
    with writing(engine) as connection:
        assert removals.believe_clock(connection, MONDAY)
        assert not removals.believe_clock(connection, MONDAY + 365 * DAY)
        assert not removals.believe_clock(connection, MONDAY + 365 * DAY)
        assert removals.believe_clock(connection, MONDAY)
        assert removals.doubt(connection) == ""


def test_the_log_of_administrators_is_kept_for_as_long_as_the_config_says(engine: Engine) -> None:
    with writing(engine) as connection:
        for days in (800, 731, 729, 0):
            at, subject = MONDAY - days * DAY, f"delivery {days}"
            admin_log.add(connection, AdminEntry(at=at, actor="ann@example.org", action="hold", subject=subject))
    assert remove(engine, config=Config(keep=KeepConfig(admin_log=0))).removed == {}
    assert remove(engine).removed == {"admin log entries": 2}
    assert [each.subject for each in read_admin_log(engine, None)] == ["delivery 0", "delivery 729"]
