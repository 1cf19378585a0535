"""Upgrading older stores: subscribers keep their digests and queries, and suppressions can be taken back."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, text
from support.planned_papers import digests_of, stored_subscriber
from support.service import MONDAY, add_subscriber, ingest_page
from support.source_histories import ARXIV_WEEK, failing, fetched, instant, weekly
from support.stored_sources import config_with, store_history

from notifier.alerting import alert_changes
from notifier.config import Config
from notifier.digests.details import decode_alert_details
from notifier.models import AlertDetails
from notifier.pipeline.planning import plan
from notifier.store import outdated_queries, relays, schema, subscribers
from notifier.store.engine import connect, reading, writing
from notifier.subscribers import import_subscribers
from notifier.subscribers.reinstating import SuppressedChoice, reinstate
from notifier.subscribers.stored_queries import update_stored_queries
from notifier.subscribers.subscribing import SignUp


def upgrade(connection: Connection, version: str) -> None:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(schema.MIGRATIONS))
    settings.attributes["connection"] = connection
    command.upgrade(settings, version)


def test_a_subscriber_in_an_older_store_gets_the_next_digest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    with writing(old) as connection:
        upgrade(connection, "0003")
        connection.execute(
            text(
                "INSERT INTO subscriber (email, reader, state, cadence, hour, timezone, weekday, cursor, created_at, "
                "confirmed_at, next_due) VALUES ('ann@example.org', 'ann@example.org', 'ACTIVE', 'daily', '08:00', "
                "'UTC', 0, 0, '2026-07-01 00:00:00', '2026-07-01 00:00:00', '2026-07-06 08:00:00')"
            )
        )
        connection.execute(
            text("INSERT INTO subscription (subscriber_id, topic, label) VALUES (1, 'all', 'All papers')")
        )
    old.dispose()
    engine = schema.open_store(url)
    ann = stored_subscriber(engine, "ann@example.org")
    assert ann.active_since == ann.confirmed_at is not None
    ingest_page(engine, tmp_path, ["A Paper of Monday"])
    plan(engine, Config(), MONDAY.replace(hour=8))
    assert digests_of(engine, "ann@example.org") == [("2026-07-06", ["A Paper of Monday"])]
    engine.dispose()


def test_a_query_in_an_older_store_gets_a_readable_label_and_can_be_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    with writing(old) as connection:
        upgrade(connection, "0014")
        connection.execute(
            text(
                "INSERT INTO subscriber (email, address_key, state, cadence, hour, timezone, weekday, cursor, "
                "last_dump, created_at) VALUES ('ann@example.org', 'ann@example.org', 'PENDING', 'daily', '08:00', "
                "'UTC', 0, 0, 0, '2026-07-01 00:00:00')"
            )
        )
        connection.execute(text("INSERT INTO query (canonical, text_version) VALUES ('-survey moe', 1)"))
        connection.execute(
            text("INSERT INTO subscription (subscriber_id, query_id, label) VALUES (1, 1, 'MoE -survey')")
        )
    old.dispose()
    engine = schema.open_store(url)
    (asked,) = stored_subscriber(engine, "ann@example.org").subscriptions
    assert (asked.query, asked.label, asked.name) == ("MoE -survey", "MoE, not survey", None)
    add_subscriber(engine, SignUp("ann@example.org", ("moe -survey",), name="Sparse models"))
    (asked,) = stored_subscriber(engine, "ann@example.org").subscriptions
    assert (asked.query, asked.label, asked.name) == ("MoE -survey", "Sparse models", "Sparse models")
    engine.dispose()


def ask_by_older_rules(connection: Connection, queries: dict[str, list[tuple[str, str]]]) -> None:
    """Store the queries of subscribers, by their addresses, as typed and in the canonical form of the first version."""
    for email, asked in queries.items():
        for typed, canonical in asked:
            values = {"email": email, "typed": typed, "canonical": canonical}
            connection.execute(
                text("INSERT INTO query (canonical, text_version) VALUES (:canonical, 1) ON CONFLICT DO NOTHING"),
                values,
            )
            connection.execute(
                text(
                    "INSERT INTO subscription (subscriber_id, query_id, label) SELECT subscriber.id, query.id, :typed "
                    "FROM subscriber, query WHERE email = :email AND canonical = :canonical"
                ),
                values,
            )


def test_queries_and_tokens_of_older_text_rules_are_made_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    engine = schema.open_store(url)
    titles = ["A Study of Finetuning", "A Study of the α-Divergence", "A Study of Fine-Tuned Models"]
    ingest_page(engine, tmp_path, titles)
    for email in ("ann@example.org", "bob@example.org", "eve@example.org"):
        add_subscriber(engine, SignUp(email, topics=("quantum-computing",), confirmed=True))
    with writing(engine) as connection:
        connection.execute(text("UPDATE paper_tokens SET text_version = 1, tokenised = x'00'"))
        connection.execute(text("DELETE FROM query"))
        asked = {
            "ann@example.org": [("fine-tuning", '"fine tuning"'), ("finetuning", "finetun")],
            "bob@example.org": [("alpha-divergence", '"alpha divergence"'), ("pruning", "prune")],
            "eve@example.org": [('"Fine tuning"', '"fine tuning"'), ("a (query that is refused now", "moe")],
        }
        ask_by_older_rules(connection, asked)
    engine.dispose()
    engine = schema.open_store(url)
    plan(engine, Config(), MONDAY.replace(hour=8))
    ((_, anns),) = digests_of(engine, "ann@example.org")
    assert sorted(anns) == [titles[2], titles[0]]
    assert digests_of(engine, "bob@example.org") == [("2026-07-06", [titles[1]])]
    assert digests_of(engine, "eve@example.org") == [("2026-07-06", [titles[0]])]
    ann, bob, eve = (stored_subscriber(engine, email).subscriptions for email in asked)
    assert [each.canonical for each in ann] == [None, "finetun"]
    assert [each.canonical for each in bob] == [None, '"alpha divergence"', "prune"]
    assert [each.canonical for each in eve] == [None, '"fine tuning"', "moe"]
    with reading(engine) as connection:
        stored = connection.execute(text("SELECT canonical, text_version FROM query ORDER BY canonical")).all()
        assert stored == [('"alpha divergence"', 2), ('"fine tuning"', 2), ("finetun", 2), ("moe", 2), ("prune", 2)]
    engine.dispose()


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_the_rewriting_of_queries_may_be_stopped_and_continued(tmp_path: Path, batch: int) -> None:
    engine = schema.open_store(f"sqlite:///{tmp_path}/old.db")
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    typed = [("fine-tuning", '"fine tuning"'), ("α", "α"), ("zero-shot", '"zero shot"')]
    with writing(engine) as connection:
        ask_by_older_rules(connection, {"ann@example.org": typed})
        outdated_queries.rewrite(connection, outdated_queries.ANY_ID, batch)
    update_stored_queries(engine)
    ann = stored_subscriber(engine, "ann@example.org").subscriptions
    assert [each.canonical for each in ann] == [None, "finetun", "alpha", "zeroshot"]
    engine.dispose()


def test_a_suppression_in_an_older_store_is_kept_with_its_reply(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    with writing(old) as connection:
        upgrade(connection, "0011")
        connection.execute(
            text(
                "INSERT INTO subscriber (email, address_key, state, cadence, hour, timezone, weekday, cursor, "
                "created_at, confirmed_at) VALUES ('ann@example.org', 'ann@example.org', 'SUPPRESSED', 'daily', "
                "'08:00', 'UTC', 0, 0, '2026-07-01 00:00:00', '2026-07-01 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO delivery (subscriber_id, kind, period, recipient, message_id, subject, items, planned_at, "
                "state, attempts, uncertain, epoch, reply, settled_at) VALUES (1, 'digest', '2026-07-06', "
                "'ann@example.org', '<1@example.org>', 'papers', '', '2026-07-06 08:00:00', 'REJECTED', 1, 0, 1, "
                "'550 relay not permitted', '2026-07-06 08:00:01')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO relay (name, reason, pauses, errors, busy, recent, policy_domains, sent) "
                "VALUES ('smtp', '', 0, 0, 0, '', '[\"a.org\", \"b.org\"]', 0)"
            )
        )
    old.dispose()
    engine = schema.open_store(url)
    done = reinstate(engine, SuppressedChoice(reply="relay not permitted", since=MONDAY), MONDAY.replace(hour=9))
    assert [(each.email, each.state) for each in done.subscribers] == [("ann@example.org", "ACTIVE")]
    with reading(engine) as connection:
        assert relays.read(connection, "smtp").policy_refusals == ()
    engine.dispose()


OLD_SUBSCRIBER = text(
    "INSERT INTO subscriber (email, address_key, state, cadence, hour, timezone, weekday, cursor, last_dump, "
    "created_at) VALUES (:email, :key, :state, 'daily', '08:00', 'UTC', 0, 0, 0, '2026-07-01 00:00:00')"
)
OLD_DELIVERY = text(
    "INSERT INTO delivery (subscriber_id, kind, period, recipient, message_id, subject, items, planned_at, state, "
    "attempts, uncertain, epoch, reply) VALUES (:owner, 'digest', :period, 'x', :id, 's', '', '2026-07-01 00:00:00', "
    "'ACCEPTED', 1, 0, 1, '250 ok')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_of_0016(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Return the engine of an empty store as version 0016 has made it."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path}/old.db")
    else:
        made: Engine = request.getfixturevalue("postgres_store")
        with writing(made) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine = made
    with writing(engine) as connection:
        upgrade(connection, "0016")
    return engine


def upgraded(old: Engine) -> Engine:
    old.dispose()
    return schema.open_store(old.url.render_as_string(hide_password=False))


def test_a_domain_with_eszett_in_an_older_store_no_longer_stands_for_one_with_ss(store_of_0016: Engine) -> None:
    with writing(store_of_0016) as connection:
        for email in ("ann@straße.example", "Bob@βόλος.example", "carol@example.org"):
            connection.execute(OLD_SUBSCRIBER, {"email": email, "key": email.casefold(), "state": "PENDING"})
    engine = upgraded(store_of_0016)
    add_subscriber(engine, SignUp("ann@strasse.example", ("pruning",)))
    add_subscriber(engine, SignUp("bob@xn--nxasmm1c.example", ("pruning",)))
    assert stored_subscriber(engine, "ann@straße.example").subscriptions == ()
    assert stored_subscriber(engine, "bob@βόλος.example").id == 2
    with reading(engine) as connection:
        assert [one.email for one in subscribers.everyone(connection)] == [
            "ann@strasse.example",
            "ann@straße.example",
            "Bob@βόλος.example",
            "carol@example.org",
        ]
    engine.dispose()


def test_two_rows_of_an_older_store_that_are_one_address_are_joined(store_of_0016: Engine) -> None:
    with writing(store_of_0016) as connection:
        for email, state in (
            ("ann@xn--bcher-kva.example", "ACTIVE"),
            ("ann@bücher.example", "UNSUBSCRIBED"),
            ("bob@bücher.example", "PENDING"),
            ("bob@xn--bcher-kva.example", "ACTIVE"),
        ):
            connection.execute(OLD_SUBSCRIBER, {"email": email, "key": email.casefold(), "state": state})
        for owner, topic in ((1, "all"), (2, "all"), (2, "trending"), (3, "vision"), (4, "all")):
            added = "INSERT INTO subscription (subscriber_id, topic, label) VALUES (:owner, :topic, :topic)"
            connection.execute(text(added), {"owner": owner, "topic": topic})
        for number, (owner, period) in enumerate([(1, "2026-07-01"), (2, "2026-07-01"), (1, "2026-07-02")]):
            connection.execute(OLD_DELIVERY, {"owner": owner, "period": period, "id": f"<{number}@example.org>"})
        added = "INSERT INTO suppression (subscriber_id, at, reply, delivery_id, state_before) "
        connection.execute(text(added + "VALUES (1, '2026-07-01 00:00:00', '550', 1, 'ACTIVE')"))
    engine = upgraded(store_of_0016)
    ann, bob = stored_subscriber(engine, "ann@bücher.example"), stored_subscriber(engine, "bob@bücher.example")
    assert (ann.id, ann.state, {each.topic for each in ann.subscriptions}) == (2, "UNSUBSCRIBED", {"all", "trending"})
    assert (bob.id, bob.state, {each.topic for each in bob.subscriptions}) == (4, "ACTIVE", {"vision", "all"})
    with reading(engine) as connection:
        kept = connection.execute(text("SELECT subscriber_id, period FROM delivery ORDER BY period")).all()
        assert kept == [(2, "2026-07-01"), (2, "2026-07-02")]
        assert connection.execute(text("SELECT subscriber_id, delivery_id FROM suppression")).all() == [(2, None)]
        assert len(subscribers.everyone(connection)) == 2
    engine.dispose()


def test_an_address_that_an_older_version_erased_is_still_refused_by_an_import(
    store_of_0016: Engine, tmp_path: Path
) -> None:
    with writing(store_of_0016) as connection:
        fingerprint = sha256(b"ann@strasse.example").hexdigest()  # of ann@straße.example or of ann@strasse.example
        erased = "INSERT INTO erased (fingerprint, at) VALUES (:fingerprint, '2026-07-01 00:00:00')"
        connection.execute(text(erased), {"fingerprint": fingerprint})
    engine = upgraded(store_of_0016)
    file = tmp_path / "subscribers.csv"
    file.write_text("email\nann@straße.example\nann@strasse.example\nann@straßen.example\n", encoding="utf-8")
    report = import_subscribers(engine, Config(), file, MONDAY)
    assert (report.rows, [each.line for each in report.refused]) == (1, [2, 3])
    engine.dispose()


def test_a_trouble_that_an_older_version_told_is_not_told_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    history = failing(weekly(ARXIV_WEEK, 22), instant(25), instant(22), 9, "HTTP 403")
    with writing(old) as connection:
        upgrade(connection, "0024")
        told = "INSERT INTO source (name, failures, problem, alerted, trouble_since, last_tried_at) VALUES"
        connection.execute(
            text(f"{told} ('arxiv', 9, 'HTTP 403', 'broken', '2026-11-24', '2026-11-27 20:00:00.000000')")
        )
    old.dispose()
    engine = schema.open_store(url)
    store_history(engine, history)
    assert alert_changes(engine, config_with("arxiv"), instant(25)) == []
    store_history(engine, fetched(weekly(ARXIV_WEEK, 26), instant(25)))
    (change,) = alert_changes(engine, config_with("arxiv"), instant(25))
    assert change.text == "source arxiv: it is well again after 3 days; 900 papers came"
    engine.dispose()


def test_an_alert_that_an_older_version_has_queued_can_be_read() -> None:
    details = decode_alert_details('{"source": "arxiv", "what": "it is well again", "cure": "", "is_well": true}')
    assert details == AlertDetails("arxiv", "it is well again", is_well=True)


def test_words_that_are_too_long_for_an_index_leave_an_older_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    engine = schema.open_store(url)
    with writing(engine) as connection:
        for word in ("a" * 2_046, "a" * 2_047, "é" * 1_024):
            connection.execute(text("INSERT INTO search_word (word, stem) VALUES (:word, :word)"), {"word": word})
        connection.execute(text("UPDATE alembic_version SET version_num = '0036'"))
    engine.dispose()
    engine = schema.open_store(url)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT word FROM search_word")).scalars().all() == ["a" * 2_046]
    engine.dispose()
